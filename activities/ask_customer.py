"""Asks the customer a question. Whether there is an answer in time is the workflow's to see: see rules.questions."""

from dataclasses import replace
from typing import Protocol

from pydantic import TypeAdapter
from temporalio import activity

from domain.actions import ActionRequest, ActionResult, AskCustomer, Outcome
from domain.status import Kind

_ARGS: TypeAdapter[AskCustomer] = TypeAdapter(AskCustomer)


class Messenger(Protocol):
    """Tells people; every channel is an effect of its own."""

    async def notify(self, request: ActionRequest) -> ActionResult: ...


class Asking:
    """A question is a message to the customer like any other, and the delivery learns that they were asked."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger

    @activity.defn(name="ask_customer")
    async def ask_customer(self, request: ActionRequest) -> ActionResult:
        asked = _ARGS.validate_python(dict(request.args))
        message = {"who": "customer", "template": asked.template, "channels": list(asked.channels)}
        told = await self._messenger.notify(replace(request, args=message))
        if told.outcome is not Outcome.DONE:
            return told
        events = tuple(replace(event, kind=Kind.ASKED) for event in told.events)
        return ActionResult(Outcome.ASKED, told.note, events)
