"""Reassigning on the real store: who takes a delivery over, who does not and why."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from activities.reassign import Reassigning
from domain.actions import Outcome
from domain.effect import Ending
from domain.instant import MINUTE
from domain.replanning import PlanVersion
from domain.route import RoutePlan
from domain.status import Kind, Status
from store.database import Database
from store.ledger import Ledger
from store.plans import Plans
from store.stand_ins import StandIns
from tests.activities.fleet import (
    EIGHT,
    TRAVEL,
    clock,
    etas_of,
    has_backup,
    has_route,
    is_known,
    km,
    order_of,
    outcome_of,
    request,
    stop,
    version_of,
)

NEARBY = {"to": ["nearby_driver"]}
BACKUP = {"to": ["backup_carrier"]}


def reassigning(database: Database, plans: Plans | None = None) -> Reassigning:
    return Reassigning(plans or Plans(database), StandIns(database), TRAVEL, Ledger(database), clock)


async def dropped(database: Database) -> None:
    """V1 has D on the way, ten kilometres east."""
    await has_route(database, "R1", "V1", stop("A", km(5)), stop("D", km(10), 60), stop("B", km(20)))


async def test_the_driver_whose_route_grows_least_takes_it(database: Database) -> None:
    await dropped(database)
    await has_route(database, "R2", "V2", stop("X", km(0, 10)), stop("Y", km(0, 20)))
    await has_route(database, "R3", "V3", stop("P", km(9)), stop("Q", km(11)))

    result = await reassigning(database).reassign(request("D", NEARBY))

    assert result.outcome is Outcome.DONE
    assert result.note == "driver V3 takes it on route R3, arrives 08:10, 0 min more"
    assert await order_of(database, "R1") == ["A", "B"]
    assert await order_of(database, "R3") == ["P", "D", "Q"]
    assert await order_of(database, "R2") == ["X", "Y"]
    assert await etas_of(database, "R3") == {"P": 9, "D": 10, "Q": 11}


async def test_the_delivery_learns_who_has_it_and_when_it_comes(sqlite_database: Database) -> None:
    await dropped(sqlite_database)
    await has_route(sqlite_database, "R2", "V2", stop("P", km(9)))

    result = await reassigning(sqlite_database).reassign(request("D", NEARBY, key="K"))

    assigned, eta = result.events
    assert (assigned.event_id, assigned.kind) == ("K/assignment", Kind.ASSIGNMENT)
    assert assigned.detail == {"state": "accepted", "driver_id": "V2", "carrier": "acme", "route_id": "R2"}
    assert (eta.event_id, eta.kind) == ("K/eta", Kind.ETA)
    assert eta.eta == pytest.approx(EIGHT + 10 * MINUTE, abs=1_000)


class ToldRoutes:
    """The workflows of routes, which keep what they were told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    async def changed(self, new: PlanVersion, timezone: str) -> None:
        self.told.append((new.route_id, new.version))


async def test_the_routes_are_told_of_their_new_plans_and_again_on_a_retry(sqlite_database: Database) -> None:
    await dropped(sqlite_database)
    await has_route(sqlite_database, "R2", "V2", stop("P", km(9)))
    routes = ToldRoutes()
    reassigns = Reassigning(Plans(sqlite_database), StandIns(sqlite_database), TRAVEL, Ledger(sqlite_database), clock, routes)

    for _ in range(2):
        await reassigns.reassign(request("D"))

    assert sorted(routes.told) == [("R1", 2), ("R1", 2), ("R2", 2), ("R2", 2)]


async def test_asked_again_it_answers_the_same_and_moves_nothing(database: Database) -> None:
    await dropped(database)
    await has_route(database, "R2", "V2", stop("P", km(9)))
    first = await reassigning(database).reassign(request("D"))

    again = await reassigning(database).reassign(request("D"))

    assert again == first
    assert (await version_of(database, "R1"), await version_of(database, "R2")) == (2, 2)


