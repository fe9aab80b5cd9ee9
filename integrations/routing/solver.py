"""The order of the remaining stops of a route, found by VROOM and never worse than the present one.

VROOM takes windows as hard and leaves out what does not fit; a parcel on a van cannot be left out. So what it leaves
out is put back where it does least harm, and while anybody is late, stops are moved one by one as long as that helps.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from logging import getLogger
from time import monotonic

from domain.instant import SECOND, Instant, Span
from domain.objective import Objective, cost_of
from domain.route import Point, RoutePlan, Stop
from domain.schedule import Legs, Schedule, cheapest_insertion, inserted, schedule, schedule_of
from integrations.routing.vroom_process import Job, Pause, Problem, solved

LOG = getLogger("doorstep.routing")

TimeLeft = Callable[[], bool]
"""Whether there is time for another step."""

POLISHING_ROUNDS = 3
"""How often all stops are tried elsewhere while somebody is late; two rounds nearly always end it."""

ANSWERS_WITHIN: Span = 8 * SECOND
"""From the question to the answer, waiting for a turn included. One try of an activity may take 15 s and a claim in the ledger
stands for 20 s: a solver that took longer was cut off with nothing to show, and asked the same again."""

FOR_VROOM: Span = 6 * SECOND
"""What of it the queue and VROOM may take. The rest is for moving single stops, which needs no process of its own."""

LONGEST = 7 * 24 * 3600
"""Seconds that a route may take for VROOM: anything that no real route exceeds."""


@dataclass(frozen=True, slots=True)
class VroomSolver:
    """`exploration` is VROOM's effort, 0 to 5; for one vehicle more than 1 was measured to be slower and no better.

    The same input gives the same order, as long as VROOM ends by itself; sixty stops take it a fraction of a second. When
    there is no turn or no answer in time, the present order with single stops moved is what there is.
    """

    exploration: int = 1
    # Each is a process: when a hub's closing makes a hundred routes late at once, they queue.
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    within: Span = ANSWERS_WITHIN
    for_vroom: Span = FOR_VROOM

    async def order(self, plan: RoutePlan, legs: Legs, objective: Objective = Objective.ON_TIME) -> tuple[Stop, ...]:
        """The remaining stops in the best order found: least lateness, then the earliest end (or the fewest metres), then the
        present order."""
        ends_at = monotonic() + self.within / 1000
        kept = await self._kept(plan, legs, objective)
        return await asyncio.to_thread(_completed, plan, kept, legs, objective, lambda: monotonic() < ends_at)

    async def _kept(self, plan: RoutePlan, legs: Legs, objective: Objective) -> tuple[Stop, ...]:
        """The free stops that VROOM finds a place for within their windows, in order."""
        if len(plan.free) < 2:
            return plan.free
        start, leaves_at = _after_fixed(plan, legs)
        jobs = tuple(_jobs(plan.free, leaves_at))
        if not jobs:
            return ()
        metres = _metres(start, plan.free, legs) if objective is Objective.DISTANCE else None
        pauses = tuple(_pauses(plan, leaves_at))
        problem = Problem(_seconds(start, plan.free, legs), jobs, _shift(plan, leaves_at), self.exploration, pauses, metres)
        try:
            return tuple(plan.free[place - 1] for place in await self._solved(problem))
        except TimeoutError:
            LOG.warning("route %s: VROOM did not answer in %d ms about %d stops", plan.route_id, self.for_vroom, len(jobs))
            return plan.free

    async def _solved(self, problem: Problem) -> list[int]:
        """Raises TimeoutError when its turn or the answer comes too late."""
        ends_at = monotonic() + self.for_vroom / 1000
        async with asyncio.timeout(self.for_vroom / 1000), self.turns:
            return await solved(problem, max(0, round((ends_at - monotonic()) * 1000)))


def _completed(
    plan: RoutePlan, kept: tuple[Stop, ...], legs: Legs, objective: Objective, time_left: TimeLeft
) -> tuple[Stop, ...]:
    """All remaining stops: VROOM's order with what it left out, or the present order if that is as good."""
    found = polished(_with_left_out(plan.with_remaining(plan.fixed + kept), plan, legs), legs, time_left)
    return min((plan, found), key=lambda candidate: cost_of(candidate, legs, objective)).remaining


