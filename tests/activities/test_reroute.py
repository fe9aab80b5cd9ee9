"""Rerouting on the real store, with the real solver."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.breakdown import Breakdown
from activities.planning import TravelTimes
from activities.reorder import Reordering
from activities.replan_route import Replanning
from activities.reroute import Rerouting
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.effect import Ending
from domain.event import Event
from domain.instant import MINUTE, Instant
from domain.order import Customer, Destination
from domain.replanning import GivenUp, PlanVersion, Replan, Replanned, Wanted, for_planning
from domain.route import Point, RoutePlan
from domain.schedule import Legs
from domain.status import Kind, Status
from integrations.routing.solver import VroomSolver
from store.database import Database
from store.errors import ClaimLostError
from store.ledger import Ledger
from store.plans import Plans
from store.stand_ins import StandIns
from store.words import StopState
from tests.activities.fleet import (
    DAY,
    EIGHT,
    TRAVEL,
    etas_of,
    has_route,
    is_known,
    km,
    order_of,
    outcome_of,
    request,
    stop,
    version_of,
)


@dataclass
class Told:
    """What deliveries were told, and nobody else."""

    answers: list[tuple[str, ActionResult]] = field(default_factory=list)
    reports: list[tuple[str, Event]] = field(default_factory=list)

    async def answer(self, delivery_id: str, incident_id: str, key: str, result: ActionResult) -> None:
        self.answers.append((key, result))

    async def report(self, delivery_id: str, events: Sequence[Event]) -> None:
        self.reports += [(delivery_id, event) for event in events]


@dataclass
class OneByOne:
    """Routes that plan at once for whoever asks."""

    database: Database
    plans: Plans
    now: Instant = EIGHT
    travel: TravelTimes = TRAVEL
    told: Told = field(default_factory=Told)
    came: list[Replanned] = field(default_factory=list)

    async def reroute(self, request: ActionRequest) -> ActionResult:
        """What the delivery knows in the end."""
        asking = Rerouting(self.plans, self, Ledger(self.database), lambda: self.now)
        result = await asking.reroute(request)
        return self.told.answers[-1][1] if result.outcome is Outcome.REQUESTED else result

    async def reassign_route(self, request: ActionRequest) -> ActionResult:
        asking = Rerouting(self.plans, self, Ledger(self.database), lambda: self.now)
        result = await asking.reassign_route(request)
        return self.told.answers[-1][1] if result.outcome is Outcome.REQUESTED else result

    async def ask(self, plan: RoutePlan, timezone: str, wanted: Wanted) -> None:
        await self.replan(Replan(plan.route_id, plan.service_date, (wanted,)))

    async def replan(self, asked: Replan) -> Replanned:
        self.came.append(await self.replanning().replan_route(asked))
        return self.came[-1]

    def replanning(self) -> Replanning:
        ledger, far = Ledger(self.database), 5 * MINUTE
        reordering = Reordering(self.travel, VroomSolver(), far)
        breakdown = Breakdown(self.plans, StandIns(self.database), self.travel, far)
        return Replanning(self.plans, reordering, breakdown, self.told, ledger, lambda: self.now)


def rerouting(database: Database, *, plans: Plans | None = None, now: Instant = EIGHT) -> OneByOne:
    return OneByOne(database, plans or Plans(database), now)


async def has_a_late_last_stop(database: Database) -> None:
    """L lies next to the depot, is promised by 08:05 and planned last, at 08:39."""
    await has_route(database, "R1", "V1", stop("A", km(10), 60), stop("B", km(20), 80), stop("L", km(1), 5))


async def test_a_late_stop_is_driven_to_first_and_every_eta_of_the_route_is_planned_anew(database: Database) -> None:
    await has_a_late_last_stop(database)

    result = await rerouting(database).reroute(request("L"))

    assert result.outcome is Outcome.DONE
    assert result.note == "new order of 3 stops, arrives 08:01 instead of 08:39"
    assert await order_of(database, "R1") == ["L", "A", "B"]
    assert await etas_of(database, "R1") == {"L": 1, "A": 10, "B": 20}
    assert await version_of(database, "R1") == 2


async def test_the_delivery_learns_its_new_eta_from_an_event_named_after_the_effect(sqlite_database: Database) -> None:
    await has_a_late_last_stop(sqlite_database)

    result = await rerouting(sqlite_database).reroute(request("L", key="K"))

    (event,) = result.events
    assert (event.event_id, event.kind, event.source) == ("K/eta", Kind.ETA, "doorstep")
    assert event.eta == pytest.approx(EIGHT + MINUTE, abs=1_000)
    assert event.occurred_at == event.recorded_at == EIGHT


async def test_asked_again_it_answers_the_same_and_plans_nothing(database: Database) -> None:
    await has_a_late_last_stop(database)
    first = await rerouting(database).reroute(request("L"))

    again = await rerouting(database, now=EIGHT + 9 * MINUTE).reroute(request("L"))

    assert again == first
    assert await version_of(database, "R1") == 2


async def no_route(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("A", km(1), 5))


async def in_time(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("A", km(1), 5), stop("L", km(2), 9))


async def done(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("L", km(2), 1, state=StopState.DONE), stop("A", km(1)))


async def at_the_door(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("A", km(1)), stop("L", km(2), 1))
    await is_known(database, "L", Status.ARRIVED)


async def delivered(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("A", km(1)), stop("L", km(2), 1))
    await is_known(database, "L", Status.DELIVERED)


async def too_far(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("L", km(30), 1), stop("A", km(31)))


async def at_the_cost_of_others(database: Database) -> None:
    """West first helps L by 20 minutes and makes two others 20 minutes late each."""
    await has_route(database, "R1", "V1", stop("A", km(10), 10), stop("B", km(11), 11), stop("L", km(-10), 11))


async def locked(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("A", km(10), 60), stop("L", km(1), 5), locked=2)


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        pytest.param(no_route, "on no route", id="on no route"),
        pytest.param(in_time, "in time already", id="in time already"),
        pytest.param(done, "is done", id="done in the plan"),
        pytest.param(delivered, "is done", id="delivered"),
        pytest.param(at_the_door, "at its stop already", id="at the door"),
        pytest.param(too_far, "no other order of the 2 stops reaches it earlier", id="first already"),
        pytest.param(at_the_cost_of_others, "makes other deliveries later by at least as much", id="at the cost of others"),
        pytest.param(locked, "no other order of the 2 stops", id="locked"),
    ],
)
async def test_it_does_not_help_and_says_why(sqlite_database: Database, world: object, reason: str) -> None:
    assert callable(world)
    await world(sqlite_database)

    result = await rerouting(sqlite_database).reroute(request("L", key="K"))

    assert result.outcome is Outcome.NO_HELP
    assert reason in result.note
    assert result.events == ()
    assert await version_of(sqlite_database, "R1") == 1
    assert (await outcome_of(sqlite_database, "K"))["outcome"] is Outcome.NO_HELP


@pytest.mark.parametrize(("minutes", "outcome"), [(9, Outcome.NO_HELP), (11, Outcome.DONE)])
async def test_the_route_gets_longer_by_no_more_than_the_rule_allows(
    sqlite_database: Database, minutes: int, outcome: Outcome
) -> None:
    # Planned: 10 km east, 20 back to L, 10 on to C, 40 minutes. Better for L: 10 km west, 10 on to C, 30 back to A, 50 minutes.
    await has_route(sqlite_database, "R1", "V1", stop("A", km(10)), stop("L", km(-10), 5), stop("C", km(-20)))

    result = await rerouting(sqlite_database).reroute(request("L", {"max_added_minutes": minutes}))

    assert result.outcome is outcome


async def test_a_reported_eta_counts_for_more_than_the_travel_times(sqlite_database: Database) -> None:
    await has_route(sqlite_database, "R1", "V1", stop("A", km(3)), stop("L", km(4), 30))

    result = await rerouting(sqlite_database).reroute(request("L", eta=EIGHT + 40 * MINUTE))

    assert result.note == "no other order of the 2 stops reaches it earlier"


async def test_the_promise_in_force_counts_not_the_one_that_was_planned_with(sqlite_database: Database) -> None:
    await has_a_late_last_stop(sqlite_database)

    result = await rerouting(sqlite_database).reroute(request("L", promised={"start": None, "end": EIGHT + 90 * MINUTE}))

    assert result.note == "by the present plan it is in time already"


async def test_what_died_before_it_was_written_is_done_after_its_deadline(database: Database) -> None:
    await has_a_late_last_stop(database)
    await Ledger(database).claim(
        "K", action="reroute", delivery_id="L", incident_id="L:1:late:1", deadline=EIGHT - 1, now=EIGHT - MINUTE
    )

    result = await rerouting(database).reroute(request("L", key="K"))

    assert result.outcome is Outcome.DONE
    assert await version_of(database, "R1") == 2


async def test_while_an_earlier_try_may_be_under_way_it_is_waited_for(sqlite_database: Database) -> None:
    await has_a_late_last_stop(sqlite_database)
    await Ledger(sqlite_database).claim(
        "K", action="reroute", delivery_id="L", incident_id="L:1:late:1", deadline=EIGHT + MINUTE, now=EIGHT
    )

    with pytest.raises(ApplicationError, match="may still be under way"):
        await rerouting(sqlite_database).reroute(request("L", key="K"))

    assert await version_of(sqlite_database, "R1") == 1


class SlowPlans(Plans):
    """Somebody else takes the claim over just before this one writes."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._ledger = Ledger(database)

    async def write(
        self, plans: Sequence[RoutePlan], ending: Ending, reservation: str | None = None, also: Sequence[Ending] = ()
    ) -> bool:
        later = EIGHT + 60 * MINUTE
        await self._ledger.claim(
            ending.key, action="reroute", delivery_id="L", incident_id="L:1:late:1", deadline=later, now=later - 1
        )
        return await super().write(plans, ending, reservation, also)


