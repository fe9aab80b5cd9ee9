"""Telling people: each channel once, whatever happens in between."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.channels import Channels, e164
from activities.notify import Notifying
from cli.standins.mail_catcher import MailCatcher, catching
from cli.standins.twilio_standin import ACCOUNT, TOKEN, Trouble, TwilioStandin, standing_in
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.contact import Contact
from domain.instant import HOUR, MINUTE, SECOND, Instant, Span
from domain.order import Customer, Destination
from domain.sending import Message, Sending, Sent, Unsent
from domain.status import Kind
from integrations.messaging.mail import SmtpMail, mail_server
from integrations.messaging.silent import NoWhatsApp
from integrations.messaging.sms import TwilioSms
from integrations.messaging.templates import Templates
from store.database import Database
from store.ledger import Claim, Ledger, Standing
from store.opt_outs import OptOuts
from workflows.clock import wall_clock

NOON = 1_795_500_000_000
KEY = "D-1001/1/late/1/do.0/0"
AWAY = Unsent("mail server 127.0.0.1:2525 cannot be reached: connection refused; the message is kept and tried again", retry=True)
CUSTOMER = Customer(name="Äiti", email="aiti@example.test", phone="040 123 4567", language="fi")


@dataclass
class Clock:
    """Stands still until it is told to go on."""

    now: Instant = NOON

    def __call__(self) -> Instant:
        return self.now

    def after(self, span: Span) -> None:
        self.now += span


@dataclass
class FakeLedger:
    """Claims in a dict, by the rules of the real one."""

    claims: dict[str, Claim] = field(default_factory=dict)
    released: dict[str, str] = field(default_factory=dict)

    async def claim(self, key: str, *, action: str, delivery_id: str, incident_id: str, deadline: Instant, now: Instant) -> Claim:
        before = self.claims.get(key)
        if before is None or key in self.released:
            self.released.pop(key, None)
            attempt = before.attempt + 1 if before else 1
            self.claims[key] = Claim(Standing.GRANTED, key, attempt, now, deadline)
        elif before.outcome is not None:
            self.claims[key] = replace(before, standing=Standing.CLOSED)
        elif now < before.deadline:
            return replace(before, standing=Standing.IN_FLIGHT)
        else:
            self.claims[key] = replace(before, standing=Standing.IN_DOUBT, attempt=before.attempt + 1, deadline=deadline)
        return self.claims[key]

    async def close(
        self,
        key: str,
        attempt: int,
        outcome: Outcome,
        *,
        now: Instant,
        provider_ref: str | None = None,
        note: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        self.claims[key] = replace(self.claims[key], outcome=outcome, provider_ref=provider_ref, note=note, detail=detail)

    async def release(self, key: str, attempt: int, error: str) -> None:
        self.released[key] = error

    async def doubt(self, key: str, attempt: int, error: str, *, now: Instant) -> None:
        self.claims[key] = replace(self.claims[key], deadline=now)


@dataclass
class FakeMail:
    """Answers from a list, then always takes the message."""

    answers: list[Sending] = field(default_factory=list)
    sent: list[tuple[str, str, Message]] = field(default_factory=list)

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        self.sent.append((key, to, message))
        return self.answers.pop(0) if self.answers else Sent(f"<{key}>")


@dataclass
class FakeSms:
    """As FakeMail; `earlier` is what is found when it is asked for."""

    answers: list[Sending] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    earlier: Sent | Unsent | None = None
    asked_for: list[tuple[str, Instant]] = field(default_factory=list)

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        self.sent.append((to, message.text))
        self.messages.append(message)
        return self.answers.pop(0) if self.answers else Sent(f"SM{len(self.sent)}")

    async def find(self, *, to: str, message: Message, since: Instant) -> Sent | Unsent | None:
        self.asked_for.append((to, since))
        return self.earlier


@dataclass(frozen=True)
class Known:
    """By what somebody opted out."""

    because: str


@dataclass
class FakeOptOuts:
    """Who wants no messages, by channel and address."""

    known: dict[tuple[str, str], str] = field(default_factory=dict)

    async def opted_out(self, channel: str, address: str) -> Known | None:
        because = self.known.get((channel, address))
        return Known(because) if because else None

    async def opt_out(self, channel: str, address: str, *, because: str, now: Instant) -> None:
        self.known[channel, address] = because


@dataclass
class FakeReports:
    """The provider's names of messages on which it has reported, by the key of the effect."""

    known: dict[str, str] = field(default_factory=dict)

    async def reference_of(self, key: str) -> str | None:
        return self.known.get(key)


