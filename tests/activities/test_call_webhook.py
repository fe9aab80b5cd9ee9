"""Other systems are told once, on the real ledger, by calls to a real HTTP server."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.call_webhook import NO_ORDER_SYSTEM, Calling
from domain.actions import ActionRequest, Outcome
from domain.endpoint import ORDER_SYSTEM, Endpoint
from domain.instant import HOUR, MINUTE, SECOND
from integrations.messaging.templates import Templates
from integrations.webhooks.sender import Webhooks
from integrations.webhooks.signature import call_id
from store.database import Database
from store.ledger import Ledger
from tests.activities.fleet import EIGHT, outcome_of, request
from tests.endpoints import Recorder, recording

SECRET = "a secret that is told to nobody"


@pytest.fixture
async def hub() -> AsyncIterator[Recorder]:
    async with recording() as recorder:
        yield recorder


@pytest.fixture
async def webhooks(hub: Recorder) -> AsyncIterator[Webhooks]:
    endpoints = {name: Endpoint(hub.url, "HUB_SECRET") for name in ("hub", ORDER_SYSTEM)}
    async with Webhooks(endpoints, {"HUB_SECRET": SECRET}.get, lambda: EIGHT, timeout=500) as webhooks:
        yield webhooks


def calling(database: Database, webhooks: Webhooks, now: int = EIGHT) -> Calling:
    return Calling(webhooks, Templates(Path(__file__).parent), Ledger(database), lambda: now)


def a_call(**data: str) -> ActionRequest:
    window = {"start": None, "end": EIGHT + 2 * HOUR}
    incident = {"opened_at": EIGHT - MINUTE, "resolution": None}
    known: dict[str, Any] = {
        "status": "attempt_failed",
        "attempts": 2,
        "promised": window,
        "order_id": "O-77",
        "incident": incident,
    }
    return request("D1", {"endpoint": "hub", "event": "late", "data": data}, **known)


async def test_the_endpoint_is_told_of_incident_and_delivery_and_what_the_rule_adds(
    database: Database, webhooks: Webhooks, hub: Recorder
) -> None:
    asked = a_call(reason="after {{ attempts }} attempts")

    result = await calling(database, webhooks).call_webhook(asked)

    (call,) = hub.calls
    assert (result.outcome, result.note) == (Outcome.DONE, "hub was told")
    assert call.headers["Idempotency-Key"] == asked.key
    told = call.json
    assert (told["type"], told["timestamp"]) == ("late", "2026-11-23T06:00:00Z")
    assert told["data"]["incident"]["incident_id"] == "D1:1:late:1"
    assert told["data"]["incident"]["opened_at"] == "2026-11-23T05:59:00Z"
    assert told["data"]["delivery"]["status"] == "attempt_failed"
    assert told["data"]["delivery"]["promised"] == {"start": None, "end": "2026-11-23T08:00:00Z"}
    assert told["data"]["more"] == {"reason": "after 2 attempts"}
    kept = await outcome_of(database, asked.key)
    assert (kept["action"], kept["outcome"], kept["provider_ref"]) == ("call_webhook", Outcome.DONE, call_id(asked.key))
    assert SECRET not in str(dict(kept))


async def test_what_was_told_is_not_told_again(database: Database, webhooks: Webhooks, hub: Recorder) -> None:
    first = await calling(database, webhooks).call_webhook(a_call())

    again = await calling(database, webhooks, now=EIGHT + MINUTE).call_webhook(a_call())

    assert again == first
    assert len(hub.calls) == 1


async def test_an_endpoint_that_asks_for_time_gets_it(database: Database, webhooks: Webhooks, hub: Recorder) -> None:
    hub.answer(429, Retry_After="7")

    with pytest.raises(ApplicationError, match="endpoint hub asks us to slow down") as refused:
        await calling(database, webhooks).call_webhook(a_call())
    result = await calling(database, webhooks, now=EIGHT + 7 * SECOND).call_webhook(a_call())

    assert refused.value.next_retry_delay == timedelta(seconds=7)
    assert result.outcome is Outcome.DONE
    assert len(hub.calls) == 2


async def test_a_call_that_nobody_answered_is_made_again_under_the_same_id(
    database: Database, webhooks: Webhooks, hub: Recorder
) -> None:
    hub.hangs = 1

    with pytest.raises(ApplicationError, match="did not answer in time"):
        await calling(database, webhooks).call_webhook(a_call())
    result = await calling(database, webhooks, now=EIGHT + SECOND).call_webhook(a_call())

    assert result.outcome is Outcome.DONE
    assert hub.ids == [call_id(a_call().key)] * 2
    assert hub.calls[0].body == hub.calls[1].body


async def test_a_call_of_a_process_that_died_is_made_again_once_its_claim_has_run_out(
    database: Database, webhooks: Webhooks, hub: Recorder
) -> None:
    asked = a_call()
    about = {"action": "call_webhook", "delivery_id": "D1", "incident_id": asked.incident_id}
    await Ledger(database).claim(asked.key, **about, deadline=EIGHT + 20 * SECOND, now=EIGHT)

    with pytest.raises(ApplicationError, match="an earlier try may still be under way"):
        await calling(database, webhooks, now=EIGHT + SECOND).call_webhook(asked)
    result = await calling(database, webhooks, now=EIGHT + 20 * SECOND).call_webhook(asked)

    assert result.outcome is Outcome.DONE
    assert hub.ids == [call_id(asked.key)]


async def test_what_an_endpoint_refuses_has_failed_and_is_not_tried_again(
    database: Database, webhooks: Webhooks, hub: Recorder
) -> None:
    hub.answer(422)

    results = [await calling(database, webhooks).call_webhook(a_call()) for _ in range(2)]

    assert [(one.outcome, one.note) for one in results] == [(Outcome.FAILED, "endpoint hub refused it for good (422)")] * 2
    assert len(hub.calls) == 1


async def test_a_text_that_cannot_be_filled_in_fails_before_anybody_is_told(
    sqlite_database: Database, webhooks: Webhooks, hub: Recorder
) -> None:
    result = await calling(sqlite_database, webhooks).call_webhook(a_call(reason="{{ nothing.here }}"))

    assert result.outcome is Outcome.FAILED
    assert hub.calls == []


async def test_an_event_goes_to_the_order_system(database: Database, webhooks: Webhooks, hub: Recorder) -> None:
    asked = request("D1", {"type": "delivery.returned", "data": {"refund": "yes"}}, order_id="O-77")

    result = await calling(database, webhooks).emit(asked)

    (call,) = hub.calls
    assert (result.outcome, result.note) == (Outcome.DONE, "order-system was told")
    assert (call.json["type"], call.json["data"]["more"]) == ("delivery.returned", {"refund": "yes"})
    assert call.json["data"]["delivery"]["order_id"] == "O-77"


async def test_without_an_order_system_an_event_is_no_help(sqlite_database: Database) -> None:
    nowhere = Webhooks({}, lambda name: None, lambda: EIGHT)

    result = await calling(sqlite_database, nowhere).emit(request("D1", {"type": "delivery.returned"}))

    assert (result.outcome, result.note) == (Outcome.NO_HELP, NO_ORDER_SYSTEM)
