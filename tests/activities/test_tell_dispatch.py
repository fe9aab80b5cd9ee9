"""The dispatch system is told of a new plan: signed, once for each version, on the real store over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from temporalio.exceptions import ApplicationError

from activities.tell_dispatch import Dispatching
from domain.endpoint import DISPATCH, Endpoint
from domain.instant import MINUTE, Instant, iso
from domain.replanning import PlanVersion, Replan
from integrations.webhooks.sender import Webhooks
from integrations.webhooks.signature import signed_headers
from store.database import Database
from store.ledger import Ledger
from store.plans import Plans
from tests.activities.fleet import DAY, EIGHT, has_route, km, stop
from tests.activities.test_reroute import rerouting, wanted
from tests.endpoints import Recorder, recording

SECOND_VERSION = PlanVersion("R1", DAY, 2)


@asynccontextmanager
async def dispatch(database: Database, recorder: Recorder, now: Instant = EIGHT) -> AsyncIterator[Dispatching]:
    endpoints = {DISPATCH: Endpoint(recorder.url, "SECRET")}
    async with Webhooks(endpoints, {"SECRET": "hush"}.get, lambda: now) as webhooks:
        yield Dispatching(Plans(database), webhooks, Ledger(database), lambda: now)


async def has_a_new_plan(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("A", km(30), 60), stop("L", km(1), 5))
    await rerouting(database).replan(Replan("R1", DAY, (wanted("L"),)))


async def test_the_plan_is_told_once_signed_and_without_who_the_customers_are(sqlite_database: Database) -> None:
    await has_a_new_plan(sqlite_database)
    async with recording() as recorder, dispatch(sqlite_database, recorder) as dispatching:
        said = [await dispatching.tell_dispatch(SECOND_VERSION) for _ in range(2)]

    assert said == ["dispatch was told version 2 of route R1"] * 2
    (call,) = recorder.calls
    assert call.json["type"] == "route.plan_changed"
    plan = call.json["data"]["plan"]
    assert (plan["route_id"], plan["version"], plan["driver_id"]) == ("R1", 2, "V1")
    assert [(one["delivery_id"], one["state"], one["fixed"]) for one in plan["stops"]] == [
        ("L", "planned", False),
        ("A", "planned", False),
    ]
    assert set(plan["stops"][0]) == {"delivery_id", "state", "fixed", "eta", "window"}
    assert plan["stops"][0]["window"] == {"start": None, "end": iso(EIGHT + 5 * MINUTE)}
    wanted_signature = signed_headers("hush", call.headers["webhook-id"], EIGHT, call.body)["webhook-signature"]
    assert call.headers["webhook-signature"] == wanted_signature


async def test_while_dispatch_is_away_it_is_told_again_with_the_same_id(sqlite_database: Database) -> None:
    await has_a_new_plan(sqlite_database)
    async with recording() as recorder, dispatch(sqlite_database, recorder) as dispatching:
        recorder.answer(503)
        with pytest.raises(ApplicationError, match="503"):
            await dispatching.tell_dispatch(SECOND_VERSION)
        await dispatching.tell_dispatch(SECOND_VERSION)

    assert len(recorder.ids) == 2
    assert len(set(recorder.ids)) == 1


async def test_a_version_that_another_has_followed_is_not_told(sqlite_database: Database) -> None:
    await has_a_new_plan(sqlite_database)
    async with recording() as recorder, dispatch(sqlite_database, recorder) as dispatching:
        said = await dispatching.tell_dispatch(PlanVersion("R1", DAY, 1))

    assert said == "version 1 of route R1 is out of force already"
    assert recorder.calls == []
