"""What goes through the doors is counted and logged, without what was sent."""

import logging
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
from fastapi import FastAPI, Response
from httpx import ASGITransport, AsyncClient
from prometheus_client import CollectorRegistry

from domain.instant import SECOND
from intake.counting import CountedDoors, DoorFigures
from intake.problems import RefusedRequestError, problem
from store.database import Database
from store.inbox import Inbox
from tests.store.test_inbox import arrival
from web.metrics import add_metrics

NOW = 1_795_413_600_000


async def refusing(status: int, name: str) -> Response:
    return problem(RefusedRequestError(HTTPStatus(status), f"said of {name}" if status == 422 else "in words of ours"))


async def breaking() -> None:
    raise RuntimeError("a fault in the code")


@pytest.fixture
async def gateway(sqlite_database: Database) -> AsyncIterator[AsyncClient]:
    app, registry = FastAPI(), CollectorRegistry()
    app.add_middleware(CountedDoors, figures=DoorFigures(registry))
    app.add_api_route("/v1/doors/{status}/{name}", refusing, methods=["POST"])
    app.add_api_route("/v1/broken", breaking)
    add_metrics(app, registry, sqlite_database, lambda: NOW)
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://doorstep") as client:
        yield client


async def test_refusals_are_counted_by_door_and_type(gateway: AsyncClient) -> None:
    for status in (401, 422, 422):
        await gateway.post(f"/v1/doors/{status}/aino")
    await gateway.get("/nowhere/aino")
    await gateway.get("/v1/broken")

    told = (await gateway.get("/metrics")).text

    assert 'doorstep_rejected_total{door="/v1/doors/{status}/{name}",type="unprocessable_entity"} 2.0' in told
    assert 'doorstep_rejected_total{door="unknown",type="not_found"} 1.0' in told
    assert 'doorstep_http_requests_total{door="/v1/broken",method="GET",status="500"} 1.0' in told
    assert 'doorstep_http_request_seconds_count{door="/v1/doors/{status}/{name}"} 3.0' in told
    assert "aino" not in told


async def test_every_refusal_is_a_line_of_its_own_at_its_level(gateway: AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "doorstep.doors")
    for status in (401, 422, 503):
        await gateway.post(f"/v1/doors/{status}/aino")
    await gateway.get("/v1/broken")

    lines = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "doorstep.doors"]

    assert lines == [
        ("WARNING", "POST /v1/doors/{status}/{name} refused, 401 unauthorized: in words of ours"),
        ("INFO", "POST /v1/doors/{status}/{name} refused, 422 unprocessable_entity"),
        ("WARNING", "POST /v1/doors/{status}/{name} refused, 503 service_unavailable: in words of ours"),
        ("ERROR", "GET /v1/broken refused, 500 internal_server_error"),
    ]


async def test_what_waits_in_the_inbox_is_shown_with_its_age(gateway: AsyncClient, sqlite_database: Database) -> None:
    await Inbox(sqlite_database).put("twilio", "SM1", [arrival("D-1"), arrival("D-2")], now=NOW - 90 * SECOND)

    told = (await gateway.get("/metrics")).text

    assert "doorstep_inbox_waiting 2.0" in told
    assert "doorstep_inbox_oldest_seconds 90.0" in told
    assert "doorstep_store_answers 1.0" in told


async def test_while_the_database_is_away_nothing_is_shown_as_if_it_were_so_still(tmp_path: object) -> None:
    app, registry = FastAPI(), CollectorRegistry()
    add_metrics(app, registry, Database(f"sqlite:///{tmp_path}/none/doorstep.db"), lambda: NOW)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep") as client:
        told = (await client.get("/metrics")).text

    assert "doorstep_store_answers 0.0" in told
    assert "doorstep_inbox_waiting NaN" in told
    assert "doorstep_open_incidents{" not in told
