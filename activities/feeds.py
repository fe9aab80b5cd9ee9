"""What a feed's workflow does outside: looks when the feed was heard of, declares that it is silent, and calls who waited for it."""

from collections.abc import Collection, Mapping
from typing import Protocol

from temporalio import activity

from activities.effects import Clock
from activities.summons import PAGE, Caller, call
from domain.disruption import Notice
from domain.feed import Expected, FeedLook
from domain.guards import FeedState
from domain.instant import Instant, Span, iso

SCOPE, KIND = "feed", "silent"
"""The disruption of a silent feed."""


class Feeds(Protocol):
    """What watching feeds needs of the store."""

    async def states(self, names: Collection[str]) -> Mapping[str, FeedState]: ...

    async def is_silent(self, source: str, cadence: Span, *, at: Instant) -> FeedState | None:
        """Marks a feed as silent if it is; its state then, else None."""
        ...

    async def waiting_for(self, source: str, after: str = "", limit: int = 100) -> tuple[str, ...]:
        """A page of the deliveries that wait for a feed, by id."""
        ...

    async def release(self, source: str, delivery_ids: Collection[str]) -> None: ...


class Disruptions(Protocol):
    """Opens and closes disruptions."""

    async def declare(self, notice: Notice) -> Notice | None: ...

    async def close(self, scope: str, key: str, kind: str | None, *, now: Instant) -> tuple[Notice, ...]: ...


class Herald(Protocol):
    """Who tells the workflow of a place what has opened and ended there."""

    async def tell(self, place: str) -> None: ...


class Feeding:
    """The activities of the Feed workflow. Done again, each does no harm."""

    def __init__(self, feeds: Feeds, disruptions: Disruptions, herald: Herald, caller: Caller, clock: Clock) -> None:
        self._feeds, self._disruptions, self._herald = feeds, disruptions, herald
        self._caller, self._clock = caller, clock

    @activity.defn(name="look_at_feed")
    async def look(self, expected: Expected) -> FeedLook:
        """Declares the disruption of a feed that is silent for longer than its cadence."""
        now = self._clock()
        silent = await self._feeds.is_silent(expected.source, expected.cadence, at=now)
        if silent is None:
            known = (await self._feeds.states([expected.source])).get(expected.source, FeedState())
            return FeedLook(known.last_seen, False)
        note = f"Last heard of at {iso(silent.last_seen)}; it should report every {expected.cadence // 60_000} minutes."
        await self._disruptions.declare(Notice(SCOPE, expected.source, f"feed {expected.source}", now, KIND, note=note))
        await self._herald.tell(f"{SCOPE}:{expected.source}")
        return FeedLook(silent.last_seen, True)

    @activity.defn(name="feed_is_back")
    async def back(self, source: str) -> int:
        """Ends its disruption, and calls the deliveries that waited for it; how many."""
        await self._disruptions.close(SCOPE, source, KIND, now=self._clock())
        await self._herald.tell(f"{SCOPE}:{source}")
        count = 0
        while page := await self._feeds.waiting_for(source, limit=PAGE):
            count += await call(self._caller, page)
            await self._feeds.release(source, page)
            activity.heartbeat(count)
        return count
