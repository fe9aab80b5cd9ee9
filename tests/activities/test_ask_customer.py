"""A question is a message like any other, and the delivery learns that it was asked."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from activities.ask_customer import Asking
from activities.channels import NO_PAGERS, Channels
from activities.notify import Notifying
from cli.people import Contacts
from cli.standins.mail_catcher import catching
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.conversation import Conversation, Question
from domain.event import Event
from domain.instant import MINUTE
from domain.links import NO_LINKS
from domain.order import Customer
from domain.status import Kind
from integrations.messaging.mail import SmtpMail, mail_server
from integrations.messaging.silent import NoMail, NoSms, NoWhatsApp
from integrations.messaging.templates import Templates
from settings import SHIPPED_RULES
from store.conversations import Conversations
from store.database import Database
from store.drivers import Drivers
from store.ledger import Ledger
from store.opt_outs import OptOuts
from tests.activities.fleet import EIGHT, outcome_of, request

QUESTION = {"template": "address-problem", "answers": ["yes", "no"], "answer_within": 7_200_000, "channels": ["sms", "email"]}


CONTEXT = {
    "delivery_id": "D1",
    "eta": None,
    "promised": {"start": None, "end": EIGHT},
    "customer": {"name": "Aino"},
}


@dataclass
class Messenger:
    """Sends on paper."""

    result: ActionResult
    asked: list[ActionRequest] = field(default_factory=list)

    async def notify(self, request: ActionRequest) -> ActionResult:
        self.asked.append(request)
        return self.result


@dataclass
class Paper:
    """Numbers on paper; the code is shown if `others`."""

    others: bool = False
    questions: list[tuple[str, Question | None]] = field(default_factory=list)

    async def written(
        self, number: str, delivery_id: str, *, language: str, timezone: str, now: int, question: Question | None = None
    ) -> Conversation:
        self.questions.append((number, question))
        return Conversation(number, delivery_id, "A2", self.others, language, timezone, question)


def asking(messenger: Messenger, paper: Paper | None = None) -> Asking:
    return Asking(messenger, paper or Paper(), lambda: EIGHT)


async def test_a_question_by_sms_is_known_by_its_number_and_carries_a_code_if_there_are_others() -> None:
    alone, several, messenger = Paper(), Paper(others=True), Messenger(ActionResult(Outcome.DONE))
    asked = replace(request("D1", QUESTION), customer=Customer(phone="040 123 4567"))
    asked = replace(asked, destination=replace(asked.destination, country="FI"))

    for paper in (alone, several):
        await asking(messenger, paper).ask_customer(asked)

    assert alone.questions == [("+358401234567", Question(asked.key, ("yes", "no"), EIGHT + 7_200_000))]
    assert [sent.context["reply_code"] for sent in messenger.asked] == [None, "A2"]


async def test_a_question_to_who_wants_mail_only_has_no_code_since_nobody_answers_it_by_number() -> None:
    paper, messenger = Paper(others=True), Messenger(ActionResult(Outcome.DONE))
    customer = Customer(phone="+358401234567", channels=("email",))

    await asking(messenger, paper).ask_customer(replace(request("D1", QUESTION), customer=customer))

    assert (paper.questions, messenger.asked[0].context["reply_code"]) == ([], None)


async def test_the_customer_is_sent_the_question_and_the_delivery_learns_that_it_was_asked() -> None:
    sent = Event("K/sms", Kind.NOTIFIED, EIGHT, EIGHT, "doorstep", detail={"template": "address-problem", "channel": "sms"})
    messenger = Messenger(ActionResult(Outcome.DONE, "sms sent", (sent,)))

    result = await asking(messenger).ask_customer(request("D1", QUESTION))

    assert messenger.asked[0].args == {"who": "customer", "template": "address-problem", "channels": ["sms", "email"]}
    assert messenger.asked[0].key == request("D1").key
    assert (result.outcome, result.note) == (Outcome.ASKED, "sms sent")
    assert [(event.kind, event.event_id) for event in result.events] == [(Kind.ASKED, "K/sms")]


async def test_a_question_that_reached_nobody_has_failed_and_waits_for_no_answer() -> None:
    result = await asking(Messenger(ActionResult(Outcome.FAILED, "no phone number"))).ask_customer(request("D1", QUESTION))

    assert (result.outcome, result.events) == (Outcome.FAILED, ())


async def test_a_question_to_who_wants_no_messages_has_failed_so_that_somebody_finds_out_otherwise() -> None:
    withheld = ActionResult(Outcome.WITHHELD, "sms withheld: SMS are not wanted there: replied STOP")

    result = await asking(Messenger(withheld)).ask_customer(request("D1", QUESTION))

    assert result == replace(withheld, outcome=Outcome.FAILED)


async def test_a_question_that_is_asked_again_is_one_mail(database: Database, tmp_path: Path) -> None:
    known = {"delivery_id": "D1", "customer": {"name": "Aino"}, "address": "Mannerheimintie 1"}
    customer = Customer(name="Aino", email="aino@example.test")
    asked = replace(request("D1", {**QUESTION, "channels": ["email"]}), customer=customer, context=known)
    async with catching(tmp_path) as catcher:
        mail = SmtpMail(mail_server(f"smtp://127.0.0.1:{catcher.port}?starttls=never"), "doorstep@example.test", lambda: EIGHT)
        texts, contacts = Templates(SHIPPED_RULES / "templates"), Contacts(Drivers(database), {})
        channels = Channels(mail, NoSms(), NoWhatsApp(), texts, OptOuts(database), lambda: EIGHT)
        for now in (EIGHT, EIGHT + MINUTE):
            notifying = Notifying(channels, Ledger(database), contacts, lambda now=now: now)  # type: ignore[misc]
            result = await Asking(notifying, Conversations(database), lambda: EIGHT).ask_customer(asked)

    (caught,) = catcher.mails
    assert caught.subject == "Please check the address of D1"
    assert (result.outcome, result.note) == (Outcome.ASKED, "email sent")
    assert [(event.kind, event.occurred_at) for event in result.events] == [(Kind.ASKED, EIGHT)]
    assert (await outcome_of(database, f"{asked.key}/email"))["outcome"] is Outcome.DONE


async def test_who_was_only_told_is_known_by_the_number_too(sqlite_database: Database) -> None:
    known = Conversations(sqlite_database)
    texts, clock = Templates(SHIPPED_RULES / "templates"), lambda: EIGHT
    channels = Channels(NoMail(), NoSms(), NoWhatsApp(), texts, OptOuts(sqlite_database), clock, NO_LINKS, NO_PAGERS, known)
    contacts = Contacts(Drivers(sqlite_database), {})
    told = replace(request("D1", {"who": "customer", "template": "back-on-track", "channels": ["sms"]}), context=CONTEXT)

    await Notifying(channels, Ledger(sqlite_database), contacts, clock).notify(
        replace(told, customer=Customer(phone="+358401234567", language="fi"))
    )

    (one,) = await known.of_number("+358401234567")
    assert (one.delivery_id, one.language, one.question) == ("D1", "fi", None)
