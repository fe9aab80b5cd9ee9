"""Opens a ticket for an incident, tells it what changes, and solves it when the incident is over."""

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import TypeAdapter
from temporalio import activity

from activities.effects import Claim, Clock, Effects, Ended, Ledger, NotDoneError
from domain.actions import ActionRequest, ActionResult, OpenTicket, Outcome, SolveTicket, UpdateTicket
from domain.instant import Instant
from domain.sending import TemplateError, Unsent
from domain.ticket import PRIORITY_OF, Filing, TicketDraft, TicketNote, earlier_episodes

TITLE = "{{ incident.says }}: {{ delivery_id }}"

_OPEN: TypeAdapter[OpenTicket] = TypeAdapter(OpenTicket)
_UPDATE: TypeAdapter[UpdateTicket] = TypeAdapter(UpdateTicket)
_SOLVE: TypeAdapter[SolveTicket] = TypeAdapter(SolveTicket)

NO_TICKET = Ended(Outcome.NO_HELP, "the incident has no ticket")


class Desk(Protocol):
    """Keeps tickets, one per incident. A write with a key that it has seen changes nothing and is answered all the same.

    `in_doubt`: an earlier try with this key may have been done; a desk that does not know keys by itself then looks first.
    Each call ends, whatever happens, within 12 s.
    """

    async def open(self, draft: TicketDraft, *, key: str, now: Instant, in_doubt: bool = False) -> Filing: ...

    async def update(self, note: TicketNote, *, key: str, now: Instant, in_doubt: bool = False) -> Filing | None:
        """Adds to the incident's ticket, solved or not; None if it has none."""
        ...

    async def solve(self, external_id: str, note: str, *, key: str, now: Instant, in_doubt: bool = False) -> Filing | None:
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
            return filed_as(await self._desk.open(draft, key=request.key, now=self._clock(), in_doubt=is_in_doubt(claim)))

        ended = await self._effects.once(request, "open_ticket", deed)
        return ActionResult(ended.outcome, ended.note)

    @activity.defn(name="update_ticket")
    async def update_ticket(self, request: ActionRequest) -> ActionResult:
        asked = _UPDATE.validate_python(dict(request.args))
        priority = PRIORITY_OF[asked.severity] if asked.severity else None
        note = TicketNote(request.incident_id, "\n".join(asked.lines), priority)

        async def deed(claim: Claim) -> Ended:
            filed = await self._desk.update(note, key=request.key, now=self._clock(), in_doubt=is_in_doubt(claim))
            return filed_as(filed) if filed else NO_TICKET

        ended = await self._effects.once(request, "update_ticket", deed)
        return ActionResult(ended.outcome, ended.note)

    @activity.defn(name="solve_ticket")
    async def solve_ticket(self, request: ActionRequest) -> ActionResult:
        asked = _SOLVE.validate_python(dict(request.args))

        async def deed(claim: Claim) -> Ended:
            about, now = request.incident_id, self._clock()
            filed = await self._desk.solve(about, asked.note, key=request.key, now=now, in_doubt=is_in_doubt(claim))
            return filed_as(filed) if filed else NO_TICKET

        ended = await self._effects.once(request, "solve_ticket", deed)
        return ActionResult(ended.outcome, ended.note)

    def _draft(self, request: ActionRequest, asked: OpenTicket) -> TicketDraft:
        title = " ".join(self._filled(asked.title or TITLE, request).split())
        body = "\n\n".join(part for part in (self._filled(asked.body or "", request).strip(), _about(request)) if part)
        about, priority = request.incident_id, asked.priority or PRIORITY_OF[request.severity]
        return TicketDraft(about, request.delivery_id, asked.queue, priority, title, body, earlier_episodes(about))

    def _filled(self, text: str, request: ActionRequest) -> str:
        known = {"id": request.incident_id, "rule": request.rule, "says": request.says, "severity": request.severity}
        context = {"now": request.asked_at, "delivery_id": request.delivery_id, "incident": known, **request.context}
        return self._texts.render_text(text, timezone=request.destination.timezone, context=context)


def _about(request: ActionRequest) -> str:
    """What every ticket names, whatever the rule's own text says."""
    return f"Delivery {request.delivery_id}: {request.says} (rule {request.rule}, severity {request.severity})"


def is_in_doubt(claim: Claim) -> bool:
    """Whether an earlier try may have been done, so that the desk has to look first."""
    return claim.standing == "in_doubt"


def filed_as(filed: Filing) -> Ended:
    """How an effect at a desk ended. Raises NotDoneError for what may be tried again."""
    if isinstance(filed, Unsent):
        if filed.retry:
            raise NotDoneError(filed.reason, filed.after, filed.in_doubt)
        return Ended(Outcome.FAILED, filed.reason)
    moved = f", moved from {filed.moved_from} to {filed.queue}" if filed.moved_from else ""
    return Ended(Outcome.DONE, f"ticket {filed.ticket_id} in {filed.queue} {filed.news}{moved}", filed.ticket_id)