@dataclass
class FakeContacts:
    """One driver and one of our people."""

    async def driver(self, driver_id: str) -> Contact | None:
        return {"V7": Contact(phone="+358407654321")}.get(driver_id)

    async def person(self, name: str) -> Contact | None:
        return {"shift-lead": Contact(email="lead@example.test")}.get(name)

    async def on_call(self, turn: int, at: Instant, timezone: str) -> tuple[str, Contact] | None:
        return None


@dataclass
class Desk:
    """A Notifying with everything that it was handed."""

    templates: Templates
    mail: FakeMail = field(default_factory=FakeMail)
    sms: FakeSms = field(default_factory=FakeSms)
    whatsapp: FakeSms = field(default_factory=FakeSms)
    opt_outs: FakeOptOuts = field(default_factory=FakeOptOuts)
    reported: FakeReports = field(default_factory=FakeReports)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    clock: Clock = field(default_factory=Clock)

    async def notify(self, request: ActionRequest) -> ActionResult:
        channels = Channels(self.mail, self.sms, self.whatsapp, self.templates, self.opt_outs, self.clock, reported=self.reported)
        return await Notifying(channels, self.ledger, FakeContacts(), self.clock).notify(request)


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    (tmp_path / "late.sms.fi.liquid").write_text("Myöhässä {{ delivery_id }}", "utf-8")
    (tmp_path / "late.email.en.liquid").write_text("Subject: Late {{ delivery_id }}\nSorry, {{ customer.name }}.", "utf-8")
    (tmp_path / "broken.sms.en.liquid").write_text("{{ nobody }}", "utf-8")
    return Templates(tmp_path)


@pytest.fixture
def desk(templates: Templates) -> Desk:
    return Desk(templates)


def asked(
    who: str = "customer", template: str = "late", channels: tuple[str, ...] = ("sms", "email"), **more: Any
) -> ActionRequest:
    request = ActionRequest(
        key=KEY,
        incident_id="D-1001:1:late:1",
        rule="late",
        says="The promise has passed",
        severity="high",
        delivery_id="D-1001",
        generation=1,
        args={"who": who, "template": template, "channels": list(channels)},
        customer=CUSTOMER,
        destination=Destination("Europe/Helsinki", country="FI"),
        carrier="acme",
        asked_at=NOON,
        context={"delivery_id": "D-1001", "customer": {"name": "Äiti"}},
    )
    return replace(request, **more)


async def test_a_customer_is_told_on_every_channel_in_their_own_language(desk: Desk) -> None:
    result = await desk.notify(asked())

    assert result.outcome is Outcome.DONE
    assert result.note == "sms sent; email sent"
    assert desk.sms.sent == [("+358401234567", "Myöhässä D-1001")]
    assert desk.mail.sent == [(f"{KEY}/email", "aiti@example.test", Message("Sorry, Äiti.\n", "Late D-1001"))]


async def test_each_message_is_an_event_whose_id_comes_from_its_key(desk: Desk) -> None:
    result = await desk.notify(asked())

    assert [event.event_id for event in result.events] == [f"{KEY}/sms", f"{KEY}/email"]
    assert {(event.kind, event.source, event.occurred_at) for event in result.events} == {(Kind.NOTIFIED, "doorstep", NOON)}
    assert result.events[0].detail == {"template": "late", "channel": "sms", "to": "customer"}


async def test_without_channels_in_the_rule_mail_is_used(desk: Desk) -> None:
    await desk.notify(replace(asked(), args={"who": "customer", "template": "late"}))

    assert (len(desk.mail.sent), len(desk.sms.sent)) == (1, 0)


async def test_a_channel_that_was_done_is_not_used_again_when_the_other_is_retried(desk: Desk) -> None:
    desk.mail.answers.append(AWAY)
    with pytest.raises(
        ApplicationError, match=r"mail server 127\.0\.0\.1:2525 cannot be reached: connection refused; the message is kept"
    ):
        await desk.notify(asked())
    desk.clock.after(MINUTE)

    result = await desk.notify(asked())

    assert (len(desk.sms.sent), len(desk.mail.sent)) == (1, 2)
    assert [event.occurred_at for event in result.events] == [NOON, NOON + MINUTE]


