"""WhatsApp through Twilio's client against a stand-in, which is itself held to the official OpenAPI."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.standins.twilio_standin import ACCOUNT, TOKEN, TwilioStandin, standing_in
from domain.instant import MINUTE
from domain.sending import Content, Message, Sent, Unsent
from integrations.messaging.templates import Templates
from integrations.messaging.whatsapp import TwilioWhatsApp

OURS, THEIRS = "+358401110000", "+358401234567"
SID = "HX" + "0" * 32
APPROVED = Message("Hello Äiti, it comes at 17:40", content=Content(SID, {"1": "Äiti", "2": "17:40"}))


@pytest.fixture
async def twilio(tmp_path: Path) -> AsyncIterator[TwilioStandin]:
    async with standing_in(tmp_path / "sms") as standin:
        yield standin


@pytest.fixture
async def whatsapp(twilio: TwilioStandin) -> AsyncIterator[TwilioWhatsApp]:
    async with TwilioWhatsApp(ACCOUNT, TOKEN, OURS, twilio.url) as whatsapp:
        yield whatsapp


async def test_a_text_goes_to_the_number_on_whatsapp(twilio: TwilioStandin, whatsapp: TwilioWhatsApp) -> None:
    sent = await whatsapp.send(key="k", to=THEIRS, message=Message("Hyvää päivää"))

    assert sent == Sent(twilio.messages[0].sid)
    assert twilio.requests == [{"To": f"whatsapp:{THEIRS}", "From": f"whatsapp:{OURS}", "Body": "Hyvää päivää"}]


async def test_an_approved_template_goes_with_what_fills_its_gaps_and_without_a_text(
    twilio: TwilioStandin, whatsapp: TwilioWhatsApp
) -> None:
    await whatsapp.send(key="k", to=THEIRS, message=APPROVED)

    (sent,) = twilio.requests
    assert (sent["ContentSid"], json.loads(sent["ContentVariables"])) == (SID, {"1": "Äiti", "2": "17:40"})
    assert "Body" not in sent


async def test_a_messaging_service_sends_without_a_number_of_its_own(twilio: TwilioStandin) -> None:
    service = "MG" + "a" * 32
    async with TwilioWhatsApp(ACCOUNT, TOKEN, service, twilio.url) as whatsapp:
        await whatsapp.send(key="k", to=THEIRS, message=Message("x"))

    assert twilio.requests == [{"To": f"whatsapp:{THEIRS}", "MessagingServiceSid": service, "Body": "x"}]


async def test_what_became_of_it_is_reported_to_the_gateway_with_the_key_of_the_effect(twilio: TwilioStandin) -> None:
    async with TwilioWhatsApp(ACCOUNT, TOKEN, OURS, twilio.url, public_url="https://track.example.test") as whatsapp:
        await whatsapp.send(key="D-1/1/late/1/do.0/0/whatsapp", to=THEIRS, message=Message("x"))

    wanted = "https://track.example.test/v1/twilio/status?effect=D-1%2F1%2Flate%2F1%2Fdo.0%2F0%2Fwhatsapp"
    assert twilio.requests[0]["StatusCallback"] == wanted


@pytest.mark.parametrize("message", [Message("Hyvää päivää"), APPROVED], ids=["a text", "an approved template"])
async def test_an_earlier_message_is_found(twilio: TwilioStandin, whatsapp: TwilioWhatsApp, message: Message) -> None:
    sent = await whatsapp.send(key="k", to=THEIRS, message=message)
    made = twilio.messages[0].at

    assert await whatsapp.find(to=THEIRS, message=message, since=made) == sent
    assert await whatsapp.find(to=THEIRS, message=Message("another"), since=made) is None
    assert await whatsapp.find(to=THEIRS, message=message, since=made + 2 * MINUTE) is None


async def test_content_that_twilio_does_not_know_fails_for_good_and_says_where_to_look(whatsapp: TwilioWhatsApp) -> None:
    answer = await whatsapp.send(key="k", to=THEIRS, message=Message("x", content=Content("HX1")))

    assert isinstance(answer, Unsent)
    assert not answer.retry
    assert "check the content of the WhatsApp template's file" in answer.reason


def test_a_template_names_its_approved_one_and_what_fills_it(tmp_path: Path) -> None:
    head = f"---\ncontent: {SID}\n1: {{{{ customer.name }}}}\n2: {{{{ nothing }}}}\n---\n"
    (tmp_path / "late.whatsapp.en.liquid").write_text(head + "Hello {{ customer.name }}\n", "utf-8")

    context = {"customer": {"name": "Äiti\n Poika"}, "nothing": None}
    message = Templates(tmp_path).render("late", "whatsapp", language="fi", timezone="UTC", context=context)

    assert message == Message("Hello Äiti\n Poika", content=Content(SID, {"1": "Äiti Poika", "2": "-"}))
    assert Templates(tmp_path).variables("late") == ("customer.name", "nothing")


def test_a_template_without_front_matter_is_plain_text(tmp_path: Path) -> None:
    (tmp_path / "late.whatsapp.en.liquid").write_text("Hello", "utf-8")

    assert Templates(tmp_path).render("late", "whatsapp", language="en", timezone="UTC", context={}) == Message("Hello")


def test_an_approved_template_that_cannot_be_one_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "late.whatsapp.en.liquid").write_text("---\ncontent: HX1\n---\nHello", "utf-8")

    said = Templates(tmp_path).problems()["late.whatsapp.en.liquid"]

    assert said.startswith('late.whatsapp.en.liquid:2: "content:" must name an approved template')


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param({"sms": "by sms", "email": "Subject: s\nby mail"}, "by sms", id="that of an SMS"),
        pytest.param({"email": "Subject: s\nby mail"}, "by mail", id="that of a mail"),
    ],
)
def test_a_text_that_is_not_written_for_whatsapp_is_taken_from_another_channel(
    tmp_path: Path, files: dict[str, str], text: str
) -> None:
    for channel, written in files.items():
        (tmp_path / f"late.{channel}.en.liquid").write_text(written, "utf-8")

    message = Templates(tmp_path).render("late", "whatsapp", language="en", timezone="UTC", context={})

    assert message == Message(text)
