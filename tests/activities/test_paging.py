"""Paging our own people: by the ways that directory.yaml gives, whoever is on call, with a link to say that they have seen it."""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.channels import Channels
from activities.notify import Notifying
from cli.people import Contacts
from cli.standins.mail_catcher import MailCatcher, catching
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.contact import Contact
from domain.endpoint import Endpoint
from domain.instant import HOUR, MINUTE
from domain.links import LinkKind, Links, Signer
from domain.sending import Message
from integrations.messaging.mail import SmtpMail, mail_server
from integrations.messaging.silent import NoSms, NoWhatsApp
from integrations.messaging.slack import SlackPager, body_of
from integrations.messaging.templates import Templates
from integrations.webhooks.pages import WebhookPager
from integrations.webhooks.sender import Webhooks
from rules.directory_reader import read_directory
from settings import SHIPPED_RULES
from store.database import Database
from store.drivers import Drivers
from store.ledger import Ledger
from store.opt_outs import OptOuts
from tests.activities.fleet import EIGHT, request
from tests.endpoints import Recorder, recording

SECRET = "a secret of this test"
KNOWN = {
    "delivery_id": "D1",
    "status": "out_for_delivery",
    "driver": "V7",
    "hub": "HEL1",
    "route": "R1",
    "carrier": "acme",
    "last_scan": {"at": EIGHT, "place": "<HEL1>"},
    "promised": {"start": None, "end": EIGHT + HOUR},
    "incident": {"id": "D1:1:late:1", "says": "No scan for two hours", "severity": "high", "opened_at": EIGHT},
}
PEOPLE = """
people:
  anna: {email: anna@example.test, slack: ANNA_SLACK, channels: [slack, email], on_call: always}
  bo: {webhook: paging, channels: [webhook], on_call: always}
  cleo: {email: cleo@example.test, on_call: never}
  dan: {email: dan@example.test}
calendars:
  always: {days: [mon, tue, wed, thu, fri, sat, sun]}
  never: {days: [sat], hours: "03:00-03:01"}
endpoints:
  paging: {url: "https://paging.example.test/v1", secret: PAGING_SECRET}
"""


@dataclass
class Site:
    """A Notifying with a real mail server, a real endpoint and people of a directory."""

    notifying: Notifying
    mails: MailCatcher
    calls: Recorder

    async def tell(self, who: str, number: int = 0, turn: int = 0, **args: Any) -> ActionResult:
        told = {"who": who, "template": "missed-scan", **args}
        key = f"D1/1/late/1/escalate.0.do.0/{number}"
        return await self.notifying.notify(replace(asking(told, key), turn=turn))


def asking(args: Mapping[str, Any], key: str) -> ActionRequest:
    return replace(request("D1", args, key=key), context=KNOWN)


@asynccontextmanager
async def site(database: Database, folder: Path) -> AsyncIterator[Site]:
    read = read_directory(PEOPLE)
    assert read.problems == ()
    async with catching(folder) as mails, recording() as calls:
        secrets = {"ANNA_SLACK": f"{calls.url}/services/T0/B0/secret-path", "PAGING_SECRET": "c2VjcmV0LXNlY3JldA"}
        mail = SmtpMail(mail_server(f"smtp://127.0.0.1:{mails.port}?starttls=never"), "doorstep@example.test", lambda: EIGHT)
        texts, opt_outs = Templates(SHIPPED_RULES / "templates"), OptOuts(database)
        webhooks = Webhooks({"paging": Endpoint(f"{calls.url}/v1", "PAGING_SECRET")}, secrets.get, lambda: EIGHT)
        channels = Channels(
            mail,
            NoSms(),
            NoWhatsApp(),
            texts,
            opt_outs,
            lambda: EIGHT,
            Links("https://doorstep.example.test", SECRET),
            {"slack": SlackPager(secrets.get, lambda: EIGHT), "webhook": WebhookPager(webhooks)},
        )
        contacts = Contacts(Drivers(database), read.contacts, read.directory.calendars)
        async with webhooks:
            yield Site(Notifying(channels, Ledger(database), contacts, lambda: EIGHT), mails, calls)


