"""Plans in the store: what is in force, where the driver stands, and that versions only ever follow one another."""

from dataclasses import replace

from domain.actions import Outcome
from domain.effect import Ending
from domain.fleet import Fleet
from domain.instant import HOUR, MINUTE
from domain.route import Point, RoutePlan, Stop, StopState
from domain.status import Status
from store.database import Database
from store.fleets import Fleets
from store.ledger import Ledger
from store.plans import Plans
from tests.activities.fleet import DAY, EIGHT, has_route, is_known, km, stop

DEPOT = Point(60.2, 24.9)
STOPS = (
    Stop("A", Point(60.21, 24.91), EIGHT, EIGHT + HOUR, 2 * MINUTE, locked=True),
    Stop("B", Point(60.22, 24.92), load=3, eta=EIGHT + 5),
)
PLAN = RoutePlan("R1", DAY, 1, DEPOT, EIGHT, STOPS, carrier="acme", capacity=9, shift_ends=EIGHT + 8 * HOUR)


async def added(database: Database, plan: RoutePlan) -> None:
    await Fleets(database).take_over(Fleet(plans=(plan,)))


async def test_a_route_is_read_as_it_was_added(database: Database) -> None:
    await added(database, PLAN)

    assert await Plans(database).holding("B", EIGHT - HOUR) == PLAN


async def test_the_next_version_is_in_force_and_the_effect_closed_with_it(database: Database) -> None:
    plans, ledger = Plans(database), Ledger(database)
    await added(database, PLAN)
    claim = await ledger.claim("K", action="reroute", delivery_id="A", incident_id="I", deadline=EIGHT + MINUTE, now=EIGHT)

    written = await plans.write(
        [PLAN.without("A")], Ending("K", claim.attempt, EIGHT, Outcome.DONE, "shorter", detail={"at": EIGHT})
    )

    again = await ledger.claim("K", action="reroute", delivery_id="A", incident_id="I", deadline=EIGHT + MINUTE, now=EIGHT)
    assert written
    assert await plans.holding("A", EIGHT) is None
    assert await plans.holding("B", EIGHT) == replace(PLAN, version=2, stops=STOPS[1:])
    assert (again.outcome, again.note, again.detail) == (Outcome.DONE, "shorter", {"at": EIGHT})


async def test_the_driver_stands_where_a_stop_was_done_last_and_can_leave_now(sqlite_database: Database) -> None:
    await has_route(sqlite_database, "R1", "V1", stop("A", km(1)), stop("B", km(2)), stop("C", km(3)), stop("D", km(4)))
    await is_known(sqlite_database, "A", Status.OUT_FOR_DELIVERY)
    await is_known(sqlite_database, "B", Status.DELIVERED)
    await is_known(sqlite_database, "D", Status.ARRIVED)

    plan = await Plans(sqlite_database).holding("C", EIGHT)

    assert plan is not None
    assert [(kept.delivery_id, kept.state) for kept in plan.stops] == [
        ("B", StopState.DONE),
        ("D", StopState.IN_PROGRESS),
        ("A", StopState.PLANNED),
        ("C", StopState.PLANNED),
    ]
    assert (plan.start, plan.leaves_at) == (km(2), EIGHT)


async def test_before_the_route_starts_it_leaves_the_depot_when_it_was_planned_to(sqlite_database: Database) -> None:
    await added(sqlite_database, PLAN)

    plan = await Plans(sqlite_database).holding("A", EIGHT - HOUR)

    assert plan is not None
    assert (plan.start, plan.leaves_at) == (DEPOT, EIGHT)


async def test_a_delivery_on_routes_of_two_days_is_looked_for_on_the_later_one(sqlite_database: Database) -> None:
    plans = Plans(sqlite_database)
    await added(sqlite_database, PLAN)
    await added(sqlite_database, replace(PLAN, service_date="2026-11-24"))

    plan = await plans.holding("A", EIGHT)

    assert plan is not None
    assert plan.service_date == "2026-11-24"