async def test_the_error_of_an_unreachable_server_is_retried_by_temporal_and_names_no_person(desk: Desk) -> None:
    desk.mail.answers.append(AWAY)

    with pytest.raises(ApplicationError, match="cannot be reached") as raised:
        await desk.notify(asked(channels=("email",)))

    assert (raised.value.type, raised.value.non_retryable, raised.value.next_retry_delay) == ("Unreachable", False, None)
    assert desk.ledger.released == {f"{KEY}/email": AWAY.reason}


async def test_the_wait_that_a_provider_asks_for_is_kept(desk: Desk) -> None:
    desk.sms.answers.append(Unsent("slow down", retry=True, after=7 * SECOND))

    with pytest.raises(ApplicationError, match="slow down") as raised:
        await desk.notify(asked(channels=("sms",)))

    assert raised.value.next_retry_delay == timedelta(seconds=7)


async def test_an_sms_in_doubt_is_not_sent_again_when_twilio_has_it(desk: Desk) -> None:
    desk.sms.answers.append(Unsent("no answer in time", retry=True, in_doubt=True))
    with pytest.raises(ApplicationError, match="no answer in time"):
        await desk.notify(asked(channels=("sms",)))
    desk.sms.earlier = Sent("SM-earlier")

    result = await desk.notify(asked(channels=("sms",)))

    assert result.outcome is Outcome.DONE
    assert len(desk.sms.sent) == 1
    assert desk.sms.asked_for == [("+358401234567", NOON)]
    assert desk.ledger.claims[f"{KEY}/sms"].provider_ref == "SM-earlier"


async def test_an_sms_in_doubt_on_which_twilio_has_reported_was_sent_for_sure(desk: Desk) -> None:
    desk.sms.answers.append(Unsent("no answer in time", retry=True, in_doubt=True))
    with pytest.raises(ApplicationError, match="no answer in time"):
        await desk.notify(asked(channels=("sms",)))
    desk.reported.known[f"{KEY}/sms"] = "SM-reported"

    result = await desk.notify(asked(channels=("sms",)))

    assert (result.outcome, len(desk.sms.sent), desk.sms.asked_for) == (Outcome.DONE, 1, [])
    assert desk.ledger.claims[f"{KEY}/sms"].provider_ref == "SM-reported"


async def test_an_sms_in_doubt_is_sent_again_when_twilio_does_not_have_it(desk: Desk) -> None:
    desk.sms.answers.append(Unsent("no answer in time", retry=True, in_doubt=True))
    with pytest.raises(ApplicationError, match="no answer in time"):
        await desk.notify(asked(channels=("sms",)))

    result = await desk.notify(asked(channels=("sms",)))

    assert (result.outcome, len(desk.sms.sent)) == (Outcome.DONE, 2)


async def test_an_sms_stays_in_doubt_while_twilio_cannot_be_asked(desk: Desk) -> None:
    desk.sms.answers.append(Unsent("no answer in time", retry=True, in_doubt=True))
    desk.sms.earlier = Unsent("still away", retry=True)
    with pytest.raises(ApplicationError, match="no answer in time"):
        await desk.notify(asked(channels=("sms",)))
    with pytest.raises(ApplicationError, match="still away"):
        await desk.notify(asked(channels=("sms",)))
    desk.sms.earlier = Sent("SM-earlier")

    await desk.notify(asked(channels=("sms",)))

    assert len(desk.sms.sent) == 1


async def test_a_try_that_may_be_under_way_elsewhere_is_waited_for(desk: Desk) -> None:
    await desk.ledger.claim(
        f"{KEY}/email", action="notify.email", delivery_id="D-1001", incident_id="i", deadline=NOON + 20 * SECOND, now=NOON
    )

    with pytest.raises(ApplicationError, match="an earlier try may still be under way") as raised:
        await desk.notify(asked(channels=("email",)))

    assert raised.value.next_retry_delay == timedelta(seconds=20)
    assert desk.mail.sent == []


async def test_a_mail_in_doubt_is_sent_again_under_the_same_key(desk: Desk) -> None:
    await desk.ledger.claim(f"{KEY}/email", action="notify.email", delivery_id="D-1001", incident_id="i", deadline=NOON, now=NOON)

    result = await desk.notify(asked(channels=("email",)))

    assert result.outcome is Outcome.DONE
    assert desk.mail.sent[0][0] == f"{KEY}/email"


