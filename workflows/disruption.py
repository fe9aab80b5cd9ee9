"""The Disruption workflow: what is wrong on one place, from the first notice until everything there is over.

Handlers only take note; the run loop takes up what opened, tells operations, and ends what is over or whose time is up. Members are
rows: however many deliveries there are, the history holds a few events for each disruption.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.disruptions import Disrupting
    from domain.disruption import Announcement, Notice
    from domain.instant import Instant, iso
    from workflows.attributes import SCOPE
    from workflows.contract import DISRUPTION
    from workflows.notices import Item, Open, packed, read_signal, read_start, unpacked, wire_notice
    from workflows.place_details import place_details
    from workflows.state import Rejections
    from workflows.timer import now
    from workflows.words import clock, short, zone_of
    from workflows.writer import UNTIL_DONE

QUICK = timedelta(seconds=30)
CALLING = timedelta(minutes=10)
"""How long one try of calling thousands of deliveries may take; the next one goes on where it ended."""

TELLING = timedelta(hours=24)
"""How long operations are tried to be told."""


@workflow.defn(name=DISRUPTION)
class Disruption:
    """Everything that is wrong on one place: a hub, a carrier, a route, a zone."""

    def __init__(self) -> None:
        self._inbox: deque[Item] = deque()
        self._open: dict[int, Open] = {}
        self._telling: dict[int, asyncio.Task[None]] = {}
        self._said: dict[int, str] = {}
        self._is_cancelled = False
        self._rejected = Rejections()

    @workflow.run
    async def run(self, notice: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        """Takes up the notice and what follows it; ends when nothing is open on the place any more, and operations know.

        Cancelling in the Temporal UI ends everything that is open here.
        """
        self._begin(notice)
        life = asyncio.create_task(self._live())
        while not life.done():
            try:
                await workflow.wait_condition(life.done)
            except asyncio.CancelledError:
                self._is_cancelled = True
        return life.result()

    # Handlers

    @workflow.signal(dynamic=True, description="opened: one DisruptionNotice; closed: {disruption_id, at?}")
    def note(self, name: str, args: Sequence[RawValue]) -> None:
        """Takes note; what cannot be read is kept as a reason in the snapshot."""
        try:
            self._inbox.append(read_signal(name, args, now()))
        except ApplicationError as error:
            self._rejected = self._rejected.and_one(f"{iso(now())} {name[:40]}: {error.message}")

    @workflow.query(description="What is open on this place, whom it concerns, and what became of telling operations")
    def snapshot(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return {
            "as_of": iso(now()),
            "open": [
                {**wire_notice(one.notice), "affected": one.affected.count, "told": self._said.get(one.number)}
                for one in self._open.values()
            ],
            "rejected": {"count": self._rejected.count, "last": list(self._rejected.last)},
        }

    # The life of a place

    def _begin(self, sent: RawValue) -> None:
        """Raises ApplicationError "InvalidInput" for what cannot be read."""
        carried = unpacked(sent.payload.data) if workflow.info().continued_run_id is not None and sent is not None else None
        if carried is not None:
            self._open = {one.number: one for one in carried}
            return
        notice = read_start(sent, workflow.info().workflow_id, now())
        self._inbox.appendleft(notice)
        workflow.upsert_search_attributes([SCOPE.value_set(notice.scope)])

    async def _live(self) -> dict[str, Any]:
        while not self._is_over():
            await self._take_what_came()
            await self._end_what_is_due()
            self._show()
            if self._may_continue_as_new():
                workflow.continue_as_new(packed(self._open.values()))
            await self._something_happens()
        return {"told": {str(number): said for number, said in self._said.items()}}

    async def _take_what_came(self) -> None:
        while self._inbox:
            item = self._inbox.popleft()
            if isinstance(item, Notice):
                await self._take_up(item)
            elif item.disruption_id in self._open:
                await self._end(self._open[item.disruption_id], item.at)

    async def _end_what_is_due(self) -> None:
        for one in [*self._open.values()]:
            if self._is_cancelled or (one.notice.closes_at is not None and one.notice.closes_at <= now()):
                await self._end(one, min(one.notice.closes_at or now(), now()))

    async def _take_up(self, notice: Notice) -> None:
        """Once, however often it is announced."""
        if notice.disruption_id in self._open:
            return
        taken = await _quickly(Disrupting.take_up, [notice], f"takes note: {notice.says}")
        if taken.disruption_id is None or taken.disruption_id in self._open:
            return
        one = Open(replace(notice, disruption_id=taken.disruption_id), taken.affected, taken.timezone)
        self._open[one.number] = one
        if not notice.acted_on:
            self._tell(one)
        if notice.rule is not None:
            await _patiently(Disrupting.call_members, one.notice, "calls the deliveries of the group that has come together")
        await _patiently(Disrupting.call_heeding, one.notice, "calls the deliveries that have a rule about it")

    async def _end(self, one: Open, at: Instant) -> None:
        await _quickly(Disrupting.wind_up, [one.number, at], f"notes that it is over: {one.notice.says}")
        del self._open[one.number]
        if not one.notice.acted_on:
            self._tell(one, over_at=at)
        await _patiently(Disrupting.call_heeding, one.notice, "calls the deliveries that have a rule about it")

    # Operations

    def _tell(self, one: Open, over_at: Instant | None = None) -> None:
        """Beside the loop, so that a mail server that is away delays nobody. What is over by then is not told any more."""
        before = self._telling.get(one.number)
        if before is not None:
            before.cancel()
        announcement = Announcement(one.notice, one.affected, over_at)
        self._telling[one.number] = asyncio.create_task(self._announce(one.number, announcement, before))

    async def _announce(self, number: int, announcement: Announcement, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await workflow.wait_condition(before.done)
        try:
            self._said[number] = await workflow.execute_activity_method(
                Disrupting.announce,
                announcement,
                start_to_close_timeout=QUICK,
                schedule_to_close_timeout=TELLING,
                retry_policy=UNTIL_DONE,
                # A try that is under way is waited for: else its ticket could be opened after it was to be solved.
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary="tells operations" if announcement.over_at is None else "tells operations that it is over",
            )
        except (ActivityError, asyncio.CancelledError) as error:
            self._said[number] = "not told: it was over before" if is_cancelled_exception(error) else f"not told: {error}"
        if self._telling.get(number) is asyncio.current_task():
            del self._telling[number]

    # Waiting and showing

    async def _something_happens(self) -> None:
        ends = [(one.notice.closes_at, one.timezone) for one in self._open.values() if one.notice.closes_at is not None]
        at, zone = min(ends, default=(0, "UTC"))
        busy = len(self._telling)
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: bool(self._inbox) or len(self._telling) < busy or self._is_to_go_on(),
                timeout=timedelta(milliseconds=max(1, at - now())) if ends else None,
                timeout_summary=f"until {clock(at, zone_of(zone))}: the time that was said is over",
            )

    def _is_to_go_on(self) -> bool:
        return self._is_over() or (self._is_cancelled and bool(self._open)) or self._may_continue_as_new()

    def _is_over(self) -> bool:
        return not (self._open or self._inbox or self._telling)

    def _may_continue_as_new(self) -> bool:
        return bool(self._open) and not (self._inbox or self._telling) and workflow.info().is_continue_as_new_suggested()

    def _show(self) -> None:
        workflow.set_current_details(place_details(tuple(self._open.values()), self._said))


async def _quickly(method: Callable[..., Awaitable[Any]], args: Sequence[Any], summary: str) -> Any:
    return await workflow.execute_activity_method(
        method, args=args, start_to_close_timeout=QUICK, retry_policy=UNTIL_DONE, summary=short(summary)
    )


async def _patiently(method: Callable[..., Awaitable[int]], notice: Notice, summary: str) -> int:
    return await workflow.execute_activity_method(
        method,
        args=[notice],
        start_to_close_timeout=CALLING,
        heartbeat_timeout=QUICK,
        retry_policy=UNTIL_DONE,
        summary=short(summary),
    )
