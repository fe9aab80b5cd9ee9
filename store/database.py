"""The database that everything in the store is handed: connections for reading and for writing."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Self, TypeAlias, TypeVar

from asyncpg import PostgresError  # type: ignore[import-untyped]
from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from store.errors import DatabaseUnreachableError
from store.sqlite import begin, prepare, prepare_for_copies
from store.urls import async_url, place

CONNECT_TIMEOUT_S = 5

Insert = sqlite.Insert | postgresql.Insert
Result = TypeVar("Result")
Work: TypeAlias = Callable[[Connection], Result]
Waiting: TypeAlias = tuple[Work[Any], "asyncio.Future[Any]"]

LARGEST_BATCH = 50
"""Writes that share a transaction at the most, so that none waits long for its commit."""


class Database:
    """One database, SQLite or PostgreSQL, by a plain URL. Nothing is connected before the first use; `async with` closes it."""

    def __init__(self, url: str) -> None:
        self.url = async_url(url)
        self.engine = _engine(self.url)
        # SQLite has one writer at a time; within a process they queue here, in order, and not by trying again and again.
        self._thread = ThreadPoolExecutor(1, "doorstep-writes") if self.is_sqlite else None
        self._plain = _plain_engine(self.url)
        self._for_copies: Connection | None = None
        self._waiting: list[Waiting] = []
        self._committer: asyncio.Task[None] | None = None
        self._turn: AbstractAsyncContextManager[Any] = asyncio.Lock() if self.is_sqlite else nullcontext()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def place(self) -> str:
        """Where it is, without user and password."""
        return place(self.url)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for queries. Raises DatabaseUnreachableError."""
        async with self._connection(self.engine) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at the end, rolled back on an exception. Not to be nested. Raises DatabaseUnreachableError."""
        async with self._turn, self._connection(self.engine.execution_options(writes=True)) as connection:
            yield connection

    async def together(self, work: "Work[Result]") -> Result:
        """Writes copies in one transaction with others that wait for their turn: under load one commit serves many.

        The work must do no harm when it is done again: if one of a transaction fails, each is done once more, on its own.
        """
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, answer))
        if self._committer is None or self._committer.done():
            self._committer = asyncio.create_task(self._commit_waiting())
        return await answer

    async def _commit_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            await self._commit(batch)

    async def _commit(self, batch: "list[Waiting]") -> None:
        try:
            results = await self._done_in_one([work for work, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                _answer(batch[0][1], error)
                return
            for one in batch:
                await self._commit([one])
            return
        for (_, answer), result in zip(batch, results, strict=True):
            _answer(answer, result)

    async def _done_in_one(self, works: "list[Work[Any]]") -> list[Any]:
        """On SQLite in a thread at one go: through the asynchronous driver each statement would cross threads several times."""
        if self._thread is None:
            async with self.writing() as connection:
                return await connection.run_sync(lambda plain: [work(plain) for work in works])
        async with self._turn:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._done_in_thread, works)

    def _done_in_thread(self, works: "list[Work[Any]]") -> list[Any]:
        try:
            connection = self._connection_for_copies()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            results = [work(connection) for work in works]
            connection.commit()
            return results
        except BaseException as error:
            self._give_back()
            if isinstance(error, DBAPIError) and _is_outage(error):
                raise self.unreachable(error) from error
            raise

    def _connection_for_copies(self) -> Connection:
        """The thread's own, kept while all goes well: to take it out of the pool and put it back costs as much as a statement."""
        if self._for_copies is None:
            self._for_copies = self._plain.connect()
        return self._for_copies

    def _give_back(self) -> None:
        """With what was not committed, which is undone."""
        if self._for_copies is not None:
            kept, self._for_copies = self._for_copies, None
            kept.close()

    def insert(self, table: Table) -> Insert:
        """An INSERT of this database's dialect, which knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    async def take_turns(self, connection: AsyncConnection, about: str) -> None:
        """Until a writing transaction ends no other one is under way that takes turns about the same: for what is looked up before
        it is written, where there is no row yet to lock. SQLite has one writer at a time as it is."""
        if not self.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:about, 0))"), {"about": about})

    async def ping(self) -> None:
        """Raises DatabaseUnreachableError unless the database answers."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()
        if self._thread is not None:
            self._thread.shutdown()
            self._give_back()
            self._plain.dispose()

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        connection = await self._connected(engine)
        try:
            async with connection.begin():
                yield connection
        except DBAPIError as error:
            if _is_outage(error):
                raise self.unreachable(error) from error
            raise
        finally:
            await asyncio.shield(connection.close())

    async def _connected(self, engine: AsyncEngine) -> AsyncConnection:
        try:
            return await engine.connect()
        except (OSError, TimeoutError, SQLAlchemyError, PostgresError) as error:
            raise self.unreachable(error) from error

    def unreachable(self, error: Exception) -> DatabaseUnreachableError:
        """The error to raise for a driver's error: says where, never with whose password."""
        cause = str(getattr(error, "orig", None) or error) or type(error).__name__
        return DatabaseUnreachableError(
            f"the database at {self.place} does not answer ({cause}); is DOORSTEP_DATABASE_URL right?"
        )


def _answer(waiting: "asyncio.Future[Any]", answer: Any) -> None:
    """Nobody may be waiting any more."""
    if waiting.done():
        return
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)


def json_text(value: Any) -> str:
    """JSON as databases take it: NaN and the infinities, which Python reads and PostgreSQL refuses, become null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(json.loads(json.dumps(value), parse_constant=lambda _: None))


def _engine(url: URL) -> AsyncEngine:
    if url.drivername.startswith("sqlite"):
        engine = create_async_engine(url, json_serializer=json_text, hide_parameters=True)
        event.listen(engine.sync_engine, "connect", prepare)
        event.listen(engine.sync_engine, "begin", begin)
        return engine
    return create_async_engine(
        url,
        json_serializer=json_text,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"timeout": CONNECT_TIMEOUT_S},
    )


def _plain_engine(url: URL) -> Engine:
    """Without asyncio; it connects when it is used, which is on SQLite only. Nothing listens to its transactions: with a single
    listener SQLAlchemy looks for others at every step of every statement, which is a third of what a copy costs."""
    engine = create_engine(
        url.set(drivername="sqlite") if url.drivername.startswith("sqlite") else "sqlite://",
        json_serializer=json_text,
        hide_parameters=True,
    )
    event.listen(engine, "connect", prepare_for_copies)
    return engine


def _is_outage(error: DBAPIError) -> bool:
    return error.connection_invalidated or "database is locked" in str(error.orig)
