"""What is said of mail and SMS that are not set up is what happens."""

from pathlib import Path

import pytest

from cli.channels import not_set_up
from cli.doctor import LOOKS
from cli.finding import Finding
from cli.senders import mail_of, sms_of
from domain.sending import Message, Unsent
from settings import Settings, read_settings

NOTHING = Path("no-such-doorstep.toml")


def settings(**given: str) -> Settings:
    return read_settings(given, NOTHING)


def test_channels_without_settings_are_named_with_what_they_need_and_what_comes_of_it() -> None:
    said = not_set_up(settings())

    assert said == {
        "mail": "not set up (DOORSTEP_SMTP_URL): notices by mail fail",
        "SMS": "not set up (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and DOORSTEP_TWILIO_FROM): notices by SMS fail",
        "WhatsApp": "not set up (DOORSTEP_TWILIO_WHATSAPP_FROM): notices by WhatsApp go by SMS or mail",
    }


def test_channels_that_are_set_up_are_not_named() -> None:
    given = settings(DOORSTEP_SMTP_URL="smtp://127.0.0.1:2525", TWILIO_ACCOUNT_SID="AC1", DOORSTEP_TWILIO_WHATSAPP_FROM="+1")

    assert not_set_up(given) == {}


@pytest.mark.parametrize("what", ["mail", "SMS", "WhatsApp"])
async def test_the_doctor_says_the_same_of_a_channel_that_is_not_set_up(what: str, tmp_path: Path) -> None:
    given = settings(DOORSTEP_HOME=str(tmp_path))

    found = await LOOKS[what.lower()](given)

    assert found == Finding(what, True, not_set_up(given)[what])


async def test_a_notice_by_a_channel_that_is_not_set_up_fails_at_once() -> None:
    mail = await mail_of(settings()).send(key="k", to="a@example.test", message=Message(text="late", subject="late"))
    sms = await sms_of(settings()).send(key="k", to="+358401234567", message=Message("late"))

    assert isinstance(mail, Unsent)
    assert isinstance(sms, Unsent)
    assert (mail.retry, sms.retry) == (False, False)