async def test_one_channel_done_and_the_other_failed_for_good_is_done_with_a_note(desk: Desk) -> None:
    desk.mail.answers.append(Unsent("mail server m:25 refused the message for good (550 5.1.1)", retry=False))

    result = await desk.notify(asked())

    assert result.outcome is Outcome.DONE
    assert result.note == "sms sent; email not sent: mail server m:25 refused the message for good (550 5.1.1)"
    assert len(result.events) == 1


async def test_a_refusal_for_good_is_not_tried_again(desk: Desk) -> None:
    desk.mail.answers.append(Unsent("refused for good", retry=False))

    mail_only = replace(CUSTOMER, channels=("email",))
    first = await desk.notify(asked(channels=("email",), customer=mail_only))
    second = await desk.notify(asked(channels=("email",), customer=mail_only))

    assert first == second == ActionResult(Outcome.FAILED, "email not sent: refused for good")
    assert len(desk.mail.sent) == 1


@pytest.mark.parametrize("phone", ["12345", "call me", "+999 123", "+358 00"])
async def test_a_number_that_is_none_fails_that_channel_without_naming_it(desk: Desk, phone: str) -> None:
    result = await desk.notify(asked(customer=replace(CUSTOMER, phone=phone)))

    assert result.outcome is Outcome.DONE
    assert result.note.startswith(
        "sms not sent: the phone number is not valid; correct it in the order or the directory; email sent"
    )
    assert phone not in result.note
    assert desk.sms.sent == []


@pytest.mark.parametrize(
    ("customer", "note"),
    [
        pytest.param(Customer(), "sms not sent: no phone number to use; email not sent: no e-mail address to use", id="no address"),
        pytest.param(replace(CUSTOMER, channels=()), "sms not sent: no phone number to use; email not sent: no e-mail address to use", id="wants none"),
        pytest.param(replace(CUSTOMER, channels=("sms",)), "sms sent; email not sent: no e-mail address to use", id="wants SMS only"),
    ],
)  # fmt: skip
async def test_a_customer_is_written_to_only_where_they_can_and_want_to_be(desk: Desk, customer: Customer, note: str) -> None:
    result = await desk.notify(asked(customer=customer))

    assert result.note == note
    assert result.outcome is (Outcome.DONE if "sms sent" in note else Outcome.FAILED)


async def test_the_driver_and_our_own_people_are_told_where_they_can_be_reached(desk: Desk) -> None:
    driver = await desk.notify(asked(who="driver", driver_id="V7"))
    lead = await desk.notify(asked(who="shift-lead", key="another/key"))

    assert (driver.outcome, lead.outcome) == (Outcome.DONE, Outcome.DONE)
    assert desk.sms.sent[0][0] == "+358407654321"
    assert desk.mail.sent[0][1] == "lead@example.test"


@pytest.mark.parametrize(
    ("who", "driver_id", "note"),
    [
        ("driver", None, "nobody to tell: no driver is assigned"),
        ("driver", "V8", "nobody to tell: driver V8 is not known; add them to the drivers"),
        ("duty-manager", None, "nobody to tell: duty-manager is not known; add them to people in directory.yaml"),
    ],
)
async def test_somebody_who_is_not_known_cannot_be_told(desk: Desk, who: str, driver_id: str | None, note: str) -> None:
    assert await desk.notify(asked(who=who, driver_id=driver_id)) == ActionResult(Outcome.FAILED, note)


@pytest.mark.parametrize(
    ("template", "said"),
    [("broken", "'nobody' is undefined"), ("missing", "there is no template 'missing'; there are broken, late")],
)
async def test_a_template_that_cannot_be_filled_in_is_a_failure_that_says_so(desk: Desk, template: str, said: str) -> None:
    result = await desk.notify(asked(template=template, channels=("sms",)))

    assert result.outcome is Outcome.FAILED
    assert said in result.note


NUMBER = "+358401234567"
REFUSED = Unsent("refused for good", retry=False)
EVERY_WAY = replace(CUSTOMER, channels=("sms", "email", "whatsapp"))


async def test_a_customer_who_agreed_to_it_is_told_by_whatsapp(desk: Desk) -> None:
    result = await desk.notify(asked(channels=("whatsapp",), customer=EVERY_WAY))

    assert (result.outcome, result.note) == (Outcome.DONE, "whatsapp sent")
    assert desk.whatsapp.sent == [(NUMBER, "Myöhässä D-1001")]
    assert (desk.sms.sent, desk.mail.sent) == ([], [])


async def test_who_did_not_agree_to_whatsapp_is_told_by_what_they_agreed_to(desk: Desk) -> None:
    result = await desk.notify(asked(channels=("whatsapp",)))

    assert result.note == "whatsapp not sent: no phone number to use; sms sent"
    assert desk.whatsapp.sent == []


