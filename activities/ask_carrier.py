"""Asks the carrier for another attempt, to hold, to change to a pickup point, or to return. What it agrees to the delivery learns."""

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, AwareDatetime, BaseModel, TypeAdapter, ValidationError
from temporalio import activity

from activities.call_webhook import Texts, filled, taken
from activities.effects import Claim, Clock, Effects, Ended, Ledger
from domain.actions import (
    ActionRequest,
    ActionResult,
    ChangeToPickupPoint,
    HoldAtHub,
    Outcome,
    RequestNewAttempt,
    ReturnToSender,
)
from domain.endpoint import Taken
from domain.event import Event
from domain.instant import Instant, instant, of_our_time
from domain.notice import notice_of
from domain.sending import TemplateError, Unsent
from domain.status import Kind, Party, Status

_NEW_ATTEMPT: TypeAdapter[RequestNewAttempt] = TypeAdapter(RequestNewAttempt)
_HOLD: TypeAdapter[HoldAtHub] = TypeAdapter(HoldAtHub)
_PICKUP: TypeAdapter[ChangeToPickupPoint] = TypeAdapter(ChangeToPickupPoint)
_RETURN: TypeAdapter[ReturnToSender] = TypeAdapter(ReturnToSender)

UNREADABLE = "; what else it answered cannot be read"


class Carriers(Protocol):
    """Speaks to carriers. The same key gives the same id, by which a repeated request is known."""

    async def ask(self, carrier: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent | None:
        """None if the carrier takes no requests."""
        ...


_When = Annotated[AwareDatetime, AfterValidator(of_our_time)]


class _Window(BaseModel):
    start: _When | None = None
    end: _When


class CarrierAnswer(BaseModel):
    """What a carrier may answer. A refusal says why; with its consent it may say which status and which promise come of it."""

    accepted: bool = True
    reason: str = ""
    status: Status | None = None
    promised: _Window | None = None


class AskingCarriers:
    """A request in doubt is simply made again: its id tells the carrier that it had it before."""

    def __init__(self, carriers: Carriers, texts: Texts, ledger: Ledger, clock: Clock) -> None:
        self._carriers = carriers
        self._texts = texts
        self._clock = clock
        self._effects = Effects(ledger, clock)

    @activity.defn(name="request_new_attempt")
    async def request_new_attempt(self, request: ActionRequest) -> ActionResult:
        asked = _NEW_ATTEMPT.validate_python(dict(request.args))
        return await self._ask(request, "request_new_attempt", "to try again", asked.note, {})

    @activity.defn(name="hold_at_hub")
    async def hold_at_hub(self, request: ActionRequest) -> ActionResult:
        asked = _HOLD.validate_python(dict(request.args))
        hub = asked.hub or request.context.get("hub")
        return await self._ask(request, "hold_at_hub", f"to hold it at {hub or 'a hub'}", asked.note, {"hub": hub})

    @activity.defn(name="change_to_pickup_point")
    async def change_to_pickup_point(self, request: ActionRequest) -> ActionResult:
        asked = _PICKUP.validate_python(dict(request.args))
        point = asked.point or request.destination.collection_point
        what = f"to bring it to pickup point {point}" if point else "to bring it to a pickup point"
        return await self._ask(request, "change_to_pickup_point", what, asked.note, {"collection_point": point})

    @activity.defn(name="return_to_sender")
    async def return_to_sender(self, request: ActionRequest) -> ActionResult:
        asked = _RETURN.validate_python(dict(request.args))
        return await self._ask(request, "return_to_sender", "to return it to the sender", asked.note, {})

    async def _ask(
        self, request: ActionRequest, action: str, what: str, note: str | None, more: Mapping[str, str | None]
    ) -> ActionResult:
        async def deed(claim: Claim) -> Ended:
            try:
                told = {**more, "note": filled(self._texts, note, request) if note else None}
            except TemplateError as error:
                return Ended(Outcome.FAILED, str(error))
            asked = {name: value for name, value in told.items() if value is not None}
            body = notice_of(request, action, {"request": asked})
            answer = await self._carriers.ask(request.carrier, key=request.key, body=body)
            return self._ended(request.carrier, what, more, answer)

        ended = await self._effects.once(request, action, deed)
        return ActionResult(ended.outcome, ended.note, _events(request, ended, self._clock()))

    def _ended(self, carrier: str, what: str, more: Mapping[str, str | None], answer: Taken | Unsent | None) -> Ended:
        if answer is None:
            return Ended(Outcome.NO_HELP, f"{carrier} cannot be asked {what}: name an endpoint as its requests in directory.yaml")
        came = taken(answer)
        if isinstance(came, Ended):
            return came
        said, doubt = _read(came.answer)
        if not said.accepted:
            return Ended(Outcome.DECLINED, f"{carrier} was asked {what} and declined{_because(said.reason)}", came.reference)
        note = f"{carrier} was asked {what} and agreed{doubt}"
        return Ended(Outcome.DONE, note, came.reference, {"at": self._clock(), "told": more, **_learnt(said)})


def _read(answer: Mapping[str, Any]) -> tuple[CarrierAnswer, str]:
    """What the carrier said, and a remark if only part of it can be read."""
    try:
        return CarrierAnswer.model_validate(dict(answer)), ""
    except ValidationError:
        return CarrierAnswer(accepted=answer.get("accepted") is not False), UNREADABLE


def _because(reason: str) -> str:
    return f": {reason[:200]}" if reason.strip() else ""


def _learnt(said: CarrierAnswer) -> dict[str, Any]:
    promised = said.promised
    window = None if promised is None else {"start": _ms(promised.start), "end": _ms(promised.end)}
    return {"status": said.status.value if said.status else None, "promised": window}


def _ms(at: AwareDatetime | None) -> Instant | None:
    return None if at is None else instant(at)


def _events(request: ActionRequest, ended: Ended, now: Instant) -> tuple[Event, ...]:
    """That the carrier agreed, as a note, and what it says comes of it."""
    detail = ended.detail
    if not ended.outcome.helped or detail is None:
        return ()
    told = {name: value for name, value in detail["told"].items() if value is not None}
    events = [_event(request, "agreed", Kind.NOTE, detail["at"], now, {"text": ended.note, **told})]
    if detail["promised"] is not None:
        events.append(_event(request, "promised", Kind.PROMISE_CHANGED, detail["at"], now, detail["promised"]))
    if detail["status"] is not None:
        events.append(_event(request, "status", Kind.STATUS, detail["at"], now, {}, Status(detail["status"])))
    return tuple(events)


def _event(
    request: ActionRequest,
    what: str,
    kind: Kind,
    at: Instant,
    now: Instant,
    detail: Mapping[str, Any],
    status: Status | None = None,
) -> Event:
    id = f"{request.key}/{what}"
    return Event(id, kind, at, now, "doorstep", status=status, by=Party.CARRIER, detail=detail)
