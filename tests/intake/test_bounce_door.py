"""Mails that came back: a real SMTP server takes them, the real gateway learns of their return, a real Temporal server has the deliveries."""

from email import message_from_bytes
from pathlib import Path

import pytest
from httpx import Response
from temporalio.testing import WorkflowEnvironment

from cli.standins.mail_catcher import CaughtMail
from intake.bounces import LONGEST
from integrations.messaging.mail import message_id
from store.database import Database
from store.ledger import Ledger
from store.opt_outs import OptOuts
from store.receipts import Receipts
from tests.gateway import API_KEY, Gateway, port_of, serving
from tests.intake.test_status_door import became, telling_by, world
from tests.integrations.test_bounces import COMPLAINT, dsn
from tests.workflows.stage import stage
from tests.workflows.test_delivery import is_open

BY_MAIL = telling_by("email")
MAIL = {"Content-Type": "message/rfc822", "Authorization": f"Bearer {API_KEY}"}


async def came_back(gateway: Gateway, mail: bytes) -> Response:
    return await gateway.client.post("/v1/mail/bounces", content=mail, headers=MAIL)


def headers_of(mail: CaughtMail) -> str:
    """The headers of a mail that was sent, as they come back."""
    return mail.path.read_bytes().decode().replace("\r\n", "\n").partition("\n\n")[0]


async def test_a_mail_that_came_back_goes_by_sms_once(
    temporal: WorkflowEnvironment, sqlite_database: Database, tmp_path: Path
) -> None:
    async with world(temporal, sqlite_database, tmp_path, BY_MAIL) as it:
        delivery_id = await it.begun()
        back = dsn(headers=headers_of(it.mail.mails[0]))

        answers = [await came_back(it.gateway, back) for _ in range(2)]
        await it.on.until(delivery_id, lambda snapshot: snapshot["actions"][0].get("note") == "not delivered by email; sms sent")

        assert [(answer.status_code, answer.json()) for answer in answers] == [(202, {"taken": True})] * 2
        assert (len(it.mail.mails), len(it.twilio.messages)) == (1, 1)
        kept = await Receipts(sqlite_database).of(f"{delivery_id}/1/attempt/1/do.0/0/email")
        assert kept is not None
        assert (kept.reference, kept.status) == (it.mail.mails[0].message_id, "undelivered")


async def test_when_the_sms_does_not_arrive_either_the_customer_is_unreachable(
    temporal: WorkflowEnvironment, sqlite_database: Database, tmp_path: Path
) -> None:
    async with world(temporal, sqlite_database, tmp_path, BY_MAIL) as it:
        delivery_id = await it.begun()
        await came_back(it.gateway, dsn(headers=headers_of(it.mail.mails[0])))
        await it.on.until(delivery_id, lambda snapshot: snapshot["actions"][0].get("note") == "not delivered by email; sms sent")

        await became(it.gateway, it.twilio.messages[0], "undelivered", 30003)
        await it.on.until(delivery_id, is_open("unreachable"))

        assert await it.note(delivery_id) == "not delivered by email, sms, and there is no other way"


async def test_a_mail_that_came_back_without_its_headers_is_known_by_the_address_that_it_came_back_to(
    temporal: WorkflowEnvironment, sqlite_database: Database, tmp_path: Path
) -> None:
    async with world(temporal, sqlite_database, tmp_path, BY_MAIL, bounces="bounces@example.test") as it:
        delivery_id = await it.begun()
        (envelope_sender,) = it.mail.envelope_senders

        answer = await came_back(it.gateway, dsn(headers="", to=envelope_sender))
        await it.on.until(delivery_id, lambda snapshot: snapshot["actions"][0].get("note") == "not delivered by email; sms sent")

        assert answer.json() == {"taken": True}
        assert envelope_sender.startswith("bounces+")
        assert message_from_bytes(it.mail.mails[0].path.read_bytes())["From"] == it.gateway.settings["DOORSTEP_MAIL_FROM"]