async def test_an_sms_that_fails_for_good_falls_back_to_mail(desk: Desk) -> None:
    desk.sms.answers.append(REFUSED)

    result = await desk.notify(asked(channels=("sms",)))

    assert (result.outcome, result.note) == (Outcome.DONE, "sms not sent: refused for good; email sent")
    assert [event.detail["channel"] for event in result.events] == ["email"]


async def test_the_other_ways_are_tried_in_the_customers_own_order_until_one_is_done(desk: Desk) -> None:
    desk.mail.answers.append(REFUSED)
    desk.whatsapp.answers.append(REFUSED)

    result = await desk.notify(asked(channels=("email",), customer=replace(CUSTOMER, channels=("whatsapp", "sms", "email"))))

    assert result.note == "email not sent: refused for good; whatsapp not sent: refused for good; sms sent"


async def test_no_other_way_is_used_while_the_one_that_is_named_may_still_be_done(desk: Desk) -> None:
    desk.mail.answers.append(AWAY)

    with pytest.raises(ApplicationError, match="cannot be reached"):
        await desk.notify(asked(channels=("email",)))

    assert desk.sms.sent == []


async def test_a_driver_is_not_written_to_by_whatsapp_which_nobody_agreed_to(desk: Desk) -> None:
    result = await desk.notify(asked(who="driver", driver_id="V7", channels=("whatsapp",)))

    assert result.note == "whatsapp not sent: no phone number to use; sms sent"
    assert desk.whatsapp.sent == []


async def test_a_channel_that_was_tried_before_and_did_not_arrive_is_left_out(desk: Desk) -> None:
    result = await desk.notify(asked(channels=("sms",), tried=("sms",)))

    assert result.note == "not delivered by sms; email sent"
    assert desk.sms.sent == []


async def test_when_every_way_was_tried_before_nobody_is_told(desk: Desk) -> None:
    result = await desk.notify(asked(tried=("sms", "email")))

    assert result == ActionResult(Outcome.FAILED, "not delivered by sms, email, and there is no other way")


async def test_who_opted_out_of_a_channel_is_told_by_another(desk: Desk) -> None:
    desk.opt_outs.known["sms", NUMBER] = "replied STOP"

    result = await desk.notify(asked(channels=("sms",)))

    assert result.note == "sms withheld: SMS are not wanted there: replied STOP; email sent"
    assert (result.outcome, desk.sms.sent, len(desk.mail.sent)) == (Outcome.DONE, [], 1)


async def test_who_opted_out_of_every_channel_is_told_nothing_on_purpose(desk: Desk) -> None:
    desk.opt_outs.known = {("sms", NUMBER): "replied STOP", ("email", "aiti@example.test"): "complained"}

    result = await desk.notify(asked())

    withheld = "sms withheld: SMS are not wanted there: replied STOP; email withheld: mail are not wanted there: complained"
    assert result == ActionResult(Outcome.WITHHELD, withheld.replace("mail are", "mail is"))
    assert (desk.sms.sent, desk.mail.sent) == ([], [])


async def test_a_channel_by_which_the_customer_replied_stop_is_not_used_on_this_delivery(desk: Desk) -> None:
    one = await desk.notify(asked(channels=("sms",), stopped=("sms",)))
    every = await desk.notify(asked(stopped=("",), key="another/key"))

    assert one.note == "sms withheld: the customer replied that they want no more messages; email sent"
    assert (every.outcome, desk.sms.sent) == (Outcome.WITHHELD, [])


async def test_a_driver_is_told_whatever_the_customer_wants(desk: Desk) -> None:
    result = await desk.notify(asked(who="driver", driver_id="V7", channels=("sms",), stopped=("",)))

    assert result.note == "sms sent"


@pytest.mark.parametrize(
    ("wrote_at", "is_approved"),
    [
        pytest.param(None, True, id="who never wrote"),
        pytest.param(NOON - 24 * HOUR, True, id="who wrote a day ago"),
        pytest.param(NOON - 24 * HOUR + 5 * MINUTE, True, id="who wrote so long ago that the day may end on the way"),
        pytest.param(NOON - 24 * HOUR + 5 * MINUTE + 1, False, id="who wrote within the day"),
    ],
)
async def test_only_who_wrote_by_whatsapp_within_a_day_is_answered_in_our_own_words(
    desk: Desk, tmp_path: Path, wrote_at: Instant | None, is_approved: bool
) -> None:
    front = f"---\ncontent: HX{'0' * 32}\n1: x\n---\n"
    (tmp_path / "late.whatsapp.en.liquid").write_text(front + "Hello", "utf-8")
    desk.templates = Templates(tmp_path)

    await desk.notify(asked(channels=("whatsapp",), customer=EVERY_WAY, wrote_at=wrote_at))

    assert (desk.whatsapp.messages[0].content is not None) == is_approved


