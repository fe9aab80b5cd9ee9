"""Tells other systems: an endpoint that a rule names, or the order system."""

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import TypeAdapter
from temporalio import activity

from activities.effects import Claim, Clock, Effects, Ended, Ledger, NotDoneError
from domain.actions import ActionRequest, ActionResult, CallWebhook, Emit, Outcome
from domain.endpoint import ORDER_SYSTEM, Taken
from domain.notice import notice_of
from domain.sending import TemplateError, Unsent

_CALL: TypeAdapter[CallWebhook] = TypeAdapter(CallWebhook)
_EMIT: TypeAdapter[Emit] = TypeAdapter(Emit)

NO_ORDER_SYSTEM = f"there is no order system to tell: add {ORDER_SYSTEM} to endpoints in directory.yaml"


class Webhooks(Protocol):
    """Makes signed calls to endpoints that are known by name. The same key gives the same id, by which a repeated call is known."""

    def knows(self, endpoint: str) -> bool: ...

    async def post(self, endpoint: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent: ...


class Texts(Protocol):
    """Fills in Liquid texts."""

    def render_text(self, text: str, *, timezone: str, context: Mapping[str, Any]) -> str:
        """Raises TemplateError."""
        ...


def filled(texts: Texts, text: str, request: ActionRequest) -> str:
    """A Liquid text of a rule with what the request knows."""
    context = {"now": request.asked_at, **request.context}
    return texts.render_text(text, timezone=request.destination.timezone, context=context)


def taken(answer: Taken | Unsent) -> Taken | Ended:
    """What was taken, or how the effect has ended; raises NotDoneError for what is to be tried again."""
    if isinstance(answer, Taken):
        return answer
    if answer.retry:
        raise NotDoneError(answer.reason, answer.after, answer.in_doubt)
    return Ended(Outcome.FAILED, answer.reason)


class Calling:
    """A call in doubt is simply made again: its id tells the other side that it had it before."""

    def __init__(self, webhooks: Webhooks, texts: Texts, ledger: Ledger, clock: Clock) -> None:
        self._webhooks = webhooks
        self._texts = texts
        self._effects = Effects(ledger, clock)

    @activity.defn(name="call_webhook")
    async def call_webhook(self, request: ActionRequest) -> ActionResult:
        asked = _CALL.validate_python(dict(request.args))
        return await self._told(request, "call_webhook", asked.endpoint, asked.event, asked.data)

    @activity.defn(name="emit")
    async def emit(self, request: ActionRequest) -> ActionResult:
        asked = _EMIT.validate_python(dict(request.args))
        if not self._webhooks.knows(ORDER_SYSTEM):
            return ActionResult(Outcome.NO_HELP, NO_ORDER_SYSTEM)
        return await self._told(request, "emit", ORDER_SYSTEM, asked.type, asked.data)

    async def _told(self, request: ActionRequest, action: str, endpoint: str, type: str, data: Mapping[str, str]) -> ActionResult:
        async def deed(claim: Claim) -> Ended:
            try:
                more = {name: filled(self._texts, text, request) for name, text in data.items()}
            except TemplateError as error:
                return Ended(Outcome.FAILED, str(error))
            body = notice_of(request, type, {"more": more})
            answer = taken(await self._webhooks.post(endpoint, key=request.key, body=body))
            return answer if isinstance(answer, Ended) else Ended(Outcome.DONE, f"{endpoint} was told", answer.reference)

        ended = await self._effects.once(request, action, deed)
        return ActionResult(ended.outcome, ended.note)
