"""What became of messages: the real gateway, deliveries of a real Temporal server, Twilio's client and signatures, a real SMTP server."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest
from httpx import Response
from temporalio.testing import WorkflowEnvironment
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from activities.channels import Channels
from activities.notify import Notifying
from cli.people import Contacts
from cli.standins.mail_catcher import MailCatcher, catching
from cli.standins.twilio_resource import TextMessage
from cli.standins.twilio_standin import ACCOUNT, TwilioStandin, standing_in
from integrations.messaging.mail import SmtpMail, mail_server
from integrations.messaging.silent import NoWhatsApp
from integrations.messaging.sms import TwilioSms
from integrations.messaging.templates import Templates
from rules.book import Rulebook, Step
from rules.tree import Is
from settings import SHIPPED_RULES
from store.database import Database
from store.drivers import Drivers
from store.ledger import Ledger
from store.opt_outs import OptOuts
from store.receipts import Receipts
from tests.gateway import NUMBER, PUBLIC, TOKEN, Gateway, port_of, serving
from tests.workflows.books import FAILED, TICKET, a_book, a_rule
from tests.workflows.stage import Stage, a_status, stage
from tests.workflows.test_delivery import acted, is_open
from workflows.clock import wall_clock

PATH = "/v1/twilio/status"


def telling_by(channel: str) -> Rulebook:
    """Tells of a failed attempt, and knows when nobody is reached."""
    tell = Step("notify", {"who": "customer", "template": "attempt-failed", "channels": [channel]}, (TICKET,))
    return a_book(
        a_rule("attempt", FAILED, do=(tell,)),
        a_rule("unreachable", Is("customer unreachable", (True,), text="customer unreachable")),
    )


BOOK = telling_by("sms")


async def reported(gateway: Gateway, callback: str, form: Mapping[str, str], token: str = TOKEN) -> Response:
    """A report by Twilio to the address that it was given, which a proxy hands on."""
    signature = RequestValidator(token).compute_signature(callback, form)
    return await gateway.client.post(callback.removeprefix(PUBLIC), data=form, headers={"X-Twilio-Signature": signature})


async def became(gateway: Gateway, message: TextMessage, status: str, code: int | None = None) -> Response:
    form = {"MessageSid": message.sid, "MessageStatus": status, "AccountSid": ACCOUNT, "To": message.to, "From": message.sender}
    return await reported(gateway, message.callback or "", form | ({"ErrorCode": str(code)} if code else {}))


@dataclass
class World:
    """Deliveries whose customers are really told, and what they are told by."""

    on: Stage
    gateway: Gateway
    twilio: TwilioStandin
    mail: MailCatcher
    database: Database

    async def told(self) -> tuple[str, TextMessage]:
        """A delivery whose customer was told by SMS."""
        return await self.begun(), self.twilio.messages[-1]

    async def begun(self) -> str:
        """A delivery whose customer was told."""
        delivery_id = await self.on.start()
        await self.on.deliveries.report(delivery_id, [a_status("attempt_failed", reason="consignee_not_home")])
        await self.on.until(delivery_id, acted("notify.customer", "done"))
        return delivery_id

    async def note(self, delivery_id: str) -> str:
        return str((await self.on.snapshot(delivery_id))["actions"][0]["note"])


@asynccontextmanager
async def world(
    temporal: WorkflowEnvironment, database: Database, folder: Path, book: Rulebook = BOOK, bounces: str = ""
) -> AsyncIterator[World]:
    async with (
        standing_in(folder / "sms", auth_token=TOKEN) as twilio,
        catching(folder / "mail") as mail,
        TwilioSms(ACCOUNT, TOKEN, "+15005550006", twilio.url, public_url=PUBLIC) as sms,
        serving(database, port_of(temporal)) as gateway,
    ):
        server, sender = mail_server(f"smtp://127.0.0.1:{mail.port}"), gateway.settings["DOORSTEP_MAIL_FROM"]
        smtp = SmtpMail(server, sender, wall_clock, bounces=bounces)
        templates = Templates(SHIPPED_RULES / "templates")
        channels = Channels(smtp, sms, NoWhatsApp(), templates, OptOuts(database), wall_clock)
        notifying = Notifying(channels, Ledger(database), Contacts(Drivers(database), {}), wall_clock)
        async with stage(temporal.client, book, real={"notify": notifying.notify}) as on:
            yield World(on, gateway, twilio, mail, database)


async def test_an_sms_that_did_not_arrive_goes_by_mail_once_however_often_twilio_reports_it(
    temporal: WorkflowEnvironment, sqlite_database: Database, tmp_path: Path
) -> None:
    async with world(temporal, sqlite_database, tmp_path) as it:
        delivery_id, message = await it.told()

        answers = [
            await became(it.gateway, message, status, 30003) for status in ("sent", "undelivered", "undelivered", "failed")
        ]
        snapshot = await it.on.until(
            delivery_id, lambda snapshot: snapshot["actions"][0].get("note") == "not delivered by sms; email sent"
        )

        assert [answer.status_code for answer in answers] == [204] * 4
        assert (len(it.twilio.messages), len(it.mail.mails)) == (1, 1)
        assert [one["rule"] for one in snapshot["open_incidents"]] == ["attempt"]
        kept = await Receipts(sqlite_database).of(f"{delivery_id}/1/attempt/1/do.0/0/sms")
        assert kept is not None
        assert (kept.reference, kept.status, kept.code) == (message.sid, "failed", 30003)


async def test_what_arrived_changes_nothing(temporal: WorkflowEnvironment, sqlite_database: Database, tmp_path: Path) -> None:
    async with world(temporal, sqlite_database, tmp_path) as it:
        delivery_id, message = await it.told()
        before = (await it.on.snapshot(delivery_id))["events_seen"]

        for status in ("queued", "sent", "delivered"):
            await became(it.gateway, message, status)

        assert (await it.on.snapshot(delivery_id))["events_seen"] == before
        kept = await Receipts(sqlite_database).of(f"{delivery_id}/1/attempt/1/do.0/0/sms")
        assert kept is not None
        assert kept.status == "delivered"


async def test_a_report_that_comes_before_the_effect_is_closed_is_not_lost(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, BOOK) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id = await on.start()
        key = f"{delivery_id}/1/attempt/1/do.0/0/sms"
        callback = f"{PUBLIC}{PATH}?effect={quote(key, safe='')}"

        answer = await reported(gateway, callback, {"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "30005"})
        history = await on.deliveries.query(delivery_id, "history")

        assert answer.status_code == 204
        (event,) = history["events"]
        reason = "the recipient's number does not exist any more"
        assert event["event_id"] == "SM1-undelivered"
        assert event["detail"] == {"message": key.removesuffix("/sms"), "channel": "sms", "reason": reason, "code": 30005}


async def test_who_has_opted_out_at_twilio_is_not_written_to_any_more(
    temporal: WorkflowEnvironment, sqlite_database: Database, tmp_path: Path
) -> None:
    async with world(temporal, sqlite_database, tmp_path) as it:
        delivery_id, message = await it.told()
        await became(it.gateway, message, "failed", 21610)
        await it.on.until(delivery_id, lambda snapshot: snapshot["actions"][0].get("note") == "not delivered by sms; email sent")

        other = await it.on.start()
        await it.on.deliveries.report(other, [a_status("attempt_failed", reason="consignee_not_home")])
        await it.on.until(other, acted("notify.customer", "done"))

        assert await OptOuts(sqlite_database).opted_out("sms", NUMBER) is not None
        assert await it.note(other) == "sms withheld: SMS are not wanted there: the provider says so; email sent"
        assert len(it.twilio.messages) == 1


async def test_a_customer_whom_nothing_reaches_is_an_incident_of_its_own(
    temporal: WorkflowEnvironment, sqlite_database: Database, tmp_path: Path
) -> None:
    async with world(temporal, sqlite_database, tmp_path) as it:
        it.mail.answers["aino@example.test"] = "550 5.1.1 no such user"
        delivery_id, message = await it.told()

        await became(it.gateway, message, "undelivered", 30003)
        await it.on.until(delivery_id, is_open("unreachable"))
        await it.on.until(delivery_id, acted("open_ticket", "done"))

        assert (await it.note(delivery_id)).startswith("not delivered by sms; email not sent: mail server")


@pytest.mark.parametrize(
    ("form", "token", "status"),
    [
        pytest.param({"MessageSid": "SM1", "MessageStatus": "failed"}, "guessed", 401, id="signed with another token"),
        pytest.param({"MessageSid": "SM1"}, TOKEN, 422, id="without a status"),
        pytest.param({"MessageStatus": "failed", "MessageSid": "x" * 101}, TOKEN, 422, id="a sid that is none"),
        pytest.param({"MessageSid": "SM1", "MessageStatus": "failed"}, TOKEN, 204, id="of a message that is not ours"),
    ],
)
async def test_what_is_no_report_of_twilios_is_refused_and_what_is_not_ours_goes_nowhere(
    temporal: WorkflowEnvironment, sqlite_database: Database, form: Mapping[str, str], token: str, status: int
) -> None:
    async with serving(sqlite_database, port_of(temporal)) as gateway:
        answer = await reported(gateway, PUBLIC + PATH, form, token)

    assert answer.status_code == status
    assert await Receipts(sqlite_database).of("D-1/1/late/1/do.0/0/sms") is None


async def test_the_address_is_signed_too(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    async with serving(sqlite_database, port_of(temporal)) as gateway:
        form = {"MessageSid": "SM1", "MessageStatus": "failed"}
        signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}{PATH}?effect=D-1%2F1%2Fa%2Fsms", form)

        headers = {"X-Twilio-Signature": signature}
        answer = await gateway.client.post(f"{PATH}?effect=D-2%2F1%2Fa%2Fsms", data=form, headers=headers)

    assert answer.status_code == 401


async def test_a_report_while_temporal_is_away_is_kept_and_handed_on_later(
    temporal: WorkflowEnvironment, sqlite_database: Database, tmp_path: Path
) -> None:
    async with world(temporal, sqlite_database, tmp_path) as it:
        delivery_id, message = await it.told()
        async with serving(sqlite_database, temporal_port=1) as cut_off:
            answer = await became(replace(cut_off), message, "undelivered", 30003)

        async with serving(sqlite_database, port_of(temporal)):
            await it.on.until(
                delivery_id, lambda snapshot: snapshot["actions"][0].get("note") == "not delivered by sms; email sent"
            )

    assert answer.status_code == 204
