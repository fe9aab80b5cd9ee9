"""Hands on what is in the inbox: to each delivery in order, once, and again after Temporal or this process was away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from logging import getLogger
from typing import Any, Protocol

from domain.arrival import START
from domain.instant import SECOND, Instant, Span
from intake.tracing import in_trace
from store.errors import StoreError
from store.inbox import Entry, Inbox
from workflows.client import RefusedError, UnreachableError

LOG = getLogger(__name__)

CLAIM_LASTS: Span = 30 * SECOND
"""Longer than a delivery is waited for."""

WAITS_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between tries while Temporal or the database is away."""

LOOKS_S = 60.0
"""Seconds after which what another gateway has left behind is looked for."""

AT_ONCE = 100
"""Deliveries that are handed on to side by side."""

ENDED = "the delivery has ended; it is kept beside it"


class Deliveries(Protocol):
    """Takes orders, updates and reports."""

    async def start(self, order: Mapping[str, Any]) -> dict[str, Any]: ...

    async def ask(
        self, delivery_id: str, update: str, request: Mapping[str, Any], update_id: str | None = None
    ) -> dict[str, Any]: ...

    async def report(self, delivery_id: str, events: Sequence[Mapping[str, Any]]) -> None: ...


class AfterClose(Protocol):
    """Keeps what comes when a delivery has ended."""

    async def append_after_close(self, delivery_id: str, told: Iterable[Mapping[str, Any]], *, now: Instant) -> int: ...


class HandingOn:
    """One runs in every gateway; several of them do not get into each other's way."""

    def __init__(
        self, inbox: Inbox, deliveries: Callable[[], Awaitable[Deliveries]], ended: AfterClose, clock: Callable[[], Instant]
    ) -> None:
        self._inbox = inbox
        self._deliveries = deliveries
        self._ended = ended
        self._clock = clock
        self._call = asyncio.Event()

    async def of(self, delivery_id: str) -> bool:
        """Hands on all that waits for one delivery; False if something has to wait. Raises UnreachableError, StoreError."""
        while entries := await self._inbox.next_of(delivery_id):
            if not await self._one(entries[0]):
                return False
        return True

    def soon(self) -> None:
        """Something is in the inbox."""
        self._call.set()

    async def run(self) -> None:
        """Hands on whatever waits, for ever."""
        failures = 0
        while True:
            self._call.clear()
            looks_s = LOOKS_S
            try:
                if not await self.all():
                    looks_s = CLAIM_LASTS / SECOND  # whoever had it in hand may have died
                failures = 0
            except (UnreachableError, StoreError):
                failures += 1
            except Exception as error:  # nobody waits for this, and who is behind what cannot be handed on would wait for ever
                LOG.warning("what is in the inbox cannot be handed on (%s); tried again", type(error).__name__)
                failures += 1
            await self._called_within(WAITS_S[min(failures, len(WAITS_S)) - 1] if failures else looks_s, bool(failures))

    async def all(self) -> bool:
        """Hands on all that waits, side by side: a delivery that does not answer holds up no other. False if another gateway has the
        rest in hand. Raises UnreachableError, StoreError."""
        under_way: list[asyncio.Task[bool]] = []
        room = asyncio.Semaphore(AT_ONCE)
        try:
            async for entry in self._heads():
                await room.acquire()
                under_way.append(asyncio.create_task(self._from(entry)))
                under_way[-1].add_done_callback(lambda _: room.release())
        except asyncio.CancelledError:
            for one in under_way:
                one.cancel()
            raise
        finally:
            came = await asyncio.gather(*under_way, return_exceptions=True)
        for result in came:
            if isinstance(result, BaseException):
                raise result
        return all(came)

    async def _heads(self) -> AsyncIterator[Entry]:
        """Of each delivery the first that waits. What could not be handed on is passed by: it must not hide what came later."""
        after: int | None = None
        while entries := await self._inbox.next_of(after=after):
            for entry in entries:
                yield entry
            after = entries[-1].entry

    async def _from(self, entry: Entry) -> bool:
        """Hands on an entry, and what waits for its delivery after it."""
        return await self._one(entry) and await self.of(entry.arrival.delivery_id)

    async def _called_within(self, seconds: float, is_away: bool) -> None:
        """While something is away, a call does not shorten the wait."""
        if is_away:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._call.wait()
        except TimeoutError:
            return

    async def _one(self, entry: Entry) -> bool:
        now = self._clock()
        if not await self._inbox.claim(entry.entry, until=now + CLAIM_LASTS, now=now):
            return False
        try:
            with in_trace(entry.traceparent, "inbox: hand on"):
                note = await self._taken(entry)
        except BaseException:
            await asyncio.shield(self._inbox.give_back(entry.entry))
            raise
        await self._inbox.handed(entry.entry, note, now=self._clock())
        return True

    async def _taken(self, entry: Entry) -> str | None:
        """Why the delivery did not take it as it was meant; None if it did."""
        arrival, deliveries = entry.arrival, await self._deliveries()
        note = None
        try:
            if arrival.update is not None:
                try:
                    await _asked(deliveries, entry)
                except RefusedError as refused:
                    note = str(refused)
                else:
                    return None
            if arrival.event:
                await deliveries.report(arrival.delivery_id, [arrival.event])
        except LookupError:
            await self._ended.append_after_close(arrival.delivery_id, [arrival.event], now=self._clock())
            return note or ENDED
        return note


async def _asked(deliveries: Deliveries, entry: Entry) -> None:
    arrival = entry.arrival
    if arrival.update == START:
        await deliveries.start(arrival.request or {})
    else:
        await deliveries.ask(arrival.delivery_id, str(arrival.update), arrival.request or {}, entry.id)