async def test_one_way_not_wanted_and_the_other_failed_is_a_failure(desk: Desk) -> None:
    desk.opt_outs.known["sms", NUMBER] = "replied STOP"
    desk.mail.answers.append(REFUSED)

    assert (await desk.notify(asked())).outcome is Outcome.FAILED


async def test_who_has_opted_out_at_the_provider_is_remembered_as_such(desk: Desk) -> None:
    desk.sms.answers.append(Unsent("the recipient has opted out", retry=False, opted_out=True))

    first = await desk.notify(asked(channels=("sms",)))
    again = await desk.notify(asked(channels=("sms",), key="D-1001/1/late/2/do.0/0"))

    assert first.note == "sms withheld: the recipient has opted out; email sent"
    assert again.note == "sms withheld: SMS are not wanted there: the provider says so; email sent"
    assert len(desk.sms.sent) == 1


async def test_a_message_that_may_have_gone_out_before_the_opt_out_is_looked_for(desk: Desk) -> None:
    desk.sms.answers.append(Unsent("no answer in time", retry=True, in_doubt=True))
    with pytest.raises(ApplicationError, match="no answer in time"):
        await desk.notify(asked(channels=("sms",)))
    desk.opt_outs.known["sms", NUMBER] = "replied STOP"
    desk.sms.earlier = Sent("SM-earlier")

    result = await desk.notify(asked(channels=("sms",)))

    assert (result.outcome, len(desk.sms.sent)) == (Outcome.DONE, 1)


@pytest.mark.parametrize(
    ("phone", "country", "number"),
    [
        ("040 123 4567", "FI", "+358401234567"),
        ("+358 40 123 4567", None, "+358401234567"),
        ("0151 12345678", "DE", "+4915112345678"),
        ("040 123 4567", None, None),
        ("112", "FI", None),
        ("", "FI", None),
    ],
)
def test_numbers_are_read_as_people_of_the_country_write_them(phone: str, country: str | None, number: str | None) -> None:
    assert e164(phone, country) == number


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[MailCatcher]:
    async with catching(tmp_path / "mail") as catcher:
        yield catcher


@pytest.fixture
async def twilio(tmp_path: Path) -> AsyncIterator[TwilioStandin]:
    async with standing_in(tmp_path / "sms") as standin:
        yield standin


@pytest.fixture
async def sms(twilio: TwilioStandin) -> AsyncIterator[TwilioSms]:
    async with TwilioSms(ACCOUNT, TOKEN, "+358401110000", twilio.url) as sms:
        yield sms


async def test_with_real_servers_and_a_real_ledger_each_channel_is_used_once(
    sqlite_database: Database, catcher: MailCatcher, twilio: TwilioStandin, sms: TwilioSms, templates: Templates
) -> None:
    clock = Clock(twilio_now())
    mail = SmtpMail(mail_server(f"smtp://127.0.0.1:{catcher.port}"), "no-reply@example.test", clock)
    channels = Channels(mail, sms, NoWhatsApp(), templates, OptOuts(sqlite_database), clock)
    notifying = Notifying(channels, Ledger(sqlite_database), FakeContacts(), clock)
    catcher.answers["aiti@example.test"] = "451 4.3.0 later"
    twilio.troubles.append(Trouble(500, 20500, taken=True))
    with pytest.raises(ApplicationError, match=r"has trouble \(500\).*cannot take the message now"):
        await notifying.notify(asked())
    catcher.answers.clear()

    result = await notifying.notify(asked())
    again = await notifying.notify(asked())

    assert (result.outcome, result.note) == (Outcome.DONE, "sms sent; email sent")
    assert again == result
    assert [message.body for message in twilio.messages] == ["Myöhässä D-1001"]
    assert [mail.to for mail in catcher.mails] == ["aiti@example.test"]


def twilio_now() -> Instant:
    """The stand-in keeps the time of the machine, and so must who looks for what it sent."""
    return wall_clock()
