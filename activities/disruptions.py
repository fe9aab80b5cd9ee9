"""What a disruption does outside: it takes its place in the store, calls deliveries, and tells operations, once each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from temporalio import activity

from activities.effects import Claim, Clock, Effects, Ended, Ledger
from activities.open_ticket import NO_TICKET, Desk, Texts, filed_as, is_in_doubt
from activities.summons import PAGE, Caller, call
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.disruption import Announcement, Heeded, Notice, Operations, TakenUp, context_of
from domain.instant import Instant
from domain.order import Customer, Destination
from domain.sending import TemplateError
from domain.ticket import TicketDraft

OPENED, OVER = "disruption", "disruption-over"
"""The templates of what people are told."""

BODY = """\
{{ disruption.says }}, since {{ disruption.opened_at | local_time }}\
{% if disruption.closes_at %}, expected until {{ disruption.closes_at | local_time }}{% endif %}. \
Declared by {{ disruption.declared_by }}.{% if disruption.note %}

{{ disruption.note }}{% endif %}

{{ disruption.affected }} open deliveries are on it{% if disruption.first %}, among them {{ disruption.first }}{% endif %}."""


class Rows(Protocol):
    """What disruptions need of the store."""

    async def take_up(self, notice: Notice, now: Instant) -> TakenUp:
        """Writes it unless it is there, and notes that its workflow has it in hand; done again, it answers the same."""
        ...

    async def wind_up(self, disruption_id: int, at: Instant) -> None:
        """Notes that it has ended, at this instant unless it was earlier."""
        ...

    async def members(self, rule: str, place: str, after: str, limit: int) -> tuple[str, ...]:
        """A page of the deliveries in a rule's group, by id."""
        ...

    async def in_scope(self, scope: str, key: str, heeded: Heeded, after: str, limit: int) -> tuple[str, ...]:
        """A page of the open deliveries on a place that heed it, by id."""
        ...


class Notify(Protocol):
    """Tells people."""

    async def notify(self, request: ActionRequest) -> ActionResult: ...


Heeding = Callable[[str], Awaitable[Heeded]]
"""Scope -> by which rulebooks in use, and rules of theirs, deliveries are called."""


class Disrupting:
    """The activities of the Disruption workflow."""

    def __init__(
        self,
        rows: Rows,
        caller: Caller,
        heeding: Heeding,
        desk: Desk,
        texts: Texts,
        telling: Notify,
        operations: Operations,
        timezones: Mapping[str, str],
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        """`timezones`: of hubs; what is not on a hub is told in UTC."""
        self._rows, self._caller, self._heeding = rows, caller, heeding
        self._desk, self._texts, self._telling = desk, texts, telling
        self._operations, self._timezones = operations, timezones
        self._effects, self._clock = Effects(ledger, clock), clock

    @activity.defn(name="take_up_disruption")
    async def take_up(self, notice: Notice) -> TakenUp:
        return replace(await self._rows.take_up(notice, self._clock()), timezone=self._timezone(notice))

    def _timezone(self, notice: Notice) -> str:
        return self._timezones.get(notice.key, "UTC") if notice.scope == "hub" else "UTC"

    @activity.defn(name="wind_up_disruption")
    async def wind_up(self, disruption_id: int, at: Instant) -> None:
        await self._rows.wind_up(disruption_id, at)

    @activity.defn(name="call_members")
    async def call_members(self, notice: Notice) -> int:
        """Calls the group that has come together; how many deliveries. A try that follows another goes on where that ended."""
        rule, place = notice.rule or "", notice.place
        return await self._call(lambda after: self._rows.members(rule, place, after, PAGE))

    @activity.defn(name="call_heeding")
    async def call_heeding(self, notice: Notice) -> int:
        """Calls the deliveries on its place whose rulebook has a rule of guards alone about it, and those with an open incident of a
        rule that speaks of it; how many."""
        heeded, scope, key = await self._heeding(notice.scope), notice.scope, notice.key
        if not (heeded.versions or heeded.rules):
            return 0
        return await self._call(lambda after: self._rows.in_scope(scope, key, heeded, after, PAGE))

    @activity.defn(name="announce_disruption")
    async def announce(self, announcement: Announcement) -> str:
        """Opens or solves the ticket of operations, and tells the people that directory.yaml names; what came of it, in words."""
        filing = [self._filed(announcement)] if self._operations.queue else []
        telling = [self._told(announcement, person) for person in self._operations.tell]
        ended = await asyncio.gather(*filing, *telling, return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException):
                raise one
        return "; ".join(str(one) for one in ended) or "directory.yaml names nobody who is told of disruptions"

    async def _call(self, page_after: Callable[[str], Awaitable[tuple[str, ...]]]) -> int:
        count, after = _progress()
        while page := await page_after(after):
            count += await call(self._caller, page)
            after = page[-1]
            activity.heartbeat(count, after)
        return count

    async def _filed(self, announcement: Announcement) -> str:
        over = announcement.over_at is not None
        request = self._request(announcement, f"ticket/{'over' if over else 'open'}")
        ended = await self._effects.once(
            request, "solve_ticket" if over else "open_ticket", self._deed(announcement, request, over)
        )
        return ended.note

    def _deed(self, announcement: Announcement, request: ActionRequest, over: bool) -> Callable[[Claim], Awaitable[Ended]]:
        async def deed(claim: Claim) -> Ended:
            known: dict[str, Any] = {"key": request.key, "now": self._clock(), "in_doubt": is_in_doubt(claim)}
            if over:
                filed = await self._desk.solve(request.incident_id, "the disruption is over", **known)
                return filed_as(filed) if filed else NO_TICKET
            try:
                draft = self._draft(announcement, request)
            except TemplateError as error:
                return Ended(Outcome.FAILED, str(error))
            return filed_as(await self._desk.open(draft, **known))

        return deed

    def _draft(self, announcement: Announcement, request: ActionRequest) -> TicketDraft:
        text = self._texts.render_text(BODY, timezone=request.destination.timezone, context=request.context)
        queue = self._operations.queue or ""
        return TicketDraft(request.incident_id, request.delivery_id, queue, "high", announcement.notice.says, text)

    async def _told(self, announcement: Announcement, person: str) -> str:
        request = self._request(announcement, f"{person}/{'over' if announcement.over_at is not None else 'open'}")
        template = OVER if announcement.over_at is not None else OPENED
        args = {"who": person, "template": template, "channels": self._operations.channels}
        result = await self._telling.notify(replace(request, args=args))
        return f"{person}: {result.note or result.outcome}"

    def _request(self, announcement: Announcement, path: str) -> ActionRequest:
        notice = announcement.notice
        name = f"disruption-{notice.disruption_id}"
        timezone = self._timezone(notice)
        return ActionRequest(
            key=f"disruption/{notice.disruption_id}/{path}",
            incident_id=name,
            rule="disruption",
            says=notice.says,
            severity="high",
            delivery_id=name,
            generation=1,
            args={},
            customer=Customer(),
            destination=Destination(timezone),
            carrier="",
            asked_at=self._clock(),
            context={"now": self._clock(), **context_of(announcement)},
        )


def _progress() -> tuple[int, str]:
    """How far an earlier try came: how many were called, and the last of them."""
    told = activity.info().heartbeat_details
    return (int(told[0]), str(told[1])) if len(told) == 2 else (0, "")
