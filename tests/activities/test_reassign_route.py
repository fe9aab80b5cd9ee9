"""A van breaks down: what is left on it goes to other drivers, on the real store."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from domain.actions import Outcome
from domain.instant import MINUTE
from domain.replanning import PlanVersion, Replan, Wanted
from domain.status import Kind, Status
from store.database import Database
from store.plans import Plans
from store.tables import routes
from tests.activities.fleet import DAY, EIGHT, etas_of, has_route, is_known, km, order_of, outcome_of, request, stop, version_of
from tests.activities.test_reroute import OneByOne, rerouting


def asks(delivery_id: str, **more: Any) -> Wanted:
    return Wanted("reassign_route", request(delivery_id, {"to": ["nearby_driver"]}, **more))


async def has_a_broken_van(database: Database) -> None:
    """V1 has three stops: east, west, and one that needs a fridge. V2 drives east, V3 west; neither has a fridge."""
    await has_route(database, "R1", "V1", stop("E", km(10), 60), stop("W", km(-10), 60), stop("F", km(1), 90))
    await has_route(database, "R2", "V2", stop("E2", km(9), 30))
    await has_route(database, "R3", "V3", stop("W3", km(-9), 30))
    await is_known(database, "F", Status.OUT_FOR_DELIVERY, skills=["fridge"])


async def broken(database: Database, *wanted: Wanted) -> tuple[OneByOne, Any]:
    route = rerouting(database)
    return route, await route.replan(Replan("R1", DAY, wanted))


async def test_each_stop_goes_to_the_driver_whom_it_costs_least(database: Database) -> None:
    await has_a_broken_van(database)

    _, came = await broken(database, asks("E"), asks("W"), asks("F"))

    assert [(answer.delivery_id, answer.outcome) for answer in came.answers] == [
        ("E", Outcome.DONE),
        ("W", Outcome.DONE),
        ("F", Outcome.NO_HELP),
    ]
    assert came.answers[0].note == "driver V2 takes it on route R2, arrives 08:10"
    assert came.answers[2].note == "nobody can take it: V2 lacks fridge, V3 lacks fridge"
    assert [await order_of(database, name) for name in ("R1", "R2", "R3")] == [["F"], ["E2", "E"], ["W3", "W"]]
    assert await etas_of(database, "R3") == {"W3": 9, "W": 10}
    assert came.new == (PlanVersion("R1", DAY, 2), PlanVersion("R2", DAY, 2), PlanVersion("R3", DAY, 2))


async def test_each_delivery_learns_its_driver_route_and_eta_also_those_that_did_not_ask(sqlite_database: Database) -> None:
    await has_a_broken_van(sqlite_database)

    route, _ = await broken(sqlite_database, asks("E"))

    ((_, answer),) = route.told.answers
    assert [(event.event_id, event.kind) for event in answer.events] == [
        (f"{request('E').key}/assignment", Kind.ASSIGNMENT),
        (f"{request('E').key}/eta", Kind.ETA),
    ]
    assert answer.events[0].detail == {"state": "accepted", "driver_id": "V2", "carrier": "acme", "route_id": "R2"}
    assert [(who, event.event_id) for who, event in route.told.reports] == [
        ("W", f"route/R1/{DAY}/2/assignment"),
        ("W", f"route/R1/{DAY}/2/eta"),
    ]
    assert route.told.reports[0][1].detail["driver_id"] == "V3"


async def test_whoever_asks_for_a_whole_group_was_not_helped_while_somebody_is_left(sqlite_database: Database) -> None:
    await has_a_broken_van(sqlite_database)

    route, came = await broken(sqlite_database, asks("E", key="disruption/7/van-broken/do.0/0"))

    assert came.answers[0].outcome is Outcome.NO_HELP
    assert came.answers[0].note == "driver V2 takes it on route R2, arrives 08:10; nobody can take F"
    assert [event.kind for event in route.told.answers[0][1].events] == [Kind.ASSIGNMENT, Kind.ETA]


async def test_a_broken_van_gets_nothing_back(database: Database) -> None:
    """V2 breaks down later: nothing goes to V1, which nobody has mended."""
    await has_a_broken_van(database)
    await broken(database, asks("E"))
    later = replace(rerouting(database), now=EIGHT + 5 * MINUTE)

    came = await later.replan(Replan("R2", DAY, (asks("E2"), asks("E", key="again"))))

    assert all("V1" not in answer.note for answer in came.answers)
    assert await order_of(database, "R1") == ["F"]


async def test_a_van_that_broke_down_is_not_rerouted(sqlite_database: Database) -> None:
    await has_a_broken_van(sqlite_database)
    await broken(sqlite_database, asks("E"))

    result = await rerouting(sqlite_database).reroute(request("F", key="K"))

    assert result.outcome is Outcome.NO_HELP
    assert "the van of route R1 broke down" in result.note


async def test_a_delivery_that_has_another_driver_already_does_not_empty_that_ones_van(sqlite_database: Database) -> None:
    await has_a_broken_van(sqlite_database)
    route, _ = await broken(sqlite_database, asks("W"))

    result = await route.reassign_route(replace(request("E", key="late"), driver_id="V1", route_id="R1"))

    assert (result.outcome, result.note) == (Outcome.DONE, "driver V2 has taken it on route R2 already")
    assert result.events[0].detail["driver_id"] == "V2"
    assert await version_of(sqlite_database, "R2") == 2


async def test_it_goes_to_nobody_who_had_it_before(sqlite_database: Database) -> None:
    await has_a_broken_van(sqlite_database)
    await broken(sqlite_database, asks("E"))
    assert (await outcome_of(sqlite_database, request("E").key))["detail"]["gave_up"] == [["driver", "V1"]]

    async with sqlite_database.writing() as connection:
        await connection.execute(update(routes).values(broken_at=None))
    came = await rerouting(sqlite_database).replan(Replan("R2", DAY, (asks("E", key="again"), asks("E2"))))

    assert "V1 had it before" in came.answers[0].note or "driver V3" in came.answers[0].note


async def test_two_drivers_share_what_neither_could_take_alone(sqlite_database: Database) -> None:
    await has_route(sqlite_database, "R1", "V1", *(stop(f"D{n}", km(n), 60 + n) for n in range(1, 5)))
    await has_route(sqlite_database, "R2", "V2", capacity=2)
    await has_route(sqlite_database, "R3", "V3", capacity=1)

    _, came = await broken(sqlite_database, *(asks(f"D{n}") for n in range(1, 5)))

    assert [answer.outcome for answer in came.answers].count(Outcome.DONE) == 3
    assert came.answers[3].note == "nobody can take it: V2 has no room, V3 has no room"
    assert sorted([len(await order_of(sqlite_database, name)) for name in ("R1", "R2", "R3")]) == [1, 1, 2]


@pytest.mark.parametrize("status", [Status.ARRIVED, Status.DELIVERED])
async def test_the_stop_at_which_the_driver_is_stays(sqlite_database: Database, status: Status) -> None:
    await has_a_broken_van(sqlite_database)
    await is_known(sqlite_database, "E", status)

    _, came = await broken(sqlite_database, asks("E"), asks("W"))

    assert [answer.outcome for answer in came.answers] == [Outcome.NO_HELP, Outcome.DONE]
    assert await order_of(sqlite_database, "R2") == ["E2"]


async def test_the_plans_of_all_routes_change_together_or_not_at_all(sqlite_database: Database) -> None:
    await has_a_broken_van(sqlite_database)

    class Busy(Plans):
        """Another plan of R3 always comes first."""

        async def write(self, plans: Any, *args: Any, **more: Any) -> bool:
            return await super().write(
                [replace(plan, version=plan.version - (plan.route_id == "R3")) for plan in plans], *args, **more
            )

    with pytest.raises(Exception, match="the plans of the day changed 4 times meanwhile"):
        await rerouting(sqlite_database, plans=Busy(sqlite_database)).replan(Replan("R1", DAY, (asks("E"),)))

    assert [await version_of(sqlite_database, name) for name in ("R1", "R2", "R3")] == [1, 1, 1]


async def test_who_asks_for_the_group_after_another_is_not_told_that_ones_driver(sqlite_database: Database) -> None:
    """Whoever leads a disruption asks by its key: the effect is done once, and each is answered."""
    await has_a_broken_van(sqlite_database)
    key = "disruption/7/van-broken/do.0/0"
    route, came = await broken(sqlite_database, asks("E", key=key), asks("W", key=key))
    later = await route.replan(Replan("R1", DAY, (asks("F", key=key),)))

    told = route.told.answers
    assert [len(result.events) for _, result in told] == [2, 0, 0]
    assert [answer.outcome for answer in (*came.answers, *later.answers)] == [Outcome.NO_HELP] * 3
    assert await version_of(sqlite_database, "R1") == 2
    assert [await order_of(sqlite_database, name) for name in ("R2", "R3")] == [["E2", "E"], ["W3", "W"]]
    assert {who for who, _ in route.told.reports} == {"W"}