@pytest.mark.parametrize(
    ("route", "planned", "reason"),
    [
        pytest.param({"capacity": 1}, [stop("P", km(9))], "V2 has no room", id="full"),
        pytest.param({"shift_end": EIGHT + 9 * MINUTE}, [stop("P", km(9))], "end after the shift", id="shift"),
        pytest.param({}, [stop("P", km(0, 70), 70)], "V2 could come at 10:20 at best", id="only after another promise"),
        pytest.param({"locked": 1}, [stop("P", km(60))], "V2 could come at 09:50 at best", id="only after a locked stop"),
        pytest.param({"carrier": "other"}, [stop("P", km(9))], "carrier acme has no other driver", id="another carrier"),
        pytest.param({"service_date": "2026-11-24"}, [], "carrier acme has no other driver that day", id="another day"),
    ],
)
async def test_who_cannot_take_it_is_named_with_the_reason(
    sqlite_database: Database, route: dict[str, object], planned: list[dict[str, object]], reason: str
) -> None:
    await dropped(sqlite_database)
    await has_route(sqlite_database, "R2", "V2", *planned, **route)

    result = await reassigning(sqlite_database).reassign(request("D", NEARBY, key="K"))

    assert result.outcome is Outcome.NO_HELP
    assert reason in result.note
    assert "D" in await order_of(sqlite_database, "R1")
    assert (await outcome_of(sqlite_database, "K"))["note"] == result.note


async def test_a_driver_without_the_skills_is_passed_over(sqlite_database: Database) -> None:
    await dropped(sqlite_database)
    await is_known(sqlite_database, "D", Status.OUT_FOR_DELIVERY, skills=["fridge"])
    await has_route(sqlite_database, "R2", "V2", stop("P", km(9)))
    await has_route(sqlite_database, "R3", "V3", stop("Q", km(0, 9)), skills=["fridge", "lift"])

    result = await reassigning(sqlite_database).reassign(request("D", NEARBY))

    assert "driver V3" in result.note


async def test_a_promise_that_is_broken_anyway_is_still_kept_as_well_as_can_be(sqlite_database: Database) -> None:
    await has_route(sqlite_database, "R1", "V1", stop("A", km(50)), stop("D", km(10), -5))
    await has_route(sqlite_database, "R2", "V2", stop("P", km(9)))

    result = await reassigning(sqlite_database).reassign(request("D", NEARBY))

    assert result.outcome is Outcome.DONE
    assert await order_of(sqlite_database, "R2") == ["P", "D"]


async def test_what_the_driver_is_at_already_stays_with_them(sqlite_database: Database) -> None:
    await dropped(sqlite_database)
    await is_known(sqlite_database, "D", Status.ARRIVED)

    result = await reassigning(sqlite_database).reassign(request("D"))

    assert (result.outcome, result.note) == (Outcome.NO_HELP, "the driver of route R1 is at its stop already")


async def test_if_no_driver_can_the_cheapest_carrier_that_covers_the_zone_takes_it(database: Database) -> None:
    await dropped(database)
    await has_backup(database, "dear", 900)
    await has_backup(database, "cheap", 450, zones=["south-*", "north-*"])
    await has_backup(database, "cheaper", 300, zones=["south-*"])
    await has_backup(database, "retired", 100, active=False)
    await has_backup(database, "stranger", 100, backup_for=["zipvan"])
    await has_backup(database, "unpriced", None)

    result = await reassigning(database).reassign(request("D", zone="north-2"))

    assert (result.outcome, result.note) == (Outcome.DONE, "carrier cheap takes it for 4.50 EUR")
    assigned, eta = result.events
    assert assigned.detail == {"state": "accepted", "driver_id": None, "carrier": "cheap", "route_id": None}
    assert eta.eta is None
    assert await order_of(database, "R1") == ["A", "B"]


