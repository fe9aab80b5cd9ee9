"""`doorstep restore`: puts a backup into an empty home, and makes the two databases, copied one after the other, go together."""

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from cli.backup import our_file
from cli.command import FINE
from cli.errors import InputError
from cli.manifest import OURS, Manifest, read_manifest, temporal_version
from cli.site import Site
from cli.temporal_server import DATABASE
from domain.instant import iso
from settings import Settings
from store.database import Database
from store.migrate import migrated
from store.rewinding import Known, Rewound, rewind
from workflows.contract import delivery_workflow_id

STAGE = "restoring"
"""The folder within the home in which everything is made ready."""

RUNS = (1, 2)
"""States of Temporal's own table: created, running. 3 is ended."""

NAMESPACE = "default"


async def restore(settings: Settings, folder: Path) -> int:
    """Raises SettingsError, InputError, StartError, StoreError; the home is empty then."""
    ours = our_file(settings)
    _refuse_what_is_there(settings, ours)
    manifest = read_manifest(folder)
    stage = settings.home / STAGE
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    stage.mkdir(mode=0o700)
    try:
        _lay_out(folder, manifest, stage)
        rewound = await _rewound(stage, manifest)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    _move(stage, settings.home, ours)
    print(told(manifest, rewound))
    if (here := temporal_version()) != manifest.temporal:
        print(f"Made with {manifest.temporal}; here is {here}. An older one may not read it.", file=sys.stderr)
    return FINE


def _refuse_what_is_there(settings: Settings, ours: Path) -> None:
    Site(settings, lambda news: None).refuse_taken_ports()
    if settings.home.exists() and any(settings.home.iterdir()):
        raise InputError(f"DOORSTEP_HOME, {settings.home}, is not empty; name another one, or move what is there elsewhere")
    if ours.exists():
        raise InputError(
            f"{ours}: our database is there already; name another one by DOORSTEP_DATABASE_URL, or move it elsewhere"
        )


def _lay_out(folder: Path, manifest: Manifest, stage: Path) -> None:
    for name in manifest.files:
        shutil.copyfile(folder / name, stage / name)
        (stage / name).chmod(0o600)


async def _rewound(stage: Path, manifest: Manifest) -> Rewound:
    known = known_to(stage / DATABASE)
    async with Database(f"sqlite:///{stage / OURS}") as database:
        await migrated(database)
        return await rewind(database, known, manifest.temporal_from)


def known_to(file: Path) -> Known:
    """The deliveries that a database of the embedded server knows. Raises InputError."""
    prefix = delivery_workflow_id("")
    query = """SELECT workflow_id, state FROM current_executions WHERE substr(workflow_id, 1, ?) = ?
        AND namespace_id = (SELECT id FROM namespaces WHERE name = ?)"""
    try:
        with closing(sqlite3.connect(file)) as opened:
            rows = opened.execute(query, (len(prefix), prefix, NAMESPACE)).fetchall()
    except sqlite3.Error as error:
        raise InputError(f"{file}: not a database of the Temporal server that this Doorstep runs: {error}") from None
    running = frozenset(id.removeprefix(prefix) for id, state in rows if state in RUNS)
    return Known(running, frozenset(id.removeprefix(prefix) for id, _ in rows) - running)


def _move(stage: Path, home: Path, ours: Path) -> None:
    """Our database may belong elsewhere. Temporal's comes last."""
    ours.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(stage / OURS, ours)
    for file in sorted(stage.iterdir(), key=lambda file: file.name == DATABASE):
        file.rename(home / file.name)
    stage.rmdir()


def told(manifest: Manifest, rewound: Rewound) -> str:
    """What was restored, and what happens at the next start."""
    began = f"begin again by themselves: {', '.join(rewound.begin_again)}" if rewound.begin_again else ""
    again = f"ended after Temporal was copied and run again: {', '.join(rewound.run_again)}" if rewound.run_again else ""
    lines = (
        f"Restored as of {iso(manifest.temporal_from)}. `doorstep up` goes on from there.",
        f"Handed on again from the inbox: {rewound.entries}" if rewound.entries else "",
        f"Deliveries that Temporal's copy does not know {began}" if began else "",
        f"Deliveries that {again}; what ended them has to be told again" if again else "",
        "What was told straight to Temporal since then is not in it: let order systems and carriers send it again.",
    )
    return "\n".join(line for line in lines if line)
