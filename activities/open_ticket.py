"""Opens a ticket for an incident, and solves it when the incident is over."""

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import TypeAdapter
from temporalio import activity

from activities.effects import Claim, Clock, Effects, Ended, Ledger
from domain.actions import ActionRequest, ActionResult, OpenTicket, Outcome, SolveTicket
from domain.instant import Instant
from domain.sending import TemplateError
from domain.ticket import Filed, TicketDraft

TITLE = "{{ incident.says }}: {{ delivery_id }}"

_OPEN: TypeAdapter[OpenTicket] = TypeAdapter(OpenTicket)
_SOLVE: TypeAdapter[SolveTicket] = TypeAdapter(SolveTicket)


class Desk(Protocol):
    """Keeps tickets, one per incident. A write with a key that it has seen changes nothing and is answered all the same."""

    async def open(self, draft: TicketDraft, *, key: str, now: Instant) -> Filed: ...

    async def solve(self, external_id: str, note: str, *, key: str, now: Instant) -> Filed | None:
        """None if the incident has no ticket."""
        ...


class Texts(Protocol):
    """Fills in Liquid texts."""

    def render_text(self, text: str, *, timezone: str, context: Mapping[str, Any]) -> str:
        """Raises TemplateError."""
        ...


class Ticketing:
    """The desk knows the keys of its writes, so an effect in doubt is simply asked for again."""

    def __init__(self, desk: Desk, texts: Texts, ledger: Ledger, clock: Clock) -> None:
        self._desk = desk
        self._texts = texts
        self._clock = clock
        self._effects = Effects(ledger, clock)

    @activity.defn(name="open_ticket")
    async def open_ticket(self, request: ActionRequest) -> ActionResult:
        asked = _OPEN.validate_python(dict(request.args))

        async def deed(claim: Claim) -> Ended:
            try:
                draft = self._draft(request, asked)
            except TemplateError as error:
                return Ended(Outcome.FAILED, str(error))
            return _ended(await self._desk.open(draft, key=request.key, now=self._clock()))

        ended = await self._effects.once(request, "open_ticket", deed)
        return ActionResult(ended.outcome, ended.note)

    @activity.defn(name="solve_ticket")
    async def solve_ticket(self, request: ActionRequest) -> ActionResult:
        asked = _SOLVE.validate_python(dict(request.args))

        async def deed(claim: Claim) -> Ended:
            filed = await self._desk.solve(request.incident_id, asked.note, key=request.key, now=self._clock())
            return _ended(filed) if filed else Ended(Outcome.NO_HELP, "the incident has no ticket")

        ended = await self._effects.once(request, "solve_ticket", deed)
        return ActionResult(ended.outcome, ended.note)

    def _draft(self, request: ActionRequest, asked: OpenTicket) -> TicketDraft:
        title = " ".join(self._filled(asked.title or TITLE, request).split())
        body = "\n\n".join(part for part in (self._filled(asked.body or "", request).strip(), _about(request)) if part)
        return TicketDraft(request.incident_id, request.delivery_id, asked.queue, asked.priority, title, body)

    def _filled(self, text: str, request: ActionRequest) -> str:
        known = {"id": request.incident_id, "rule": request.rule, "says": request.says, "severity": request.severity}
        context = {"now": request.asked_at, "delivery_id": request.delivery_id, "incident": known, **request.context}
        return self._texts.render_text(text, timezone=request.destination.timezone, context=context)


def _about(request: ActionRequest) -> str:
    """What every ticket names, whatever the rule's own text says."""
    return f"Delivery {request.delivery_id}: {request.says} (rule {request.rule}, severity {request.severity})"


def _ended(filed: Filed) -> Ended:
    moved = f", moved from {filed.moved_from} to {filed.queue}" if filed.moved_from else ""
    return Ended(Outcome.DONE, f"ticket {filed.ticket_id} in {filed.queue} {filed.news}{moved}", filed.ticket_id)
