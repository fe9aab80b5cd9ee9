"""Who drives a route reads its plan over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from jsonschema import Draft202012Validator

from cli.openapi import schemas
from cli.serve import add_plans
from domain.instant import Instant
from domain.route import RoutePlan
from domain.status import Status
from intake.keys import Keys
from intake.plans import PlanDoor
from store.database import Database
from store.errors import DatabaseUnreachableError, SchemaTooNewError
from store.plans import Plans
from tests.activities.fleet import DAY, clock, has_route, is_known, km, stop

KEY = "a-key-of-the-drivers-app"
PLAN = "/v1/routes/R1/plan"


@asynccontextmanager
async def door(database: Database, keys: tuple[str, ...] = (KEY,)) -> AsyncIterator[AsyncClient]:
    await has_route(database, "R1", "V1", stop("A", km(3), 60), stop("B", km(4), 90), locked=1)
    app = FastAPI()
    add_plans(app, PlanDoor(Keys(keys), Plans(database), clock))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep", headers=headers) as client:
        yield client


@pytest.mark.parametrize("path", [PLAN, f"{PLAN}?service_date={DAY}"])
async def test_the_plan_in_force_is_read_in_driving_order(sqlite_database: Database, path: str) -> None:
    async with door(sqlite_database) as client:
        answer = await client.get(path)

    plan = answer.json()
    assert answer.status_code == 200
    assert (plan["route_id"], plan["service_date"], plan["version"], plan["driver_id"]) == ("R1", DAY, 1, "V1")
    assert [(one["delivery_id"], one["fixed"]) for one in plan["stops"]] == [("A", True), ("B", False)]


async def test_who_has_it_already_is_told_so_until_it_changes(sqlite_database: Database) -> None:
    async with door(sqlite_database) as client:
        first = await client.get(PLAN)
        known = {"If-None-Match": first.headers["ETag"]}
        again = await client.get(PLAN, headers=known)
        await is_known(sqlite_database, "A", Status.DELIVERED)
        later = await client.get(PLAN, headers=known)

    assert (again.status_code, again.content) == (304, b"")
    assert later.status_code == 200
    assert [one["state"] for one in later.json()["stops"]] == ["done", "planned"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        pytest.param("/v1/routes/R9/plan", 404, "there is no plan of such a route", id="an unknown route"),
        pytest.param(f"{PLAN}?service_date=2020-01-01", 404, "on that day", id="another day"),
        pytest.param(f"{PLAN}?service_date=tomorrow", 422, "the service date cannot be read", id="no date"),
    ],
)
async def test_what_there_is_not_is_a_problem_in_words(sqlite_database: Database, path: str, status: int, said: str) -> None:
    async with door(sqlite_database) as client:
        answer = await client.get(path)

    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_key_nobody_reads_it(sqlite_database: Database) -> None:
    async with door(sqlite_database, keys=("another-key-altogether",)) as client:
        assert (await client.get(PLAN)).status_code == 401


async def test_the_plan_is_as_the_gateway_describes_it(sqlite_database: Database) -> None:
    async with door(sqlite_database) as client:
        plan = (await client.get(PLAN)).json()

    described = {"$ref": "#/components/schemas/Plan", "components": {"schemas": schemas()}}
    assert not list(Draft202012Validator(described).iter_errors(plan))


class Failing:
    """Plans that cannot be read, for a reason."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def of(self, route_id: str, service_date: str, now: Instant) -> RoutePlan | None:
        raise self._error

    async def latest(self, route_id: str, now: Instant) -> RoutePlan | None:
        raise self._error


async def test_while_the_database_is_away_the_plan_is_to_be_asked_for_again() -> None:
    app = FastAPI()
    add_plans(app, PlanDoor(Keys((KEY,)), Failing(DatabaseUnreachableError("it does not answer")), clock))

    async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep") as client:
        answer = await client.get(PLAN, headers={"Authorization": f"Bearer {KEY}"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


async def test_what_waiting_does_not_mend_is_a_fault_of_ours_and_no_database_that_is_away() -> None:
    app = FastAPI()
    add_plans(app, PlanDoor(Keys((KEY,)), Failing(SchemaTooNewError("migrated by a newer program")), clock))

    async with AsyncClient(transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://doorstep") as client:
        answer = await client.get(PLAN, headers={"Authorization": f"Bearer {KEY}"})

    assert answer.status_code == 500
