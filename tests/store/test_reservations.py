"""Room that is kept for what was offered: two at once never get the same, and what is filled or given back is told."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.actions import Outcome
from domain.assignment import Candidate
from domain.effect import Ending
from domain.instant import MINUTE
from domain.route import RoutePlan, Stop
from store.database import Database
from store.errors import ReservationLostError
from store.ledger import Ledger
from store.plans import Plans
from store.reservations import Reservations
from store.words import ReservationState
from tests.activities.fleet import DAY, EIGHT, has_route, km, order_of, stop

V2 = Candidate("driver", "V2", "acme", route_id="R2", service_date=DAY)


async def hold(database: Database, delivery_id: str, candidate: Candidate = V2) -> bool:
    return await Reservations(database).hold(
        f"{delivery_id}/{candidate.id}", delivery_id, candidate, until=EIGHT + 5 * MINUTE, now=EIGHT
    )


async def planned(database: Database, route_id: str) -> RoutePlan:
    plans = await Plans(database).others(RoutePlan("elsewhere", DAY, 1, km(0), EIGHT, carrier="acme"), EIGHT)
    return next(plan for plan in plans if plan.route_id == route_id)


async def claimed(database: Database, key: str) -> Ending:
    claim = await Ledger(database).claim(
        key, action="reassign", delivery_id="D", incident_id="I", deadline=EIGHT + MINUTE, now=EIGHT
    )
    return Ending(key, claim.attempt, EIGHT, Outcome.DONE)


async def write(database: Database, plans: Sequence[RoutePlan], key: str, reservation: str | None = None) -> bool:
    return await Plans(database).write(plans, await claimed(database, key), reservation)


def with_stop(plan: RoutePlan, delivery_id: str) -> RoutePlan:
    return plan.with_remaining((*plan.remaining, Stop(delivery_id, km(1))))


async def test_two_at_once_never_get_the_last_room(database: Database) -> None:
    await has_route(database, "R2", "V2", stop("P", km(9)), capacity=3)

    kept = await asyncio.gather(*(hold(database, f"D{number}") for number in range(6)))

    assert sum(kept) == 2


async def test_asked_again_the_same_room_is_still_kept(database: Database) -> None:
    await has_route(database, "R2", "V2", capacity=1)

    assert [await hold(database, "D1"), await hold(database, "D1"), await hold(database, "D2")] == [True, True, False]


async def test_what_is_given_back_others_may_have(database: Database) -> None:
    await has_route(database, "R2", "V2", capacity=1)
    await hold(database, "D1")

    assert await Reservations(database).release("D1/driver:V2", now=EIGHT) is True
    assert await Reservations(database).release("D1/driver:V2", now=EIGHT) is True
    assert await hold(database, "D2") is True
    assert await hold(database, "D1") is False


async def test_room_that_nobody_gives_back_is_kept_no_longer_than_was_said(sqlite_database: Database) -> None:
    await has_route(sqlite_database, "R2", "V2", capacity=1)
    await hold(sqlite_database, "D1")

    late = await Reservations(sqlite_database).hold("D2", "D2", V2, until=EIGHT + 9 * MINUTE, now=EIGHT + 5 * MINUTE)

    assert late is True


async def test_a_carriers_room_is_its_own_affair(sqlite_database: Database) -> None:
    zipvan = Candidate("carrier", "zipvan", "zipvan")

    assert [await hold(sqlite_database, f"D{number}", zipvan) for number in range(3)] == [True, True, True]


async def test_a_plan_shows_the_room_that_is_promised_in_it(database: Database) -> None:
    await has_route(database, "R2", "V2", stop("P", km(9)), capacity=2)
    await hold(database, "D1")

    plan = await planned(database, "R2")

    assert plan.promised == (("D1", 1),)
    assert not plan.has_room_for(Stop("D2", km(1)))
    assert plan.has_room_for(Stop("D1", km(1)))


async def test_a_stop_that_is_moved_fills_the_room_that_was_kept_for_it(database: Database) -> None:
    await has_route(database, "R2", "V2", stop("P", km(9)), capacity=2)
    await hold(database, "D1")

    moved = await write(database, [with_stop(await planned(database, "R2"), "D1")], "K", "D1/driver:V2")

    assert moved is True
    assert await order_of(database, "R2") == ["P", "D1"]
    assert await Reservations(database).states("D1") == {"D1/driver:V2": ReservationState.COMMITTED}
    assert await Reservations(database).release("D1/driver:V2", now=EIGHT) is False


async def test_room_that_was_given_back_cannot_be_filled_and_nothing_is_moved(database: Database) -> None:
    await has_route(database, "R2", "V2", stop("P", km(9)), capacity=2)
    await hold(database, "D1")
    await Reservations(database).release("D1/driver:V2", now=EIGHT)

    with pytest.raises(ReservationLostError, match="the room of offer D1/driver:V2 was given back; offer it again"):
        await write(database, [with_stop(await planned(database, "R2"), "D1")], "K", "D1/driver:V2")

    assert await order_of(database, "R2") == ["P"]


async def test_who_planned_before_room_was_promised_to_others_plans_again(database: Database) -> None:
    await has_route(database, "R2", "V2", stop("P", km(9)), capacity=2)
    before = await planned(database, "R2")
    await hold(database, "D1")

    taken = await write(database, [with_stop(before, "D2")], "K1")
    again = await write(database, [replace(await planned(database, "R2"), stops=before.stops)], "K2")

    assert (taken, again) == (False, True)
    assert await order_of(database, "R2") == ["P"]