async def test_a_try_that_lost_its_claim_changes_no_plan(database: Database) -> None:
    await has_a_late_last_stop(database)

    with pytest.raises(ClaimLostError, match="claim it again"):
        await rerouting(database, plans=SlowPlans(database)).reroute(request("L"))

    assert await version_of(database, "R1") == 1
    assert await order_of(database, "R1") == ["A", "B", "L"]


class BusyPlans(Plans):
    """Another delivery of the route gets its new plan first, as often as told."""

    def __init__(self, database: Database, times: int) -> None:
        super().__init__(database)
        self._ledger = Ledger(database)
        self.times = times

    async def write(
        self, plans: Sequence[RoutePlan], ending: Ending, reservation: str | None = None, also: Sequence[Ending] = ()
    ) -> bool:
        if self.times:
            self.times -= 1
            key = f"other-{self.times}"
            claim = await self._ledger.claim(
                key, action="reroute", delivery_id="A", incident_id="I", deadline=EIGHT + 1, now=EIGHT
            )
            await super().write(plans, Ending(key, claim.attempt, EIGHT, Outcome.DONE))
        return await super().write(plans, ending, reservation, also)


async def test_when_another_plan_came_first_it_starts_from_that_one(database: Database) -> None:
    await has_a_late_last_stop(database)

    result = await rerouting(database, plans=BusyPlans(database, times=1)).reroute(request("L"))

    assert result.note == "by the present plan it is in time already"
    assert await version_of(database, "R1") == 2


