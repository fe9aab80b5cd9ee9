"""What `doorstep backup` and `doorstep restore` refuse, and that a refusal changes nothing."""

import json
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cli.backup import back_up
from cli.errors import InputError
from cli.manifest import FILE
from cli.restore import restore
from cli.supervisor import StartError
from settings import Settings, SettingsError, read_settings
from store.migrate import migrate
from tests.ports import free_port

TEMPORALS = """
    CREATE TABLE namespaces (id BLOB, name TEXT);
    INSERT INTO namespaces VALUES (x'01', 'default');
    CREATE TABLE current_executions (namespace_id BLOB, workflow_id TEXT, state INT);
"""
"""What is read of the embedded server's database."""


def settings_in(home: Path, **more: str) -> Settings:
    ports = {"DOORSTEP_TEMPORAL_PORT": str(free_port(also=1000)), "DOORSTEP_TEMPORAL_HTTP_PORT": str(free_port())}
    return read_settings({"DOORSTEP_HOME": str(home), **ports, "DOORSTEP_PORT": str(free_port()), **more}, home / "none.toml")


async def a_home(home: Path) -> Settings:
    """A home as `doorstep up` leaves it."""
    settings = settings_in(home)
    await migrate(settings.database_url)
    with closing(sqlite3.connect(home / "temporal.db")) as temporal:
        temporal.executescript(TEMPORALS)
    (home / "secret-key").write_text("a-secret")
    return settings


def modes_in(folder: Path) -> dict[str, int]:
    """The modes of what is in a folder, and under no name its own."""
    inside = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    return {"": folder.stat().st_mode & 0o777, **inside}


@pytest.fixture
async def kept(tmp_path: Path) -> Path:
    """A backup."""
    assert back_up(await a_home(tmp_path / "home"), tmp_path / "kept") == 0
    return tmp_path / "kept"


async def test_a_restored_home_has_what_was_kept_and_only_its_owner_reads_it(kept: Path, tmp_path: Path) -> None:
    home = tmp_path / "other"

    assert await restore(settings_in(home), kept) == 0

    names = {"temporal.db", "doorstep.db", "secret-key"}
    assert modes_in(home) == {"": 0o700} | dict.fromkeys(names, 0o600)
    assert modes_in(kept) == {"": 0o700} | dict.fromkeys(names | {FILE}, 0o600)
    assert (home / "secret-key").read_text() == "a-secret"


def other_bytes(kept: Path) -> None:
    with (kept / "doorstep.db").open("ab") as opened:
        opened.write(b"x")


def missing_file(kept: Path) -> None:
    (kept / "temporal.db").unlink()


def told(**changes: object) -> Callable[[Path], None]:
    def change(kept: Path) -> None:
        (kept / FILE).write_text(json.dumps(json.loads((kept / FILE).read_text()) | changes))

    return change


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(other_bytes, r"doorstep\.db: is not as it was", id="a checksum differs"),
        pytest.param(missing_file, r"temporal\.db: is missing", id="a file is missing"),
        pytest.param(told(schema="v9999"), "schema v9999, which is newer than this program", id="the schema is newer"),
        pytest.param(told(format=2), "a backup of format 2; this program knows 1", id="the format is newer"),
        pytest.param(told(files={"../x": "y"}), "is missing from the backup", id="a file outside of the backup"),
        pytest.param(told(more=1), "cannot be read", id="a manifest with something unknown"),
        pytest.param(lambda kept: (kept / FILE).unlink(), "no backup, there is no manifest", id="no manifest"),
    ],
)
async def test_a_backup_that_is_not_whole_is_refused(
    kept: Path, tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(kept)

    with pytest.raises(InputError, match=said):
        await restore(settings_in(tmp_path / "other"), kept)

    assert not (tmp_path / "other").exists()


async def test_a_home_that_is_not_empty_is_refused(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not empty; name another one"):
        await restore(settings_in(tmp_path / "home"), kept)


async def test_a_home_where_something_runs_is_refused(kept: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        with pytest.raises(StartError, match="is Doorstep running already"):
            await restore(settings_in(tmp_path / "other", DOORSTEP_PORT=port), kept)


async def test_a_folder_that_is_there_is_not_written_over(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is there already"):
        back_up(settings_in(tmp_path / "home"), kept)


async def test_a_backup_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    settings = await a_home(tmp_path / "home")
    (tmp_path / "home" / "temporal.db").write_bytes(b"no database at all" * 100)

    with pytest.raises(InputError, match=r"temporal\.db: cannot be copied: file is not a database"):
        back_up(settings, tmp_path / "kept")

    assert set(modes_in(tmp_path)) == {"", "home"}


def test_a_home_without_anything_is_said_to_be_the_wrong_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is nothing to copy; is DOORSTEP_HOME"):
        back_up(settings_in(tmp_path), tmp_path / "kept")


async def test_postgresql_is_told_how_it_is_backed_up(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, DOORSTEP_DATABASE_URL="postgresql://user:pass@db.example.test/doorstep")

    with pytest.raises(SettingsError, match="pg_dump --format=custom"):
        back_up(settings, tmp_path / "kept")
    with pytest.raises(SettingsError, match="pg_restore --clean"):
        await restore(settings, tmp_path / "kept")
