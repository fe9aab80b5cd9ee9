"""What a desk tells the gateway: who may, what reaches the delivery, and what is answered."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from domain.instant import MINUTE, SECOND, Instant, iso
from intake.tickets import LONGEST, TicketDoor
from integrations.webhooks.signature import signed_headers
from workflows.client import RefusedError, UnreachableError

NOW: Instant = 1_795_413_600_000
SECRET = "between-desk-and-doorstep"
INCIDENT = "D-1:1:late:2"
SOLVED = {"external_id": INCIDENT, "status": "solved", "by": "Ann", "note": "called the driver"}


@dataclass
class Deliveries:
    """Take note of what they are asked, and answer as a test wants."""

    refusal: Exception | None = None
    asked: list[tuple[str, str, Mapping[str, Any], str | None]] = field(default_factory=list)

    async def ask(
        self, delivery_id: str, update: str, request: Mapping[str, Any], update_id: str | None = None
    ) -> dict[str, Any]:
        self.asked.append((delivery_id, update, request, update_id))
        if self.refusal:
            raise self.refusal
        return {"ok": True}


def by_standard(body: bytes, at: Instant = NOW, secret: str = SECRET, id: str = "msg_1") -> dict[str, str]:
    return signed_headers(secret, id, at, body)


def by_zendesk(body: bytes, at: Instant = NOW, secret: str = SECRET) -> dict[str, str]:
    sent = str(iso(at))
    digest = hmac.new(secret.encode(), sent.encode() + body, hashlib.sha256).digest()
    return {"X-Zendesk-Webhook-Signature": b64encode(digest).decode(), "X-Zendesk-Webhook-Signature-Timestamp": sent}


SIGNED = {"zendesk": by_zendesk, "rt": by_standard, "webhook": by_standard}


async def told(
    deliveries: Deliveries,
    change: Any,
    desk: str = "webhook",
    headers: Mapping[str, str] | None = None,
    secret: str = SECRET,
    type: str = "application/json",
) -> Response:
    """What the door of a desk answers to a change, signed unless the headers are given."""

    async def connected() -> Deliveries:
        return deliveries

    app, body = FastAPI(), change if isinstance(change, bytes) else json.dumps(change).encode()
    app.add_api_route("/door", TicketDoor(desk, secret, "doorstep", connected, lambda: NOW).changed, methods=["POST"])
    async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep") as client:
        signed = SIGNED[desk](body) if headers is None else headers
        return await client.post("/door", content=body, headers={"Content-Type": type, **signed})


@pytest.mark.parametrize(
    ("desk", "status", "update", "more"),
    [
        pytest.param("zendesk", "open", "acknowledge", {}, id="zendesk takes up"),
        pytest.param("zendesk", "solved", "resolve", {"resolution": "handled"}, id="zendesk solves"),
        pytest.param("rt", "stalled", "acknowledge", {}, id="rt takes up"),
        pytest.param("rt", "rejected", "resolve", {"resolution": "false_alarm"}, id="rt rejects"),
        pytest.param("webhook", "acknowledged", "acknowledge", {}, id="webhook takes up"),
        pytest.param("webhook", "false_alarm", "resolve", {"resolution": "false_alarm"}, id="webhook says false alarm"),
    ],
)
async def test_a_change_reaches_the_delivery(desk: str, status: str, update: str, more: dict[str, str]) -> None:
    deliveries = Deliveries()

    answer = await told(deliveries, {"external_id": INCIDENT, "status": status, "by": "Ann"}, desk)

    ((delivery_id, asked, request, update_id),) = deliveries.asked
    note = {"note": ""} if update == "resolve" else {}
    assert (answer.status_code, answer.json()) == (202, {"taken": True, "update": update})
    assert (delivery_id, asked, request) == ("D-1", update, {"incident_id": INCIDENT, "by": "Ann", **more, **note})
    assert (update_id or "").startswith(f"{desk}-")


async def test_the_signature_is_that_of_zendesks_own_documentation() -> None:
    """https://developer.zendesk.com/documentation/event-connectors/webhooks/verifying/ has no body that is a change of ours, so
    only the way in which it is made is checked here: base64 of HMAC-SHA256 over timestamp and body."""
    body = json.dumps(SOLVED).encode()

    right = await told(Deliveries(), body, "zendesk", by_zendesk(body))
    wrong = await told(Deliveries(), body, "zendesk", by_zendesk(body + b" "))

    assert (right.status_code, wrong.status_code) == (202, 401)


@pytest.mark.parametrize("desk", ["zendesk", "webhook"])
@pytest.mark.parametrize("wrong", ["nothing", "another secret", "old", "of the future", "no time", "endless time"])
async def test_who_does_not_sign_properly_is_not_heard(desk: str, wrong: str) -> None:
    deliveries, body = Deliveries(), json.dumps(SOLVED).encode()
    sign = by_zendesk if desk == "zendesk" else by_standard
    endless = f"{NOW // SECOND:012}" + "0" * 5_000
    headers = {
        "nothing": {},
        "another secret": sign(body, secret="guessed"),
        "old": sign(body, NOW - 5 * MINUTE - SECOND),
        "of the future": sign(body, NOW + 5 * MINUTE + SECOND),
        "endless time": {**sign(body), "webhook-timestamp": endless, "X-Zendesk-Webhook-Signature-Timestamp": endless},
        "no time": {**sign(body), "webhook-timestamp": "now", "X-Zendesk-Webhook-Signature-Timestamp": "now"},
    }[wrong]

    answer = await told(deliveries, body, desk, headers)

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert deliveries.asked == []


async def test_a_door_without_a_secret_hears_nobody() -> None:
    answer = await told(Deliveries(), SOLVED, headers=by_standard(json.dumps(SOLVED).encode(), secret="-"), secret="")

    assert answer.status_code == 401


async def test_while_a_secret_is_changed_either_signature_will_do() -> None:
    body = json.dumps(SOLVED).encode()
    headers = by_standard(body)
    headers["webhook-signature"] = f"v1,b2xk {headers['webhook-signature']}"

    assert (await told(Deliveries(), body, headers=headers)).status_code == 202


async def test_the_same_call_again_is_the_same_update_which_is_done_once() -> None:
    deliveries = Deliveries()

    for _ in range(2):
        await told(deliveries, SOLVED, "zendesk")
        await told(deliveries, SOLVED, "webhook")

    assert len({update_id for *_, update_id in deliveries.asked}) == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({**SOLVED, "account": "Doorstep"}, "it was our own change", id="ours"),
        pytest.param({**SOLVED, "status": "on the moon"}, "this status means nothing to an incident", id="no meaning"),
    ],
)
async def test_what_is_no_news_is_taken_and_goes_nowhere(change: dict[str, str], why: str) -> None:
    deliveries = Deliveries()

    answer = await told(deliveries, change)

    assert (answer.status_code, answer.json(), deliveries.asked) == (202, {"taken": False, "because": why}, [])


@pytest.mark.parametrize(
    ("refusal", "status", "said"),
    [
        pytest.param(RefusedError("the incident is resolved already, as cured", "Conflict"), 202, "resolved already", id="over"),
        pytest.param(LookupError("no delivery D-1 is running"), 202, "no delivery D-1 is running", id="ended"),
        pytest.param(RefusedError("by: too long", "InvalidInput"), 422, "by: too long", id="invalid"),
        pytest.param(UnreachableError("no answer"), 503, "send it again", id="away"),
    ],
)
async def test_only_what_may_still_be_taken_is_asked_for_again(refusal: Exception, status: int, said: str) -> None:
    answer = await told(Deliveries(refusal), SOLVED)

    assert answer.status_code == status
    assert said in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    ("body", "type", "status"),
    [
        pytest.param(b"{" + b" " * LONGEST + b"}", "application/json", 413, id="too long"),
        pytest.param(b"{}", "text/plain", 415, id="another type"),
        pytest.param(b"{", "application/json", 422, id="no JSON"),
        pytest.param(b'{"external_id": "", "status": 7}', "application/json", 422, id="wrong fields"),
    ],
)
async def test_what_cannot_be_read_is_refused_without_being_quoted(body: bytes, type: str, status: int) -> None:
    answer = await told(Deliveries(), body, type=type)

    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert "input" not in json.dumps(answer.json())
