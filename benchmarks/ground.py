"""What benchmarks stand on: the embedded server on a file as `doorstep up` runs it, and a store with the shipped rulebook."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client, Interceptor
from temporalio.testing import WorkflowEnvironment

from benchmarks.books import shipped
from cli.publishing import publish
from cli.temporal_server import PRAGMAS, READS_ONCE, temporal_binary
from rules.book import Rulebook
from rules.check import Check
from settings import Settings, read_settings
from store.database import Database
from store.migrate import migrate
from workflows.attributes import SEARCH_ATTRIBUTES
from workflows.payloads import DATA_CONVERTER


@dataclass(frozen=True, slots=True)
class Ground:
    """A client of the server, its address, and settings that point at the store."""

    client: Client
    address: str
    settings: Settings


@asynccontextmanager
async def ground(interceptors: Sequence[Interceptor] = (), books: Sequence[Rulebook] = ()) -> AsyncIterator[Ground]:
    """All in a folder that is gone afterwards, with some more rulebooks. Settings of the environment do not count."""
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-", ignore_cleanup_errors=True) as folder:
        settings = read_settings({"DOORSTEP_HOME": folder}, Path(folder) / "none.toml")
        async with _server(Path(folder), interceptors) as server:
            await migrate(settings.database_url)
            await _publish(settings, (shipped(), *books))
            yield Ground(server.client, server.client.service_client.config.target_host, settings)


@asynccontextmanager
async def _server(folder: Path, interceptors: Sequence[Interceptor]) -> AsyncIterator[WorkflowEnvironment]:
    pragmas = [argument for pragma in PRAGMAS for argument in ("--sqlite-pragma", pragma)]
    async with await WorkflowEnvironment.start_local(
        data_converter=DATA_CONVERTER,
        interceptors=interceptors,
        dev_server_existing_path=temporal_binary(),
        dev_server_database_filename=str(folder / "temporal.db"),
        dev_server_log_level="error",
        search_attributes=list(SEARCH_ATTRIBUTES),
        dev_server_extra_args=[*pragmas, *READS_ONCE],
    ) as server:
        yield server


async def _publish(settings: Settings, books: tuple[Rulebook, ...]) -> None:
    database = Database(settings.database_url)
    try:
        await publish(Check(books, ()), database)
    finally:
        await database.close()
