"""A PostgreSQL server that can be killed: made by pgserver, then run as a program of its own."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import asyncpg  # type: ignore[import-untyped]

from cli.supervisor import Program, Running
from tests.ports import free_port

CALM = ("fsync=off", "full_page_writes=off", "unix_socket_directories=", "max_connections=60")
"""What is killed is the server, not the machine: what it wrote is in the kernel's hands. Commits are waited for as always."""


@asynccontextmanager
async def a_postgres(logs: Path, tell: Callable[[str], None]) -> AsyncIterator[tuple[Running, int]]:
    """The running server and its port, with an empty database `doorstep`."""
    with tempfile.TemporaryDirectory(prefix="chaos-postgres-", ignore_cleanup_errors=True) as place:
        data = Path(place) / "data"
        user = await asyncio.to_thread(_made, data)
        port = free_port()
        command = _command(data, port, user)
        running = Running(Program("database", command, logs / "database.log", port=port), tell)
        await running.start(60)
        try:
            await _with_database(port)
            yield running, port
        finally:
            await running.stop()


def _made(data: Path) -> str | None:
    """Makes the files of a server; the user of this machine as whom it has to run, if not as us."""
    with tempfile.TemporaryDirectory(prefix="runtime-") as runtime, patch.dict(os.environ, XDG_RUNTIME_DIR=runtime):
        import pgserver

        server = pgserver.get_server(  # type: ignore[attr-defined]
            data, cleanup_mode="stop"
        )
        server.cleanup()
    return str(server.system_user) if server.system_user else None


def _command(data: Path, port: int, user: str | None) -> Sequence[str]:
    import pgserver

    binary = Path(pgserver.__file__).parent / "pginstall" / "bin" / "postgres"
    command = [str(binary), "-D", str(data), "-p", str(port), "-h", "127.0.0.1"]
    command += [part for setting in CALM for part in ("-c", setting)]
    if user is None:
        return command
    # It refuses to run as root; setpriv puts itself out of the way, so that what we kill is the server.
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig", "TERM", "--"]
    return [*become, *command]


async def _with_database(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                connection = await asyncpg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres")
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)
            else:
                break
    await connection.execute("CREATE DATABASE doorstep")
    await connection.close()
