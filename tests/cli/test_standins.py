"""The stand-ins as programs, and what they show."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx
import pytest

from cli.standins.mail_catcher import Login, catching
from cli.standins.twilio_standin import ACCOUNT, TOKEN, TwilioStandin, standing_in
from cli.standins.web import Shown, page
from domain.sending import Message
from integrations.messaging.mail import SmtpMail, mail_server
from integrations.messaging.sms import TwilioSms

NOON = 1_795_500_000_000


def mail_to(port: int) -> SmtpMail:
    return SmtpMail(mail_server(f"smtp://127.0.0.1:{port}"), "no-reply@example.test", lambda: NOON)


async def test_what_was_caught_is_shown_on_a_page_and_still_known_after_a_restart(tmp_path: Path) -> None:
    async with catching(tmp_path, web_port=0) as catcher, httpx.AsyncClient() as browser:
        await mail_to(catcher.port).send(key="k", to="a@example.test", message=Message("<b>late</b>", "Late & sorry"))
        shown = (await browser.get(f"http://127.0.0.1:{catcher.web_port}/")).text

    async with catching(tmp_path) as again:
        assert [mail.subject for mail in again.mails] == ["Late & sorry"]
    assert "Late &amp; sorry" in shown
    assert "&lt;b&gt;late&lt;/b&gt;" in shown
    assert "a@example.test" in shown


async def test_what_twilio_was_told_is_shown_on_a_page_and_found_after_a_restart(tmp_path: Path) -> None:
    async with (
        standing_in(tmp_path) as twilio,
        httpx.AsyncClient() as browser,
        TwilioSms(ACCOUNT, TOKEN, "+358401110000", twilio.url) as sms,
    ):
        sent = await sms.send(key="k", to="+358401234567", message=Message("late & sorry"))
        shown = (await browser.get(twilio.url)).text

    async with standing_in(tmp_path) as again, TwilioSms(ACCOUNT, TOKEN, "+358401110000", again.url) as sms:
        found = await sms.find(to="+358401234567", message=Message("late & sorry"), since=again.messages[0].at)
    assert "late &amp; sorry" in shown
    assert found == sent


async def test_a_login_without_tls_is_refused_by_the_catcher_itself(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give a TLS context too"):
        async with catching(tmp_path, login=Login("u", "p")):
            pass


def test_the_page_shows_the_latest_first_and_says_when_there_is_nothing() -> None:
    shown = page("Sent", [Shown(NOON, "a", "first", "x"), Shown(NOON + 1, "b", "second", "y")])

    assert shown.index("second") < shown.index("first")
    assert "Nothing was sent yet." in page("Sent", [])


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"From": "+358401110000", "Body": "x"}, 21604),
        ({"To": "nobody", "From": "+358401110000", "Body": "x"}, 21211),
        ({"To": "+358401234567", "Body": "x"}, 21603),
        ({"To": "+358401234567", "From": "+358401110000"}, 21602),
        ({"To": "+358401234567", "From": "+358401110000", "Body": "x" * 1601}, 21617),
    ],
)
async def test_a_request_that_lacks_something_is_refused_as_twilio_refuses_it(
    tmp_path: Path, form: dict[str, str], code: int
) -> None:
    async with standing_in(tmp_path) as twilio, httpx.AsyncClient(auth=(ACCOUNT, TOKEN)) as client:
        answer = await client.post(f"{twilio.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", data=form)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert twilio.messages == []


async def test_no_credentials_no_service(tmp_path: Path) -> None:
    async with standing_in(tmp_path) as twilio, httpx.AsyncClient() as client:
        answer = await client.get(f"{twilio.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json")

    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


@pytest.mark.parametrize(
    ("module", "options", "said"),
    [
        pytest.param("mail_catcher", ["--web-port", "0"], "mail: smtp://127.0.0.1:", id="mail"),
        pytest.param("twilio_standin", [], "Twilio: http://127.0.0.1:", id="twilio"),
    ],
)
async def test_a_stand_in_runs_as_a_program_and_says_where_it_is(
    tmp_path: Path, module: str, options: list[str], said: str
) -> None:
    command = [sys.executable, "-m", f"cli.standins.{module}", "--port", "0", "--folder", str(tmp_path), *options]
    program = await asyncio.create_subprocess_exec(*command, stdout=PIPE, cwd=Path(__file__).parents[2])
    assert program.stdout is not None

    line = (await program.stdout.readline()).decode()
    program.terminate()
    await program.communicate()

    assert line.startswith(said)


def test_each_text_is_one_line_of_json(tmp_path: Path) -> None:
    standin = TwilioStandin(tmp_path)

    standin.keep({"To": "+358401234567", "From": "+358401110000", "Body": "two\nlines"})

    assert json.loads(standin.file.read_text("utf-8").rstrip("\n"))["body"] == "two\nlines"