async def test_two_deliveries_of_one_route_rerouted_at_once_leave_one_sound_plan(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("A", km(30)), stop("L", km(1), 5), stop("M", km(2), 6))

    results = await asyncio.gather(*(rerouting(database).reroute(request(name)) for name in ("L", "M")))

    assert Outcome.DONE in {result.outcome for result in results}
    assert await order_of(database, "R1") == ["L", "M", "A"]


class NoRoads:
    """A road engine that does not answer."""

    async def legs(self, points: Sequence[Point]) -> Legs:
        raise ConnectionError("no road engine")


async def test_while_the_road_engine_is_away_nothing_is_lost(sqlite_database: Database) -> None:
    await has_a_late_last_stop(sqlite_database)
    away = OneByOne(sqlite_database, Plans(sqlite_database), travel=NoRoads())
    with pytest.raises(ConnectionError, match="no road engine"):
        await away.reroute(request("L"))

    result: ActionResult = await rerouting(sqlite_database).reroute(request("L"))

    assert result.outcome is Outcome.DONE


@pytest.mark.parametrize(("failed_before", "for_good"), [(0, False), (1, False), (2, True)])
async def test_planning_that_failed_three_times_is_not_tried_again(
    sqlite_database: Database, failed_before: int, for_good: bool
) -> None:
    await has_a_late_last_stop(sqlite_database)
    away = OneByOne(sqlite_database, Plans(sqlite_database), travel=NoRoads())

    with pytest.raises((ConnectionError, ApplicationError), match="no road engine") as failed:
        await tried(9, failed_before).run(away.replan, Replan("R1", DAY, (Wanted("reroute", request("L")),)))

    assert (isinstance(failed.value, ApplicationError) and failed.value.non_retryable) is for_good


