"""Feeds: when each was heard of last, how often it should be, and which deliveries wait for it to come back."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, func, select, update

from domain.guards import FeedState
from domain.instant import Instant, Span
from store.database import Database
from store.tables import feeds, parked


class Feeds:
    """The tables feeds and parked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def states(self, names: Collection[str]) -> Mapping[str, FeedState]:
        """Those of the feeds that are known."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(feeds).where(feeds.c.source.in_(names)))).all()
        return {row.source: FeedState(row.last_seen, row.cadence_ms) for row in rows}

    async def seen(self, source: str, *, at: Instant) -> bool:
        """Something came in; an older report than the last one changes nothing. True if the workflow of the feed has to hear of it:
        it took the feed for silent, or nothing was ever heard of it."""
        row = self._database.insert(feeds).values(source=source, last_seen=at)
        newer = func.coalesce(feeds.c.last_seen, 0) < at
        heard = {"last_seen": at, "silent_since": None}
        async with self._database.writing() as connection:
            known = (await connection.execute(select(feeds).where(feeds.c.source == source).with_for_update())).one_or_none()
            await connection.execute(row.on_conflict_do_update(index_elements=["source"], set_=heard, where=newer))
        return known is None or known.last_seen is None or known.silent_since is not None

    async def is_silent(self, source: str, cadence: Span, *, at: Instant) -> FeedState | None:
        """Marks a feed as silent if it is; its state then, else None."""
        overdue = (feeds.c.source == source) & (feeds.c.last_seen < at - cadence)
        marked = update(feeds).where(overdue).values(silent_since=func.coalesce(feeds.c.silent_since, at))
        async with self._database.writing() as connection:
            found = (await connection.execute(marked.returning(feeds.c.last_seen))).scalar_one_or_none()
        return None if found is None else FeedState(found, cadence)

    async def expect(self, source: str, cadence: Span | None) -> None:
        """How often the feed should report, in milliseconds; None: it is never called silent."""
        row = self._database.insert(feeds).values(source=source, cadence_ms=cadence)
        await self._write(row.on_conflict_do_update(index_elements=["source"], set_={"cadence_ms": cadence}))

    async def park(self, sources: Collection[str], delivery_id: str, *, now: Instant) -> None:
        """Notes that a delivery waits for silent feeds; once each."""
        rows = [{"source": source, "delivery_id": delivery_id, "since": now} for source in sorted(sources)]
        await self._write(self._database.insert(parked).values(rows).on_conflict_do_nothing())

    async def waiting_for(self, source: str, after: str = "", limit: int = 100) -> tuple[str, ...]:
        """A page of the deliveries that wait for a feed, by id."""
        this = select(parked.c.delivery_id).where(parked.c.source == source, parked.c.delivery_id > after)
        async with self._database.reading() as connection:
            return tuple((await connection.execute(this.order_by(parked.c.delivery_id).limit(limit))).scalars())

    async def release(self, source: str, delivery_ids: Collection[str]) -> None:
        """The deliveries wait no more."""
        await self._write(delete(parked).where(parked.c.source == source, parked.c.delivery_id.in_(delivery_ids)))

    async def _write(self, statement: "object") -> None:
        def work(connection: Connection) -> None:
            connection.execute(statement)  # type: ignore[call-overload]

        await self._database.together(work)
