"""Answers to offers over HTTP: who may, what reaches the assignment, and what is answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from domain.instant import MINUTE, Instant
from intake.keys import Keys
from intake.offers import LONGEST, OfferDoor
from integrations.webhooks.signature import signed_headers
from workflows.client import RefusedError, UnreachableError

NOW: Instant = 1_795_413_600_000
SECRETS = {"zipvan": "between-zipvan-and-doorstep", None: "between-dispatch-and-doorstep"}
KEY = "a-key-of-another-program"
YES = {"carrier": "zipvan", "accept": True, "tracking_number": "ZV-7"}


@dataclass
class Assignments:
    """Take note of what they are told."""

    refusal: Exception | None = None
    said: list[tuple[str, Mapping[str, Any], str | None]] = field(default_factory=list)

    async def answer_offer(self, assignment_id: str, said: Mapping[str, Any], update_id: str | None = None) -> dict[str, Any]:
        self.said.append((assignment_id, said, update_id))
        if self.refusal:
            raise self.refusal
        return {"ok": True, "state": "accepted"}


async def told(
    there: Assignments, answer: Any, headers: Mapping[str, str] | None = None, secret: str = SECRETS["zipvan"], at: Instant = NOW
) -> Response:
    async def connected() -> Assignments:
        return there

    app, body = FastAPI(), answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    door = OfferDoor(Keys([KEY]), SECRETS.get, connected, lambda: NOW)
    app.add_api_route("/v1/assignments/{assignment_id}/answer", door.answered, methods=["POST"])
    async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep") as client:
        signed = signed_headers(secret, "msg_1", at, body) if headers is None else headers
        path = "/v1/assignments/D-1:1:late:2-1/answer"
        return await client.post(path, content=body, headers={"Content-Type": "application/json", **signed})


async def test_a_carriers_signed_answer_reaches_the_assignment_once_for_each_call() -> None:
    there = Assignments()

    answer = await told(there, YES)

    assert (answer.status_code, answer.json()["state"]) == (200, "accepted")
    said = {"carrier": "zipvan", "accept": True, "note": "", "tracking_number": "ZV-7", "by": "zipvan"}
    assert there.said == [("D-1:1:late:2-1", said, "offer-msg_1")]


async def test_the_dispatch_system_speaks_for_drivers() -> None:
    there = Assignments()

    answer = await told(there, {"driver_id": "V7", "accept": False, "by": "Ann"}, secret=SECRETS[None])

    assert answer.status_code == 200
    assert there.said[0][1]["driver_id"] == "V7"


async def test_another_program_may_bear_a_key() -> None:
    there = Assignments()

    answer = await told(there, YES, {"Authorization": f"Bearer {KEY}"})

    assert answer.status_code == 200
    assert there.said[0][2] is None


@pytest.mark.parametrize(
    ("answer", "how"),
    [
        pytest.param(YES, {"headers": {}}, id="unsigned"),
        pytest.param(YES, {"secret": SECRETS[None]}, id="another's secret"),
        pytest.param(YES, {"at": NOW - 6 * MINUTE}, id="too old"),
        pytest.param({**YES, "carrier": "stranger"}, {}, id="nobody's endpoint"),
        pytest.param(YES, {"headers": {"Authorization": "Bearer wrong"}}, id="wrong key"),
    ],
)
async def test_nobody_else_may_answer(answer: Any, how: dict[str, Any]) -> None:
    there = Assignments()

    assert (await told(there, answer, **how)).status_code == 401
    assert there.said == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"{", 422, id="no JSON"),
        pytest.param({"accept": True}, 422, id="nobody"),
        pytest.param({**YES, "driver_id": "V7"}, 422, id="two at once"),
        pytest.param({"carrier": "zipvan"}, 422, id="no answer"),
        pytest.param(b"x" * (LONGEST + 1), 413, id="too long"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_the_reason(body: Any, status: int) -> None:
    there = Assignments()

    answer = await told(there, body)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert there.said == []


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        pytest.param(RefusedError("this offer is over since 12:00: V3 has it", "Conflict"), 409, id="too late"),
        pytest.param(RefusedError("nothing was offered to carrier:zipvan", "NotFound"), 404, id="not offered"),
        pytest.param(LookupError("there is no assignment"), 404, id="no assignment"),
        pytest.param(UnreachableError("Temporal is away"), 503, id="away"),
    ],
)
async def test_a_refusal_says_what_to_do(refusal: Exception, status: int) -> None:
    answer = await told(Assignments(refusal), YES)

    assert answer.status_code == status
    if status == 409:
        assert answer.json()["detail"] == "this offer is over since 12:00: V3 has it"