def polished(plan: RoutePlan, legs: Legs, time_left: TimeLeft) -> RoutePlan:
    """The plan with single stops moved elsewhere as long as somebody is late, that makes it better, and there is time."""
    for _ in range(POLISHING_ROUNDS):
        before = schedule_of(plan, legs)
        if before.lateness == 0:
            break
        plan = _one_round(plan, legs, time_left)
        if schedule_of(plan, legs).cost == before.cost:
            break
    return plan


def _one_round(plan: RoutePlan, legs: Legs, time_left: TimeLeft) -> RoutePlan:
    for stop in plan.free:
        if not time_left():
            break
        moved = _reinserted(plan.without(stop.delivery_id), stop, legs)
        plan = min((plan, moved), key=lambda candidate: _cost(candidate, legs))
    return plan


def _with_left_out(found: RoutePlan, plan: RoutePlan, legs: Legs) -> RoutePlan:
    """What VROOM left out, put back one by one: the higher priority and the earlier promise first."""
    kept = {stop.delivery_id for stop in found.remaining}
    left_out = [stop for stop in plan.free if stop.delivery_id not in kept]
    for stop in sorted(left_out, key=lambda stop: (-stop.priority, stop.latest or 0, stop.delivery_id)):
        found = _reinserted(found, stop, legs)
    return found


def _reinserted(plan: RoutePlan, stop: Stop, legs: Legs) -> RoutePlan:
    # Without the end of the shift: the stop is on the van already, leaving it out is no choice.
    insertion = cheapest_insertion(replace(plan, shift_ends=None), stop, legs)
    place = insertion.place if insertion else len(plan.remaining)
    return plan.with_remaining(inserted(plan.remaining, stop, place))


def _cost(plan: RoutePlan, legs: Legs) -> tuple[int, int]:
    return schedule_of(plan, legs).cost


def _after_fixed(plan: RoutePlan, legs: Legs) -> tuple[Point, Instant]:
    """Where and when the driver is free to take another order."""
    if not plan.fixed:
        return plan.start, plan.leaves_at
    driven: Schedule = schedule(plan.start, plan.leaves_at, plan.fixed, legs, plan.breaks)
    return plan.fixed[-1].at, driven.ends_at


def _jobs(stops: Sequence[Stop], leaves_at: Instant) -> Iterator[Job]:
    """The stops as VROOM takes them, rounded so that what it calls in time is in time. Without those whose window is past."""
    for place, stop in enumerate(stops, 1):
        opens = max(0, _up(stop.earliest - leaves_at)) if stop.earliest is not None else 0
        closes = (stop.latest - leaves_at) // SECOND if stop.latest is not None else LONGEST
        if opens <= closes:
            yield Job(place, _up(stop.service_time), opens, closes, stop.priority)


def _pauses(plan: RoutePlan, leaves_at: Instant) -> Iterator[Pause]:
    """The breaks that are still to come. One that falls among the fixed stops is taken by then."""
    for one in plan.breaks:
        if one.latest > leaves_at:
            yield Pause(_up(one.span), max(0, _up(one.earliest - leaves_at)), (one.latest - leaves_at) // SECOND)


def _shift(plan: RoutePlan, leaves_at: Instant) -> int:
    return LONGEST if plan.shift_ends is None else max(0, (plan.shift_ends - leaves_at) // SECOND)


def _seconds(start: Point, stops: Sequence[Stop], legs: Legs) -> list[list[int]]:
    points = (start, *(stop.at for stop in stops))
    return [[_up(legs.time(origin, to)) for to in points] for origin in points]


def _metres(start: Point, stops: Sequence[Stop], legs: Legs) -> list[list[int]]:
    points = (start, *(stop.at for stop in stops))
    return [[legs.distance(origin, to) for to in points] for origin in points]


def _up(span: int) -> int:
    return -(-span // SECOND)
