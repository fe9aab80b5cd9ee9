"""Asks the customer a question. Whether there is an answer in time is the workflow's to see: see rules.questions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from pydantic import TypeAdapter
from temporalio import activity

from activities.channels import BY_PHONE, Conversations, e164
from domain.actions import ActionRequest, ActionResult, AskCustomer, Outcome
from domain.conversation import Question
from domain.instant import Instant
from domain.status import Kind

_ARGS: TypeAdapter[AskCustomer] = TypeAdapter(AskCustomer)


class Messenger(Protocol):
    """Tells people; every channel is an effect of its own."""

    async def notify(self, request: ActionRequest) -> ActionResult: ...


class Asking:
    """A question is a message to the customer like any other, and the delivery learns that they were asked."""

    def __init__(self, messenger: Messenger, conversations: Conversations, clock: Callable[[], Instant]) -> None:
        self._messenger = messenger
        self._conversations = conversations
        self._clock = clock

    @activity.defn(name="ask_customer")
    async def ask_customer(self, request: ActionRequest) -> ActionResult:
        asked = _ARGS.validate_python(dict(request.args))
        message = {"who": "customer", "template": asked.template, "channels": list(asked.channels)}
        context = {**request.context, "reply_code": await self._reply_code(request, asked)}
        told = await self._messenger.notify(replace(request, args=message, context=context))
        if told.outcome is Outcome.WITHHELD:  # who wants no messages cannot be asked by one: somebody has to find out otherwise
            return replace(told, outcome=Outcome.FAILED)
        if told.outcome is not Outcome.DONE:
            return told
        events = tuple(replace(event, kind=Kind.ASKED) for event in told.events)
        return ActionResult(Outcome.ASKED, told.note, events)

    async def _reply_code(self, request: ActionRequest, asked: AskCustomer) -> str | None:
        """What a reply has to begin with, since the number has other deliveries too; the same on every try."""
        number = e164(request.customer.phone or "", request.destination.country)
        # Where the channels that it names reach nobody, a question goes by the others too.
        if number is None or BY_PHONE.isdisjoint(request.customer.channels):
            return None
        now = self._clock()
        question = Question(request.key, asked.answers, now + asked.answer_within)
        known = await self._conversations.written(
            number,
            request.delivery_id,
            language=request.customer.language,
            timezone=request.destination.timezone,
            now=now,
            question=question,
        )
        return known.code if known.is_shown else None
