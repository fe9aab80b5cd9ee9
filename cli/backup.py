"""`doorstep backup`: what `doorstep up` keeps, copied while everything runs. Temporal's database first, ours after it.

The ledger must never be older than Temporal, else what was done in between would be done again.
"""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cli import links, manifest, temporal_server
from cli.command import FINE
from cli.errors import InputError
from cli.manifest import FORMAT, OURS, Manifest
from domain.instant import Instant
from settings import Settings, SettingsError
from store.sqlite import copy_while_used
from store.urls import async_url
from workflows.clock import wall_clock

BESIDE = (*links.KEPT.values(), temporal_server.NOTED)
"""Small files of the home without which links that were sent, or the UI's addresses, would be void."""

POSTGRESQL = """\
`doorstep backup` copies what `doorstep up` keeps in files; this database is PostgreSQL. Copy Temporal's databases first, then ours:
  pg_dump --format=custom --file=doorstep.dump DATABASE
  pg_restore --clean --if-exists --exit-on-error --dbname=DATABASE doorstep.dump
docs/operations.md, Backup, has the whole order."""


@dataclass(frozen=True, slots=True)
class Copied:
    """From when to when a file was copied, in milliseconds."""

    began: Instant
    ended: Instant


def back_up(settings: Settings, folder: Path) -> int:
    """Makes the folder; under another name until it is whole. Raises SettingsError, InputError, StoreError."""
    ours, temporal = our_file(settings), settings.home / temporal_server.DATABASE
    for file in (temporal, ours):
        if not file.is_file():
            raise InputError(f"{file}: there is nothing to copy; is DOORSTEP_HOME ({settings.home}) that of `doorstep up`?")
    if folder.exists():
        raise InputError(f"{folder}: is there already; give a folder that does not exist yet")
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.unfinished-", dir=folder.absolute().parent))  # of mode 0700
    try:
        made = _filled(unfinished, temporal, ours, settings.home)
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder}: {len(made.files)} files, {size / 1_000_000:.1f} MB, schema {made.schema}; holds personal data")
    return FINE


def our_file(settings: Settings) -> Path:
    """Our SQLite file. Raises SettingsError, with what to do instead, for PostgreSQL."""
    url = async_url(settings.database_url)
    if not url.drivername.startswith("sqlite"):
        raise SettingsError(POSTGRESQL)
    return Path(str(url.database)).absolute()


def _filled(folder: Path, temporal: Path, ours: Path, home: Path) -> Manifest:
    first = _copied(temporal, folder / temporal_server.DATABASE)
    then = _copied(ours, folder / OURS)
    for name in BESIDE:
        if (home / name).is_file():
            shutil.copyfile(home / name, folder / name)
    for file in folder.iterdir():
        _keep(file)
    files = {file.name: manifest.digest(file) for file in sorted(folder.iterdir())}
    times = (first.began, first.ended, then.began, then.ended)
    schema = _schema(folder / OURS)
    made = Manifest(FORMAT, manifest.our_version(), manifest.temporal_version(), schema, *times, files)
    made.write(folder)
    _keep(folder / manifest.FILE)
    return made


def _copied(file: Path, copy: Path) -> Copied:
    began = wall_clock()
    try:
        copy_while_used(file, copy)
    except sqlite3.Error as error:
        raise InputError(f"{file}: cannot be copied: {error}") from None
    return Copied(began, wall_clock())


def _schema(file: Path) -> str:
    """Read from the copy as it is: opening it in the ordinary way could change the file."""
    with closing(sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)) as opened:
        (revision,) = opened.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(revision)


def _keep(file: Path) -> None:
    """Only its owner may read it, and it outlives a power cut."""
    file.chmod(0o600)
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
