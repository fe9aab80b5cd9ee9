"""What is asked of carriers, on the real ledger, by calls to a real HTTP server."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.ask_carrier import AskingCarriers
from domain.actions import ActionResult, Outcome
from domain.delivery import delivery_of
from domain.endpoint import Endpoint
from domain.instant import HOUR, MINUTE, SECOND
from domain.order import Destination, Order, Window
from domain.status import Kind, Party, Status
from integrations.messaging.templates import Templates
from integrations.webhooks.carrier import CarrierEndpoints
from integrations.webhooks.sender import Webhooks
from store.database import Database
from store.ledger import Ledger
from tests.activities.fleet import EIGHT, request
from tests.endpoints import Recorder, recording

REQUESTS = ("request_new_attempt", "hold_at_hub", "change_to_pickup_point", "return_to_sender")


@pytest.fixture
async def acme() -> AsyncIterator[Recorder]:
    async with recording() as recorder:
        yield recorder


@pytest.fixture
async def carriers(acme: Recorder) -> AsyncIterator[CarrierEndpoints]:
    secrets = {"ACME_SECRET": "hush"}
    async with Webhooks({"dispatch": Endpoint(acme.url, "ACME_SECRET")}, secrets.get, lambda: EIGHT, timeout=500) as webhooks:
        yield CarrierEndpoints(webhooks, {"acme": "dispatch"})


def asking(database: Database, carriers: CarrierEndpoints, now: int = EIGHT) -> AskingCarriers:
    return AskingCarriers(carriers, Templates(Path(__file__).parent), Ledger(database), lambda: now)


async def asked(
    database: Database, carriers: CarrierEndpoints, action: str, args: dict[str, Any] | None = None, now: int = EIGHT
) -> ActionResult:
    what = request("D1", args or {}, hub="HEL1", attempts=3, tracking_numbers=["1Z999"])
    result: ActionResult = await getattr(asking(database, carriers, now), action)(what)
    return result


@pytest.mark.parametrize(
    ("action", "args", "told", "note"),
    [
        pytest.param("request_new_attempt", {}, {}, "to try again", id="again"),
        pytest.param("hold_at_hub", {}, {"hub": "HEL1"}, "to hold it at HEL1", id="its own hub"),
        pytest.param("hold_at_hub", {"hub": "TKU1"}, {"hub": "TKU1"}, "to hold it at TKU1", id="another hub"),
        pytest.param(
            "change_to_pickup_point",
            {"point": "PP-7"},
            {"collection_point": "PP-7"},
            "to bring it to pickup point PP-7",
            id="pickup",
        ),
        pytest.param("change_to_pickup_point", {}, {}, "to bring it to a pickup point", id="whichever pickup point"),
        pytest.param(
            "return_to_sender",
            {"note": "after {{ attempts }} attempts"},
            {"note": "after 3 attempts"},
            "to return it to the sender",
            id="return",
        ),
    ],
)
async def test_the_carrier_is_asked_and_the_delivery_learns_that_it_agreed(
    database: Database,
    carriers: CarrierEndpoints,
    acme: Recorder,
    action: str,
    args: dict[str, Any],
    told: dict[str, str],
    note: str,
) -> None:
    result = await asked(database, carriers, action, args)

    (call,) = acme.calls
    assert call.json["type"] == action
    assert call.json["data"].get("request", {}) == told
    assert call.json["data"]["delivery"]["tracking_numbers"] == ["1Z999"]
    assert (result.outcome, result.note) == (Outcome.DONE, f"acme was asked {note} and agreed")
    (event,) = result.events
    assert (event.kind, event.by, event.detail["text"]) == (Kind.NOTE, Party.CARRIER, result.note)


async def test_the_status_and_the_promise_that_the_carrier_names_are_learnt(
    database: Database, carriers: CarrierEndpoints, acme: Recorder
) -> None:
    window = {"start": "2026-11-24T12:00:00+02:00", "end": "2026-11-24T16:00:00+02:00"}
    acme.answer(200, json.dumps({"status": "on_hold", "promised": window}))

    result = await asked(database, carriers, "request_new_attempt")

    delivery = delivery_of(Order("D1", "acme", Window(None, EIGHT), Destination("UTC")), EIGHT - HOUR)
    for event in result.events:
        delivery = delivery.after(event)
    assert [event.kind for event in result.events] == [Kind.NOTE, Kind.PROMISE_CHANGED, Kind.STATUS]
    assert delivery.facts.status is Status.ON_HOLD
    assert delivery.facts.promised.end == EIGHT + 32 * HOUR
    assert delivery.facts.customer_moved_promise is False


@pytest.mark.parametrize("action", REQUESTS)
async def test_a_carrier_that_declines_calls_for_otherwise(
    sqlite_database: Database, carriers: CarrierEndpoints, acme: Recorder, action: str
) -> None:
    acme.answer(200, '{"accepted": false, "reason": "already on its way"}')

    result = await asked(sqlite_database, carriers, action)

    assert result.outcome is Outcome.DECLINED
    assert result.outcome.calls_for_otherwise
    assert result.note.endswith("and declined: already on its way")
    assert result.events == ()


@pytest.mark.parametrize("action", REQUESTS)
async def test_a_carrier_that_takes_no_requests_is_no_help_and_says_what_is_missing(
    sqlite_database: Database, action: str
) -> None:
    result = await asked(sqlite_database, CarrierEndpoints(Webhooks({}, lambda name: None, lambda: EIGHT), {}), action)

    assert result.outcome is Outcome.NO_HELP
    assert result.note.startswith("acme cannot be asked")
    assert result.note.endswith("name an endpoint as its requests in directory.yaml")


@pytest.mark.parametrize(
    "body",
    [
        '{"status": "teleported"}',
        '{"promised": {"end": "tomorrow"}}',
        '{"promised": {"end": "9999-12-31T00:00:00Z"}}',
        '{"accepted": true, "status": 7}',
    ],
    ids=str,
)
async def test_what_cannot_be_read_of_an_answer_is_not_guessed(
    sqlite_database: Database, carriers: CarrierEndpoints, acme: Recorder, body: str
) -> None:
    acme.answer(200, body)

    result = await asked(sqlite_database, carriers, "return_to_sender")

    assert result.outcome is Outcome.DONE
    assert result.note.endswith("and agreed; what else it answered cannot be read")
    assert [event.kind for event in result.events] == [Kind.NOTE]


async def test_asked_again_the_same_is_answered_with_the_same_events(
    database: Database, carriers: CarrierEndpoints, acme: Recorder
) -> None:
    acme.answer(200, '{"status": "returning"}')
    first = await asked(database, carriers, "return_to_sender")

    again = await asked(database, carriers, "return_to_sender", now=EIGHT + MINUTE)

    assert [(event.event_id, event.kind, event.occurred_at) for event in again.events] == [
        (event.event_id, event.kind, event.occurred_at) for event in first.events
    ]
    assert len(acme.calls) == 1


async def test_a_request_in_doubt_is_made_again_under_the_same_id(
    database: Database, carriers: CarrierEndpoints, acme: Recorder
) -> None:
    acme.hangs = 1

    with pytest.raises(ApplicationError, match="did not answer in time"):
        await asked(database, carriers, "hold_at_hub")
    result = await asked(database, carriers, "hold_at_hub", now=EIGHT + SECOND)

    assert result.outcome is Outcome.DONE
    assert len(acme.ids) == 2
    assert len(set(acme.ids)) == 1