async def test_a_mail_that_came_back_before_its_effect_was_closed_is_not_lost(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, BY_MAIL) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id = await on.start()
        key, sender = f"{delivery_id}/1/attempt/1/do.0/0/email", gateway.settings["DOORSTEP_MAIL_FROM"]
        headers = f"Message-ID: {message_id(key, sender)}\nDoorstep-Effect: {key}\n"
        unknown = await came_back(gateway, dsn(headers=headers))
        claim = {"action": "notify.email", "delivery_id": delivery_id, "incident_id": "i", "deadline": 2, "now": 1}
        await Ledger(sqlite_database).claim(key, **claim)  # type: ignore[arg-type]

        answer = await came_back(gateway, dsn(headers=headers))
        told = await on.deliveries.query(delivery_id, "history")

        assert unknown.json() == {"taken": False, "because": "it names no mail of ours"}
        assert answer.json() == {"taken": True}
        assert [event["detail"]["reason"] for event in told["events"]] == ["there is no such mailbox (5.1.1)"]


async def test_who_complains_is_written_to_no_more(
    temporal: WorkflowEnvironment, sqlite_database: Database, tmp_path: Path
) -> None:
    async with world(temporal, sqlite_database, tmp_path, BY_MAIL) as it:
        await it.begun()
        sent = it.mail.mails[0]
        complaint = COMPLAINT.decode().replace("Message-ID: ", f"Message-ID: {sent.message_id}\nX-Was: ").encode()

        answer = await came_back(it.gateway, complaint)
        other = await it.begun()

        assert answer.json() == {"taken": True}
        assert await OptOuts(sqlite_database).opted_out("email", "aino@example.test") is not None
        assert await it.note(other) == "email withheld: mail is not wanted there: complained about a mail; sms sent"


@pytest.mark.parametrize(
    ("action", "status"),
    [("delayed", None), ("relayed", None), ("delivered", "delivered")],
    ids=["delayed", "relayed", "delivered"],
)
async def test_a_mail_that_may_still_arrive_or_has_is_told_again_by_nothing(
    temporal: WorkflowEnvironment, sqlite_database: Database, tmp_path: Path, action: str, status: str | None
) -> None:
    async with world(temporal, sqlite_database, tmp_path, BY_MAIL) as it:
        delivery_id = await it.begun()

        answer = await came_back(it.gateway, dsn(action, "4.4.1", headers_of(it.mail.mails[0])))

        assert answer.json() == {"taken": False, "because": "the mail may still arrive, or has arrived"}
        assert it.twilio.messages == []
        kept = await Receipts(sqlite_database).of(f"{delivery_id}/1/attempt/1/do.0/0/email")
        assert (kept.status if kept else None) == status


@pytest.mark.parametrize(
    ("mail", "headers", "status", "said"),
    [
        pytest.param(
            dsn(), {**MAIL, "Authorization": "Bearer guessed-by-somebody"}, 401, "a key that is known", id="another key"
        ),
        pytest.param(dsn(), {**MAIL, "Content-Type": "text/plain"}, 415, "send message/rfc822", id="another type"),
        pytest.param(b"x" * (LONGEST + 1), MAIL, 413, "send at most", id="too long"),
        pytest.param(b"Subject: Out of office\n\nback on Monday", MAIL, 202, "no mail that came back", id="a holiday"),
        pytest.param(dsn(), MAIL, 202, "no mail of ours", id="the mail of somebody else"),
        pytest.param(dsn(headers=""), MAIL, 202, "no mail of ours", id="nobody knows which"),
    ],
)
async def test_what_is_no_mail_of_ours_goes_nowhere(
    temporal: WorkflowEnvironment, sqlite_database: Database, mail: bytes, headers: dict[str, str], status: int, said: str
) -> None:
    async with serving(sqlite_database, port_of(temporal)) as gateway:
        answer = await gateway.client.post("/v1/mail/bounces", content=mail, headers=headers)

    assert answer.status_code == status
    assert said in answer.text
