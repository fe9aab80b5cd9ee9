"""A question is a message like any other, and the delivery learns that it was asked."""

from dataclasses import dataclass, field

from activities.ask_customer import Asking
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.event import Event
from domain.status import Kind
from tests.activities.fleet import EIGHT, request

QUESTION = {"template": "address-problem", "answers": ["yes", "no"], "answer_within": 7_200_000, "channels": ["sms", "email"]}


@dataclass
class Messenger:
    """Sends on paper."""

    result: ActionResult
    asked: list[ActionRequest] = field(default_factory=list)

    async def notify(self, request: ActionRequest) -> ActionResult:
        self.asked.append(request)
        return self.result


async def test_the_customer_is_sent_the_question_and_the_delivery_learns_that_it_was_asked() -> None:
    sent = Event("K/sms", Kind.NOTIFIED, EIGHT, EIGHT, "doorstep", detail={"template": "address-problem", "channel": "sms"})
    messenger = Messenger(ActionResult(Outcome.DONE, "sms sent", (sent,)))

    result = await Asking(messenger).ask_customer(request("D1", QUESTION))

    assert messenger.asked[0].args == {"who": "customer", "template": "address-problem", "channels": ["sms", "email"]}
    assert messenger.asked[0].key == request("D1").key
    assert (result.outcome, result.note) == (Outcome.ASKED, "sms sent")
    assert [(event.kind, event.event_id) for event in result.events] == [(Kind.ASKED, "K/sms")]


async def test_a_question_that_reached_nobody_has_failed_and_waits_for_no_answer() -> None:
    result = await Asking(Messenger(ActionResult(Outcome.FAILED, "no phone number to use"))).ask_customer(request("D1", QUESTION))

    assert (result.outcome, result.events) == (Outcome.FAILED, ())