async def test_while_a_try_of_a_worker_that_died_holds_its_claim_nothing_has_failed_however_often_it_is_asked(
    sqlite_database: Database,
) -> None:
    await has_a_late_last_stop(sqlite_database)
    held = {"action": "reroute", "delivery_id": "L", "incident_id": "L:1:late:1"}
    await Ledger(sqlite_database).claim(request("L").key, **held, deadline=EIGHT + MINUTE, now=EIGHT)

    with pytest.raises(ApplicationError, match="an earlier try may still be under way") as waits:
        await tried(9).run(rerouting(sqlite_database).replan, Replan("R1", DAY, (Wanted("reroute", request("L")),)))

    assert not waits.value.non_retryable


def tried(attempt: int, failed_before: int = 2) -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=attempt, heartbeat_details=(failed_before,))
    return environment


# Several deliveries at once, and what others are told


def wanted(delivery_id: str, **context: Any) -> Wanted:
    return Wanted("reroute", request(delivery_id, **context))


async def test_several_that_ask_at_once_are_answered_by_one_new_version(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("A", km(30)), stop("L", km(1), 5), stop("M", km(2), 6), stop("Z", km(40), 600))
    route = rerouting(database)

    came = await route.replan(Replan("R1", DAY, (wanted("L"), wanted("M"), wanted("Z"), wanted("X"))))

    assert [(answer.delivery_id, answer.outcome) for answer in came.answers] == [
        ("L", Outcome.DONE),
        ("M", Outcome.DONE),
        ("Z", Outcome.NO_HELP),
        ("X", Outcome.NO_HELP),
    ]
    assert came.answers[3].note == "it is no longer on route R1"
    assert await version_of(database, "R1") == came.version == 2
    assert [one.delivery_id for one in came.stops] == await order_of(database, "R1") == ["L", "M", "A", "Z"]
    assert [(await outcome_of(database, request(name).key))["outcome"] for name in "LMZX"] == [
        answer.outcome for answer in came.answers
    ]


async def test_others_are_told_only_if_their_eta_moved_far_enough(sqlite_database: Database) -> None:
    """A is reached 1 minute later than it was told, B 9 minutes later than was planned, C as planned."""
    rows = [stop("A", km(-2), 60), stop("B", km(-3), 60), stop("L", km(3), 5), stop("C", km(30), 600, eta=EIGHT + 40 * MINUTE)]
    await has_route(sqlite_database, "R1", "V1", *rows)
    route = rerouting(sqlite_database)

    came = await route.replan(Replan("R1", DAY, (wanted("L"),), {"A": EIGHT + 7 * MINUTE}))

    assert await etas_of(sqlite_database, "R1") == {"L": 3, "A": 8, "B": 9, "C": 42}
    assert [(who, event.event_id, event.kind) for who, event in route.told.reports] == [("B", f"route/R1/{DAY}/2/eta", Kind.ETA)]
    assert {who: round((eta - EIGHT) / MINUTE) for who, eta in came.told.items()} == {"B": 9, "L": 3}
    assert came.new == (PlanVersion("R1", DAY, 2),)