async def test_a_delivery_on_no_route_can_only_go_to_a_carrier(sqlite_database: Database) -> None:
    nobody = await reassigning(sqlite_database).reassign(request("D", key="K1"))
    await has_backup(sqlite_database, "zipvan", 450)

    somebody = await reassigning(sqlite_database).reassign(request("D", key="K2"))

    assert nobody.note == (
        "nearby_driver: it is on no route, so nobody is known to be near; "
        "backup_carrier: no active carrier stands in for acme in zone unknown"
    )
    assert somebody.note == "carrier zipvan takes it for 4.50 EUR"


async def test_it_never_goes_back_to_a_driver_who_had_it(database: Database) -> None:
    await dropped(database)
    await has_route(database, "R2", "V2", stop("P", km(9)))
    await reassigning(database).reassign(request("D", NEARBY, key="K1"))

    result = await reassigning(database).reassign(request("D", NEARBY, key="K2"))

    assert (result.outcome, result.note) == (Outcome.NO_HELP, "nearby_driver: V1 had it before")
    assert await order_of(database, "R2") == ["P", "D"]


async def test_unless_the_rule_allows_it(sqlite_database: Database) -> None:
    await dropped(sqlite_database)
    await has_route(sqlite_database, "R2", "V2", stop("P", km(9)))
    await reassigning(sqlite_database).reassign(request("D", NEARBY, key="K1"))

    result = await reassigning(sqlite_database).reassign(request("D", {**NEARBY, "never_back_to_same": False}, key="K2"))

    assert result.outcome is Outcome.DONE
    assert await order_of(sqlite_database, "R1") == ["A", "D", "B"]


async def test_nor_to_a_carrier_that_had_it(sqlite_database: Database) -> None:
    await has_backup(sqlite_database, "zipvan", 450)
    await has_backup(sqlite_database, "acme", 300, backup_for=["zipvan"])
    first = await reassigning(sqlite_database).reassign(request("D", BACKUP, key="K1"))

    result = await reassigning(sqlite_database).reassign(replace(request("D", BACKUP, key="K2"), carrier="zipvan"))

    assert first.outcome is Outcome.DONE
    assert result.note.endswith("stands in for zipvan in zone unknown apart from acme, which had it")


class BusyPlans(Plans):
    """The driver who was to take it gets another plan first."""

    busy = True

    async def write(
        self, plans: Sequence[RoutePlan], ending: Ending, reservation: str | None = None, also: Sequence[Ending] = ()
    ) -> bool:
        if self.busy:
            self.busy = False
            claim = await Ledger(self._database).claim(
                "other", action="reroute", delivery_id="P", incident_id="I", deadline=EIGHT + 1, now=EIGHT
            )
            await super().write(
                [plan.without("D") for plan in plans if plan.route_id == "R2"],
                Ending("other", claim.attempt, EIGHT, Outcome.DONE),
            )
        return await super().write(plans, ending, reservation, also)


async def test_when_the_taker_got_another_plan_meanwhile_the_move_starts_from_that_one(database: Database) -> None:
    await dropped(database)
    await has_route(database, "R2", "V2", stop("P", km(9)))

    result = await reassigning(database, BusyPlans(database)).reassign(request("D", NEARBY))

    assert result.outcome is Outcome.DONE
    assert await order_of(database, "R2") == ["P", "D"]
    assert (await version_of(database, "R1"), await version_of(database, "R2")) == (2, 3)


async def test_a_move_between_two_plans_happens_in_both_or_in_none(database: Database) -> None:
    await dropped(database)
    await has_route(database, "R2", "V2", stop("P", km(9)))
    plans = Plans(database)
    before = await plans.holding("D", EIGHT)
    assert before is not None
    (other,) = await plans.others(before, EIGHT)

    written = await plans.write([before.without("D"), replace(other, version=0)], Ending("K", 1, EIGHT, Outcome.DONE))

    assert written is False
    assert await order_of(database, "R1") == ["A", "D", "B"]
    assert (await version_of(database, "R1"), await version_of(database, "R2")) == (1, 1)
