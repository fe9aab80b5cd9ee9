"""SMS through Twilio's client against a stand-in, which is itself held to the official OpenAPI."""

import json
import os
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cli.standins.twilio_resource import resource
from cli.standins.twilio_standin import ACCOUNT, TOKEN, Trouble, TwilioStandin, sent_in, standing_in
from domain.instant import MINUTE, SECOND
from domain.sending import Content, Message, Sent, Unsent
from integrations.messaging.sms import TwilioSms
from integrations.messaging.whatsapp import TwilioWhatsApp

OURS, THEIRS = "+358401110000", "+358401234567"
SPEC = Path(__file__).parents[2] / os.environ.get("DOORSTEP_TEST_DATA", "../shared/data") / "specs" / "twilio_api_v2010.json"


@pytest.fixture
async def twilio(tmp_path: Path) -> AsyncIterator[TwilioStandin]:
    async with standing_in(tmp_path / "sms") as standin:
        yield standin


@pytest.fixture
async def sms(twilio: TwilioStandin) -> AsyncIterator[TwilioSms]:
    async with TwilioSms(ACCOUNT, TOKEN, OURS, twilio.url) as sms:
        yield sms


@pytest.fixture(scope="session")
def spec() -> dict[str, Any]:
    if not SPEC.exists():
        pytest.skip(f"Twilio's OpenAPI is not at {SPEC}; set DOORSTEP_TEST_DATA to the folder that has specs/")
    return dict(json.loads(SPEC.read_text("utf-8")))


async def test_a_text_is_taken_by_twilio_under_a_sid(twilio: TwilioStandin, sms: TwilioSms) -> None:
    sent = await sms.send(key="k", to=THEIRS, message=Message("Hyvää päivää €"))

    assert sent == Sent(twilio.messages[0].sid)
    assert (twilio.messages[0].to, twilio.messages[0].sender, twilio.messages[0].body) == (THEIRS, OURS, "Hyvää päivää €")
    assert sent_in(twilio.file) == twilio.messages


async def test_a_messaging_service_sends_without_a_number_of_its_own(twilio: TwilioStandin) -> None:
    service = "MG" + "a" * 32
    async with TwilioSms(ACCOUNT, TOKEN, service, twilio.url) as sms:
        await sms.send(key="k", to=THEIRS, message=Message("x"))

    assert twilio.requests == [{"To": THEIRS, "MessagingServiceSid": service, "Body": "x"}]


async def test_an_earlier_message_is_found_by_recipient_text_and_time(twilio: TwilioStandin, sms: TwilioSms) -> None:
    sent = await sms.send(key="k", to=THEIRS, message=Message("your parcel is late"))
    made = twilio.messages[0].at

    assert await sms.find(to=THEIRS, message=Message("your parcel is late"), since=made) == sent
    assert await sms.find(to=THEIRS, message=Message("another text"), since=made) is None
    assert await sms.find(to=OURS, message=Message("your parcel is late"), since=made) is None
    assert await sms.find(to=THEIRS, message=Message("your parcel is late"), since=made + 2 * MINUTE) is None


async def test_an_earlier_message_is_found_behind_the_words_of_a_trial_account(twilio: TwilioStandin, sms: TwilioSms) -> None:
    await sms.send(key="k", to=THEIRS, message=Message("Sent from your Twilio trial account - late"))

    found = await sms.find(to=THEIRS, message=Message("late"), since=twilio.messages[0].at)

    assert found == Sent(twilio.messages[0].sid)


async def test_an_earlier_message_is_found_on_a_later_page(twilio: TwilioStandin, sms: TwilioSms) -> None:
    for number in range(60):
        twilio.keep({"To": THEIRS, "From": OURS, "Body": f"text {number}"})

    found = await sms.find(to=THEIRS, message=Message("text 3"), since=twilio.messages[3].at)

    assert found == Sent(twilio.messages[3].sid)


@pytest.mark.parametrize(
    ("trouble", "unsent"),
    [
        pytest.param(
            Trouble(429, 20429, retry_after_s=7), (True, 7 * SECOND, False, "asks us to slow down"), id="429 with Retry-After"
        ),
        pytest.param(Trouble(429, 20429), (True, SECOND, False, "asks us to slow down"), id="429 without"),
        pytest.param(Trouble(500, 20500), (True, None, True, "has trouble (500)"), id="500 may have been sent"),
        pytest.param(Trouble(503, 20503), (True, None, False, "has trouble (503)"), id="503 was not"),
        pytest.param(Trouble(400, 21610), (False, None, False, "the recipient has opted out"), id="opted out"),
        pytest.param(
            Trouble(400, 99999), (False, None, False, "see https://www.twilio.com/docs/errors/99999"), id="an unknown code"
        ),
    ],
)
async def test_what_twilio_answers_decides_whether_it_is_tried_again(
    twilio: TwilioStandin, sms: TwilioSms, trouble: Trouble, unsent: tuple[bool, int | None, bool, str]
) -> None:
    twilio.troubles.append(trouble)

    answer = await sms.send(key="k", to=THEIRS, message=Message("x"))

    assert isinstance(answer, Unsent)
    assert (answer.retry, answer.after, answer.in_doubt) == unsent[:3]
    assert unsent[3] in answer.reason
    assert THEIRS not in answer.reason