async def test_after_a_crash_everyone_is_told_the_same_again(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("A", km(-2), 60), stop("B", km(-20), 90), stop("L", km(3), 5))
    before = rerouting(database)
    asked = Replan("R1", DAY, (wanted("L"),))
    came = await before.replan(asked)

    after = rerouting(database, now=EIGHT + MINUTE)
    again = await after.replan(asked)

    assert again == came
    assert after.told == before.told
    assert len(after.told.reports) == 2
    assert await version_of(database, "R1") == 2


async def test_while_one_of_them_may_be_under_way_nothing_is_done(sqlite_database: Database) -> None:
    await has_route(sqlite_database, "R1", "V1", stop("A", km(30)), stop("L", km(1), 5), stop("M", km(2), 6))
    busy = {"action": "reroute", "delivery_id": "M", "incident_id": "M:1:late:1"}
    await Ledger(sqlite_database).claim(request("M").key, **busy, deadline=EIGHT + MINUTE, now=EIGHT)
    asked = Replan("R1", DAY, (wanted("L"), wanted("M")))

    with pytest.raises(ApplicationError, match="may still be under way"):
        await rerouting(sqlite_database).replan(asked)
    assert (await outcome_of(sqlite_database, request("L").key))["outcome"] is None

    came = await rerouting(sqlite_database, now=EIGHT + MINUTE).replan(asked)
    assert {answer.outcome for answer in came.answers} == {Outcome.DONE}


async def test_what_was_given_up_has_failed_unless_it_was_done_after_all(sqlite_database: Database) -> None:
    await has_route(sqlite_database, "R1", "V1", stop("A", km(30)), stop("L", km(1), 5), stop("M", km(2), 60))
    route = rerouting(sqlite_database)
    await route.replan(Replan("R1", DAY, (wanted("L"),)))

    given_up = GivenUp(Replan("R1", DAY, (wanted("L"), wanted("M"))), "the solver crashed")
    came = await route.replanning().give_up_replanning(given_up)

    assert [(answer.outcome, answer.note) for answer in came.answers][1] == (Outcome.FAILED, "the solver crashed")
    assert came.answers[0].outcome is Outcome.DONE
    assert await version_of(sqlite_database, "R1") == 2


async def test_a_route_of_which_nobody_made_a_plan_cannot_help(sqlite_database: Database) -> None:
    came = await rerouting(sqlite_database).replan(Replan("R9", DAY, (wanted("L"),)))

    assert [answer.note for answer in came.answers] == [f"route R9 has no plan on {DAY}"]
    assert came.version == 0


def test_a_route_is_not_told_who_the_customer_is() -> None:
    told = request("L", eta=EIGHT, promised={"start": None, "end": EIGHT}, customer_name="Aino")
    told = replace(told, customer=Customer(name="Aino"), destination=Destination("Europe/Helsinki", address="Street 1"))

    asked = for_planning(told)

    assert asked.customer == Customer()
    assert asked.destination == Destination("Europe/Helsinki")
    assert set(asked.context) == {"eta", "promised"}
    assert (asked.key, asked.delivery_id, asked.incident_id) == (told.key, "L", "L:1:late:1")


async def test_the_objective_says_what_a_new_order_is_good_for(sqlite_database: Database) -> None:
    """Everybody is in time by the present plan, which drives to and fro."""
    rows = [stop("A", km(10), 300), stop("B", km(2), 300), stop("C", km(11), 300), stop("D", km(1), 300)]
    await has_route(sqlite_database, "R1", "V1", *rows)

    on_time = await rerouting(sqlite_database).reroute(request("D", key="D/1/late/1/do.0/0"))
    shorter = await rerouting(sqlite_database).reroute(request("D", {"objective": "distance"}, key="D/1/far/1/do.0/0"))
    again = await rerouting(sqlite_database).reroute(request("D", {"objective": "distance"}, key="D/1/far/2/do.0/0"))

    assert on_time.note == "by the present plan it is in time already"
    assert shorter.note == "new order of 4 stops, 26.0 km shorter, arrives 08:01 instead of 08:37"
    assert await order_of(sqlite_database, "R1") == ["D", "B", "A", "C"]
    assert again.note == "no other order of the 4 stops is shorter and makes nobody later"
