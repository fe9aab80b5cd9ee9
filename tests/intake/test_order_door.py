"""Orders over HTTP: who may send them, what is refused, and that none is lost while Temporal is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from temporalio.testing import WorkflowEnvironment

from cli.serve import add_orders
from intake.handing_on import HandingOn
from intake.keys import Keys
from intake.orders import OrderDoor
from intake.taking import Taking
from store.database import Database
from store.events import Events
from store.inbox import Inbox
from tests.workflows.books import LATE, a_book
from tests.workflows.stage import an_order, stage
from workflows.client import Deliveries, UnreachableError
from workflows.clock import wall_clock

KEY = "a-key-of-the-order-system"
BEARER = {"Authorization": f"Bearer {KEY}"}


@dataclass
class Temporal:
    """Where deliveries run, if it is not away."""

    deliveries: Deliveries | None = field(default=None)

    async def __call__(self) -> Deliveries:
        if self.deliveries is None:
            raise UnreachableError("cannot reach Temporal")
        return self.deliveries


@asynccontextmanager
async def door(database: Database, temporal: Temporal) -> AsyncIterator[tuple[AsyncClient, HandingOn]]:
    inbox = Inbox(database)
    handing_on = HandingOn(inbox, temporal, Events(database), wall_clock)
    app = FastAPI()
    add_orders(app, OrderDoor(Keys((KEY,)), Taking(inbox, handing_on), temporal, wall_clock))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep", headers=BEARER) as client:
        yield client, handing_on


async def test_an_order_begins_its_delivery_and_sent_again_joins_it(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, a_book(LATE)) as on, door(sqlite_database, Temporal(on.deliveries)) as (client, _):
        order = an_order()

        answers = [await client.post("/v1/deliveries", json=order) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json() == {"delivery_id": order["delivery_id"], "state": "started"}
        assert (await on.snapshot(order["delivery_id"]))["generation"] == 1


async def test_how_a_delivery_stands_can_be_asked(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    async with stage(temporal.client, a_book(LATE)) as on, door(sqlite_database, Temporal(on.deliveries)) as (client, _):
        delivery_id = await on.start()

        stands = await client.get(f"/v1/deliveries/{delivery_id}")
        unknown = await client.get("/v1/deliveries/nobody-knows-it")
        stranger = await client.get(f"/v1/deliveries/{delivery_id}", headers={"Authorization": "Bearer nobody-knows-this-key"})

        assert (stands.status_code, stands.json()["status"]) == (200, "created")
        assert [unknown.status_code, stranger.status_code] == [404, 401]


async def test_while_temporal_is_away_nothing_can_be_asked(sqlite_database: Database) -> None:
    async with door(sqlite_database, Temporal()) as (client, _):
        answer = await client.get("/v1/deliveries/D-1")

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


async def test_another_order_under_the_same_id_is_a_conflict(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    async with stage(temporal.client, a_book(LATE)) as on, door(sqlite_database, Temporal(on.deliveries)) as (client, _):
        order = an_order()
        await client.post("/v1/deliveries", json=order)

        answer = await client.post("/v1/deliveries", json={**order, "service_level": "express"})

        assert answer.status_code == 409
        assert "another order" in answer.json()["detail"]


async def test_while_temporal_is_away_the_order_is_kept_and_begins_once_when_it_is_back(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    away = Temporal()
    async with stage(temporal.client, a_book(LATE)) as on, door(sqlite_database, away) as (client, handing_on):
        order = an_order()
        kept = [await client.post("/v1/deliveries", json=order, headers={"Idempotency-Key": "O-77"}) for _ in range(2)]

        away.deliveries = on.deliveries
        await handing_on.all()

        assert [answer.json()["state"] for answer in kept] == ["kept", "kept"]
        assert (await on.snapshot(order["delivery_id"]))["status"] == "created"
        again = await client.post("/v1/deliveries", json=order, headers={"Idempotency-Key": "O-77"})
        assert again.json()["state"] == "started"


async def test_another_order_under_a_used_key_is_not_lost(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    async with stage(temporal.client, a_book(LATE)) as on, door(sqlite_database, Temporal(on.deliveries)) as (client, _):
        orders = [an_order(), an_order()]

        for order in orders:
            answer = await client.post("/v1/deliveries", json=order, headers={"Idempotency-Key": "1001"})
            assert answer.json() == {"delivery_id": order["delivery_id"], "state": "started"}

        for order in orders:
            assert (await on.snapshot(order["delivery_id"]))["status"] == "created"


async def test_every_mistake_of_an_order_is_named_and_nothing_is_kept(sqlite_database: Database) -> None:
    async with door(sqlite_database, Temporal()) as (client, _):
        wrong: dict[str, Any] = {**an_order(), "carrier": "not a name", "promised": {"end": "tomorrow"}}

        answer = await client.post("/v1/deliveries", json=wrong)

        assert answer.status_code == 422
        assert {problem["loc"] for problem in answer.json()["errors"]} == {"carrier", "promised.end"}
        assert "not a name" not in answer.text
        assert await Inbox(sqlite_database).next_of() == ()


async def test_without_a_key_or_as_something_else_nothing_is_taken(sqlite_database: Database) -> None:
    async with door(sqlite_database, Temporal()) as (client, _):
        stranger = await client.post("/v1/deliveries", json=an_order(), headers={"Authorization": "Bearer nobody-knows-this-key"})
        form = await client.post("/v1/deliveries", data={"delivery_id": "D-1"})
        several = await client.post("/v1/deliveries", json=[an_order()])
        huge = await client.post("/v1/deliveries", json={**an_order(), "tags": ["x" * 300_000]})

        assert [one.status_code for one in (stranger, form, several, huge)] == [401, 415, 422, 413]
        assert await Inbox(sqlite_database).next_of() == ()