async def test_a_number_that_twilio_does_not_know_fails_for_good_without_naming_it(sms: TwilioSms) -> None:
    answer = await sms.send(key="k", to="+35", message=Message("x"))

    assert answer == Unsent(
        "Twilio refused the message for good (400, code 21211): the recipient's number is not valid", retry=False
    )


async def test_wrong_credentials_are_said_without_them(twilio: TwilioStandin) -> None:
    async with TwilioSms(ACCOUNT, "hunter2", OURS, twilio.url) as sms:
        answer = await sms.send(key="k", to=THEIRS, message=Message("x"))

    assert isinstance(answer, Unsent)
    assert (answer.retry, answer.after) == (True, 60 * SECOND)
    assert "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN" in answer.reason
    assert "hunter2" not in answer.reason
    assert twilio.messages == []


async def test_a_twilio_that_is_not_there_was_certainly_not_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

    async with TwilioSms(ACCOUNT, TOKEN, OURS, url) as sms:
        answer = await sms.send(key="k", to=THEIRS, message=Message("x"))

    assert answer == Unsent(
        f"Twilio at {url} cannot be reached: connection refused; the message is kept and tried again", retry=True
    )


async def test_a_twilio_that_says_nothing_may_have_sent_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        async with TwilioSms(ACCOUNT, TOKEN, OURS, url, timeout=100) as sms:
            answer = await sms.send(key="k", to=THEIRS, message=Message("x"))

    assert isinstance(answer, Unsent)
    assert (answer.retry, answer.in_doubt) == (True, True)
    assert "did not answer in time" in answer.reason


async def test_what_we_send_has_the_names_that_the_official_spec_has(twilio: TwilioStandin, spec: dict[str, Any]) -> None:
    create = spec["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"]
    form = create["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    public = "https://track.example.test"
    async with (
        TwilioSms(ACCOUNT, TOKEN, OURS, twilio.url, public_url=public) as sms,
        TwilioWhatsApp(ACCOUNT, TOKEN, OURS, twilio.url, public_url=public) as whatsapp,
    ):
        await sms.send(key="k", to=THEIRS, message=Message("x"))
        await whatsapp.send(key="k", to=THEIRS, message=Message("x", content=Content("HX" + "0" * 32, {"1": "x"})))

    assert len(twilio.requests) == 2
    for sent in twilio.requests:
        assert sent.keys() <= form["properties"].keys()
        assert sent.keys() >= set(form["required"])
    assert re.fullmatch(form["properties"]["ContentSid"]["pattern"], twilio.requests[1]["ContentSid"])


@pytest.mark.parametrize("public", ["", "http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"])
async def test_twilio_is_not_told_to_report_to_where_it_cannot_come(twilio: TwilioStandin, public: str) -> None:
    async with TwilioSms(ACCOUNT, TOKEN, OURS, twilio.url, public_url=public) as sms:
        await sms.send(key="k", to=THEIRS, message=Message("x"))

    assert "StatusCallback" not in twilio.requests[0]


async def test_what_became_of_a_text_is_reported_to_the_gateway_with_the_key_of_the_effect(twilio: TwilioStandin) -> None:
    async with TwilioSms(ACCOUNT, TOKEN, OURS, twilio.url, public_url="https://track.example.test") as sms:
        await sms.send(key="D-1/1/late/1/do.0/0/sms", to=THEIRS, message=Message("x"))

    wanted = "https://track.example.test/v1/twilio/status?effect=D-1%2F1%2Flate%2F1%2Fdo.0%2F0%2Fsms"
    assert twilio.requests[0]["StatusCallback"] == wanted


def test_what_the_stand_in_answers_has_the_names_and_forms_that_the_official_spec_has(
    tmp_path: Path, spec: dict[str, Any]
) -> None:
    fields = spec["components"]["schemas"]["api.v2010.account.message"]["properties"]

    shown = resource(TwilioStandin(tmp_path).keep({"To": THEIRS, "From": OURS, "Body": "x"}), ACCOUNT)

    assert shown.keys() == fields.keys()
    assert all(re.fullmatch(fields[name]["pattern"], shown[name]) for name in ("sid", "account_sid"))
    assert shown["status"] in spec["components"]["schemas"]["message_enum_status"]["enum"]


def test_the_list_of_the_stand_in_is_narrowed_by_the_names_of_the_official_spec(spec: dict[str, Any]) -> None:
    asked = spec["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["get"]["parameters"]

    assert {"To", "From", "DateSent", "DateSent<", "DateSent>", "PageSize", "Page"} <= {parameter["name"] for parameter in asked}
