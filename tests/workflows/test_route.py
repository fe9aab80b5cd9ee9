"""The Route workflow with deliveries, the real store and solver, on a real Temporal server."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import update
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.breakdown import Breakdown
from activities.planning import TravelTimes
from activities.reorder import Reordering, Solver
from activities.replan_route import ANSWERS_WITHIN, Replanning
from activities.reroute import Rerouting
from activities.tell_dispatch import Dispatching
from domain.endpoint import DISPATCH, Endpoint
from domain.instant import MINUTE, SECOND, Span, iso
from domain.objective import Objective
from domain.replanning import PlanVersion, Wanted
from domain.route import RoutePlan, Stop
from domain.schedule import Legs
from integrations.routing.solver import VroomSolver
from integrations.webhooks.sender import Webhooks
from rules.book import Rulebook, Step
from store.database import Database
from store.errors import DatabaseUnreachableError
from store.ledger import Ledger
from store.plans import Plans
from store.stand_ins import StandIns
from store.tables import routes
from tests.activities.fleet import DAY, TRAVEL, has_route, km, order_of, request, version_of
from tests.endpoints import Recorder, recording
from tests.workflows.books import FAILED, TELL, TICKET, a_book, a_rule
from tests.workflows.stage import Stage, a_status, from_now, stage
from tests.workflows.test_delivery import acted
from workflows.client import Deliveries
from workflows.clock import wall_clock
from workflows.contract import ROUTE, route_workflow_id
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER
from workflows.route import Route
from workflows.route_plan import STATE_KEY, RouteState, beginning, packed
from workflows.routes import Routes

BOOK = a_book(a_rule("late", FAILED, do=(Step("reroute", {}, (TICKET,)), TELL)))


@dataclass
class Day:
    """A day with routes."""

    stage: Stage
    routes: Routes
    database: Database

    async def starts(self, delivery_id: str, minutes: int) -> None:
        """A delivery that is promised within so many minutes."""
        await self.stage.start(delivery_id=delivery_id, promised={"end": from_now(minutes=minutes)}, rulebook="standard")

    async def fails(self, *delivery_ids: str) -> None:
        """Something happens to each that makes it ask its route."""
        news = [a_status("attempt_failed", reason="consignee_not_home")]
        await asyncio.gather(*(self.stage.deliveries.report(one, news) for one in delivery_ids))

    async def snapshot(self, route_id: str = "R1") -> dict[str, Any]:
        answer: dict[str, Any] = await self.routes.handle(route_id, DAY).query("snapshot")
        return answer


@asynccontextmanager
async def day(
    client: Client,
    database: Database,
    solver: Solver | None = None,
    queue: str | None = None,
    travel: TravelTimes = TRAVEL,
    book: Rulebook = BOOK,
    within: Span = ANSWERS_WITHIN,
    dispatch: Recorder | None = None,
) -> AsyncIterator[Day]:
    """Deliveries and routes on one task queue. The plans are of a day in 2026, and still in force."""
    queue = queue or f"day-{id(database)}"
    ledger, plans, running = Ledger(database), Plans(database), Deliveries(client, queue)
    reordering = Reordering(travel, solver or VroomSolver(), 5 * MINUTE)
    breakdown = Breakdown(plans, StandIns(database), travel, 5 * MINUTE)
    endpoints = {DISPATCH: Endpoint(dispatch.url, "SECRET")} if dispatch else {}
    webhooks = Webhooks(endpoints, {"SECRET": "hush"}.get, wall_clock)
    replanning = Replanning(plans, reordering, breakdown, running, ledger, wall_clock, within, webhooks.knows(DISPATCH))
    rerouting = Rerouting(plans, StillToday(client, queue), ledger, wall_clock)
    telling = Dispatching(plans, webhooks, ledger, wall_clock)
    real = {"reroute": rerouting.reroute, "reassign_route": rerouting.reassign_route}
    more = (replanning.replan_route, replanning.give_up_replanning, telling.tell_dispatch)
    async with webhooks, stage(client, book, queue=queue, real=real, beside=[Route], more=more) as on:
        yield Day(on, Routes(client, queue), database)


class StillToday(Routes):
    """Routes whose service day does not end while a test runs."""

    async def _send(self, day: Mapping[str, Any], signal: str, argument: Any) -> None:
        await super()._send({**day, "ends_at": from_now(hours=1)}, signal, argument)


def stop(delivery_id: str, east: int, by: int | None = None) -> Mapping[str, Any]:
    """A stop that takes no time, so many kilometres and minutes away, promised within so many minutes from now."""
    at = km(east)
    end = None if by is None else wall_clock() + by * MINUTE
    return {"delivery_id": delivery_id, "lat": at.lat, "lon": at.lon, "window_end": end, "service_ms": 0}


async def has_a_late_stop(database: Database, *names: str) -> None:
    """Two are far behind far ones, the last one can wait."""
    late, also, waits = names
    now = wall_clock()
    await has_route(
        database,
        "R1",
        "V1",
        stop(waits, 30, 600),
        stop(late, 1, 5),
        stop(also, 2, 6),
        starts_at=now,
        shift_end=now + 600 * MINUTE,
    )


def names(prefix: str) -> tuple[str, str, str]:
    return f"{prefix}-L", f"{prefix}-M", f"{prefix}-Z"


@pytest.fixture(autouse=True)
async def no_route_is_left(temporal: WorkflowEnvironment) -> AsyncIterator[None]:
    """All tests use one server and the same route."""
    yield
    with suppress(RPCError):
        await temporal.client.get_workflow_handle(route_workflow_id("R1", DAY)).terminate("the test is over")


async def test_requests_of_one_moment_are_solved_once_and_each_is_answered(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    late, also, waits = names("once")
    await has_a_late_stop(sqlite_database, late, also, waits)
    async with day(temporal.client, sqlite_database) as today:
        for one, minutes in ((late, 5), (also, 6), (waits, 600)):
            await today.starts(one, minutes)

        await today.fails(late, also, waits)
        helped = [await today.stage.until(one, acted("reroute", "done")) for one in (late, also)]
        left = await today.stage.until(waits, acted("open_ticket", "done"))

        assert await order_of(sqlite_database, "R1") == [late, also, waits]
        assert await version_of(sqlite_database, "R1") == 2
        assert all(snapshot["eta"] is not None for snapshot in helped)
        assert acted("reroute", "no_help")(left)
        seen = await today.snapshot()
        assert (seen["solved"], seen["waiting"], len(seen["answers"])) == (1, [], 3)
        plan = await today.routes.handle("R1", DAY).query("plan")
        assert (plan["version"], [one["delivery_id"] for one in plan["stops"]]) == (2, [late, also, waits])
        about = await today.routes.handle("R1", DAY).describe()
        attributes = {pair.key.name: pair.value for pair in about.typed_search_attributes}
        assert (attributes["Scope"], attributes["RouteId"]) == ("route:R1", "R1")


async def test_a_van_breaks_down_and_each_delivery_learns_its_new_driver_or_goes_on_otherwise(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    moved, stranded, quiet = names("broken")
    now = wall_clock()
    times = {"starts_at": now, "shift_end": now + 600 * MINUTE}
    await has_route(
        sqlite_database, "R1", "V1", stop(moved, 3, 60), stop(quiet, 5, 90), {**stop(stranded, 4, 60), "load": 9}, **times
    )
    await has_route(sqlite_database, "R2", "V2", stop("other", 2, 60), capacity=4, **times)
    book = a_book(a_rule("broken", FAILED, do=(Step("reassign_route", {}, (TICKET,)), TELL)))
    async with day(temporal.client, sqlite_database, book=book) as today:
        for one in (moved, stranded, quiet):
            await today.starts(one, 90)

        await today.fails(moved, stranded)
        helped = await today.stage.until(moved, acted("notify.customer", "done"))
        left = await today.stage.until(stranded, acted("open_ticket", "done"))
        told = await today.stage.until(quiet, lambda seen: seen["assigned"]["route_id"] == "R2")

        assert helped["assigned"] == {"carrier": "acme", "driver_id": "V2", "route_id": "R2"}
        assert helped["eta"] is not None
        assert acted("open_ticket", "done")(helped) is False
        assert acted("reassign_route", "no_help")(left)
        assert told["eta"] is not None
        assert told["open_incidents"] == []
        assert await order_of(sqlite_database, "R1") == [stranded]
        assert sorted(await order_of(sqlite_database, "R2")) == sorted(["other", moved, quiet])


async def test_dispatch_is_told_of_the_new_plan_and_keeps_nobody_waiting(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    late, also, waits = names("dispatch")
    await has_a_late_stop(sqlite_database, late, also, waits)
    async with recording() as dispatch:
        dispatch.answer(503)
        async with day(temporal.client, sqlite_database, dispatch=dispatch) as today:
            await today.starts(late, 5)
            await today.fails(late)
            await today.stage.until(late, acted("reroute", "done"))
            async with asyncio.timeout(20):
                while not (said := (await today.snapshot())["dispatch"]):  # noqa: ASYNC110 - a query is the only way to know
                    await asyncio.sleep(0.1)

    assert said == "dispatch was told version 2 of route R1"
    assert len(dispatch.calls) == 2
    assert [one["delivery_id"] for one in dispatch.calls[-1].json["data"]["plan"]["stops"]] == [late, also, waits]


async def test_dispatch_is_told_too_of_a_version_that_somebody_else_made(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    await has_a_late_stop(sqlite_database, *names("moved"))
    async with recording() as dispatch, day(temporal.client, sqlite_database, dispatch=dispatch) as today:
        routes = StillToday(temporal.client, today.stage.queue)
        await routes.changed(PlanVersion("R1", DAY, 1), "Europe/Helsinki")
        await routes.changed(PlanVersion("R1", DAY, 0), "Europe/Helsinki")
        async with asyncio.timeout(20):
            while not (await today.snapshot())["dispatch"]:  # noqa: ASYNC110 - a query is the only way to know
                await asyncio.sleep(0.1)
        seen = await today.snapshot()

    assert seen["dispatch"] == "dispatch was told version 1 of route R1"
    assert [call.json["data"]["plan"]["version"] for call in dispatch.calls] == [1]
    assert seen["rejected"]["count"] == 1
    assert "changed" in seen["rejected"]["last"][0]


class Crashing:
    """A solver that crashes."""

    async def order(self, plan: RoutePlan, legs: Legs, objective: Objective = Objective.ON_TIME) -> tuple[Stop, ...]:
        raise RuntimeError("VROOM ended with code 139")


class Hanging:
    """A solver that never answers."""

    async def order(self, plan: RoutePlan, legs: Legs, objective: Objective = Objective.ON_TIME) -> tuple[Stop, ...]:
        await asyncio.sleep(3600)
        return ()


@pytest.mark.parametrize(
    ("solver", "said"),
    [
        pytest.param(Crashing(), "VROOM ended with code 139", id="crashes"),
        pytest.param(Hanging(), "no plan was found within 1 s", id="hangs"),
    ],
)
async def test_a_solver_that_fails_gives_failed_with_a_reason_to_everyone_who_asked(
    temporal: WorkflowEnvironment, sqlite_database: Database, solver: Solver, said: str
) -> None:
    late, also, waits = names(f"fails-{type(solver).__name__}")
    await has_a_late_stop(sqlite_database, late, also, waits)
    async with day(temporal.client, sqlite_database, solver, within=SECOND) as today:
        await today.starts(late, 5)
        await today.starts(also, 6)

        await today.fails(late, also)
        snapshots = [await today.stage.until(one, acted("open_ticket", "done"), within=40) for one in (late, also)]

        for snapshot in snapshots:
            (asked,) = [act for act in snapshot["actions"] if act["action"] == "reroute"]
            assert asked["outcome"] == "failed"
            assert "route R1 could not be planned" in asked["note"]
            assert said in asked["note"]
        assert await version_of(sqlite_database, "R1") == 1


class AwayAtFirst:
    """A solver for which the database is away at first, and that crashes then."""

    asked = 0

    async def order(self, plan: RoutePlan, legs: Legs, objective: Objective = Objective.ON_TIME) -> tuple[Stop, ...]:
        self.asked += 1
        if self.asked == 1:
            raise DatabaseUnreachableError("the database does not answer")
        raise RuntimeError("VROOM ended with code 139")


async def test_a_try_that_met_an_outage_is_not_one_of_the_three_that_planning_has(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    late, also, waits = names("outage")
    solver = AwayAtFirst()
    await has_a_late_stop(sqlite_database, late, also, waits)
    async with day(temporal.client, sqlite_database, solver) as today:
        await today.starts(late, 5)

        await today.fails(late)
        snapshot = await today.stage.until(late, acted("open_ticket", "done"), within=60)

        assert acted("reroute", "failed")(snapshot)
        assert solver.asked == 4


async def test_another_worker_goes_on_where_the_first_one_stopped_and_the_history_replays(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    late, also, waits = names("restart")
    await has_a_late_stop(sqlite_database, late, also, waits)
    async with day(temporal.client, sqlite_database, Hanging()) as today:
        await today.starts(late, 5)
        await today.fails(late)
        await today.stage.until(late, acted("reroute", "requested"))
    async with day(temporal.client, sqlite_database, queue=today.stage.queue) as later:
        snapshot = await later.stage.until(late, acted("reroute", "done"), within=60)
        handle = later.routes.handle("R1", DAY)
        await handle.signal("replan", {"action": "reroute"})
        await handle.signal("nonsense")
        seen = await later.snapshot()
        history = await handle.fetch_history()

    assert "arrives" in next(act["note"] for act in snapshot["actions"] if act["action"] == "reroute")
    assert await order_of(sqlite_database, "R1") == [late, also, waits]
    assert seen["rejected"]["count"] == 2
    replayed = await Replayer(workflows=[Route], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(history)
    assert replayed.replay_failure is None


async def test_it_ends_with_the_service_day_and_answers_what_comes_after_it(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    """The plan is of 2026: its day may have ended when the test runs, and is asked all the same."""
    late, also, waits = names("ends")
    await has_a_late_stop(sqlite_database, late, also, waits)
    async with sqlite_database.writing() as connection:
        await connection.execute(update(routes).values(shift_end=wall_clock() - MINUTE, service_date="2026-01-05"))
    plan = RoutePlan("R1", "2026-01-05", 1, km(0), 0, shift_ends=0)
    async with day(temporal.client, sqlite_database) as today:
        wanted = Wanted("reroute", request(late))

        await today.routes.ask(plan, "Europe/Helsinki", wanted)
        result = await asyncio.wait_for(today.routes.handle("R1", "2026-01-05").result(), 30)

        assert result == {"route_id": "R1", "service_date": "2026-01-05", "solved": 1}


async def test_cancelled_while_it_plans_it_ends(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    """It took the end of its activity for a plan that failed, went on, and could not be cancelled again."""
    late, also, waits = names("cancelled")
    solver = Waiting()
    await has_a_late_stop(sqlite_database, late, also, waits)
    async with day(temporal.client, sqlite_database, solver) as today:
        await today.starts(late, 60)
        await today.fails(late)
        await asyncio.wait_for(solver.begun.wait(), 15)

        await today.routes.handle("R1", DAY).cancel()
        with pytest.raises(WorkflowFailureError) as ended:
            await asyncio.wait_for(today.routes.handle("R1", DAY).result(), 15)

    assert isinstance(ended.value.cause, CancelledError)


class Waiting:
    """Finds no order before it has been waited for long."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def order(self, plan: RoutePlan, legs: Legs, objective: Objective = Objective.ON_TIME) -> tuple[Stop, ...]:
        self.begun.set()
        await asyncio.sleep(5)
        return plan.remaining


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([{"route_id": "R 1", "service_date": DAY}], id="a route id with a space"),
        pytest.param([{"route_id": "R1"}], id="no service date"),
        pytest.param([], id="nothing"),
        pytest.param([{"route_id": "R1", "service_date": DAY}, 2], id="two arguments"),
        pytest.param([None], id="null"),
        pytest.param([{STATE_KEY: {}}], id="what only a route itself hands on"),
        pytest.param([{"route_id": "R1", "service_date": "9999-12-31"}], id="the last day that there is"),
    ],
)
async def test_a_bad_start_fails_at_once(temporal: WorkflowEnvironment, sqlite_database: Database, sent: Sequence[Any]) -> None:
    async with day(temporal.client, sqlite_database) as today:
        handle = await temporal.client.start_workflow(ROUTE, args=sent, id=f"route-bad-{id(sent)}", task_queue=today.stage.queue)

        with pytest.raises(WorkflowFailureError) as failed:
            await asyncio.wait_for(handle.result(), 10)

    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "InvalidInput"


def test_a_day_goes_through_continue_as_new_whole() -> None:
    wanted = Wanted("reroute", request("L", eta=5))
    state = RouteState("R1", DAY, "Europe/Helsinki", 9).asked(wanted).asked(wanted).rejecting("x", 3)

    (payload,) = DATA_CONVERTER.payload_converter.to_payloads([packed(state)])

    back = beginning(RawValue(payload), goes_on=True)
    assert back.waiting[0].request == wanted.request
    assert back == state
    assert len(back.waiting) == 1
    assert back.rejections.last == (f"{iso(3)} x",)