async def test_a_person_is_told_by_all_ways_that_they_want_if_the_rule_names_none(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async with site(sqlite_database, tmp_path) as on:
        told = await on.tell("anna")
        await on.tell("anna")

        (call,), (mail,) = on.calls.calls, on.mails.mails
        assert (told.outcome, told.note) == (Outcome.DONE, "slack sent; email sent")
        assert set(call.json) == {"text", "blocks"}
        assert "No scan for two hours" in call.json["text"]
        assert "<HEL1>" not in call.json["text"]
        for said in (call.json["text"], mail.text):
            link = re.search(r"https://doorstep\.example\.test/acknowledge/(\S+)", said)
            assert link is not None
            read = Signer(SECRET).read(link[1], LinkKind.ACKNOWLEDGE, EIGHT + MINUTE)
            assert (read.about, read.by) == ("D1:1:late:1", "anna")


async def test_a_rule_that_names_a_channel_has_its_way(sqlite_database: Database, tmp_path: Path) -> None:
    async with site(sqlite_database, tmp_path) as on:
        told = await on.tell("anna", channels=["email"])

        assert (told.note, on.calls.calls, len(on.mails.mails)) == ("email sent", [], 1)


async def test_each_page_of_those_on_call_is_the_next_ones(sqlite_database: Database, tmp_path: Path) -> None:
    async with site(sqlite_database, tmp_path) as on:
        notes = [(await on.tell("on-call", number, turn=number)).events[0].detail["to"] for number in range(3)]

        slack, page, _ = on.calls.calls
        assert notes == ["anna", "bo", "anna"]
        assert "blocks" in slack.json
        assert page.json["type"] == "page"
        assert page.json["data"]["incident"]["incident_id"] == "D1:1:late:1"
        assert page.json["data"]["page"]["acknowledge_url"].startswith("https://doorstep.example.test/acknowledge/")
        assert page.headers["webhook-signature"].startswith("v1,")


async def test_when_nobody_is_on_call_the_page_fails_so_that_otherwise_runs(sqlite_database: Database) -> None:
    people = {"cleo": Contact(email="cleo@example.test", on_call="never"), "dan": Contact(email="dan@example.test")}
    contacts = Contacts(Drivers(sqlite_database), people, read_directory(PEOPLE).directory.calendars)

    assert await contacts.on_call(0, EIGHT, "Europe/Helsinki") is None


async def test_a_webhook_of_slack_that_is_away_is_tried_again_and_its_address_is_told_to_nobody(
    sqlite_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with site(sqlite_database, tmp_path) as on:
        on.calls.answer(500)
        on.calls.answer(404)

        with pytest.raises(ApplicationError, match="the Slack webhook has trouble") as failed:
            await on.tell("anna")
        with pytest.raises(ApplicationError, match="check ANNA_SLACK") as refused:
            await on.tell("anna", number=1)

        assert "secret-path" not in f"{failed.value}{refused.value}"
        assert not [
            record for record in caplog.records if "secret-path" in record.getMessage() and record.name != "aiohttp.access"
        ]


async def test_a_webhook_of_slack_that_is_not_set_says_which_variable_is(sqlite_database: Database) -> None:
    unsent = await SlackPager(lambda name: None, lambda: EIGHT).page(
        key="K", to="ANNA_SLACK", message=Message("text"), request=request("D1"), link=None
    )

    assert "set ANNA_SLACK" in getattr(unsent, "reason", "")


def test_what_is_posted_fits_into_slacks_limits_and_mentions_nobody() -> None:
    body = body_of(Message("<!channel> & " + "x" * 5_000, subject="<@U1> late"), "https://d.example.test/acknowledge/t")

    section = body["blocks"][1]["text"]["text"]
    assert len(section) <= 3_000
    assert section.startswith("&lt;!channel&gt; &amp; x")
    assert body["blocks"][2]["elements"][0]["url"] == "https://d.example.test/acknowledge/t"


@pytest.mark.parametrize(
    ("person", "wrong"),
    [
        pytest.param("{slack: 'https://hooks.slack.com/services/T0/B0/x'}", "a secret is named here, not written", id="secret"),
        pytest.param("{channels: [slack]}", 'to be told by slack a person needs "slack"', id="no address"),
        pytest.param("{channels: [pigeon]}", "pigeon", id="unknown way"),
        pytest.param("{webhook: nowhere}", 'unknown endpoint "nowhere"', id="unknown endpoint"),
    ],
)
def test_a_directory_that_cannot_be_used_is_told_what_is_wrong(person: str, wrong: str) -> None:
    problems = read_directory(f"people: {{anna: {person}}}\n").problems

    assert wrong in problems[0].message
    assert "hooks.slack.com" not in problems[0].message
