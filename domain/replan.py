"""Whether another order of a route's stops is better for one delivery, or for several, and fair to the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.instant import MINUTE, Instant, Span
from domain.objective import Cost, Objective, cost_of, weighed_lateness, weight_of
from domain.route import RoutePlan, Stop
from domain.schedule import Legs, Schedule, inserted, metres_of, schedule_of


@dataclass(frozen=True, slots=True)
class Better:
    """A plan that is better for the delivery, with when it was and when it will be reached."""

    plan: RoutePlan
    eta_before: Instant
    eta: Instant
    saves: int = 0
    """Metres, where that is what was asked for."""


@dataclass(frozen=True, slots=True)
class NotBetter:
    """Why no other order was taken; `reason` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A delivery that asks for a better order, how many minutes longer the route may get for it (None: any), and what it is to be
    good for."""

    delivery_id: str
    max_added_minutes: int | None = None
    objective: Objective = Objective.ON_TIME


OTHERS_FIRST = "the orders that help other deliveries of the route more leave it no earlier"


def better_for_all(
    plan: RoutePlan, solved: RoutePlan, legs: Legs, wishes: Sequence[Wish]
) -> tuple[RoutePlan, tuple[Better | NotBetter, ...]]:
    """One order for several deliveries, by one solve, and what each of them is to be told, in their order.

    Each takes the best order for itself from what the ones before it left; since every step makes the whole less late, the last
    order is better than the first. Who is no less late by it at the end was not helped.
    """
    taken, found = plan, list[Better | NotBetter]()
    for wish in wishes:
        found.append(better_plan(taken, solved, legs, wish.delivery_id, wish.max_added_minutes, wish.objective))
        taken = found[-1].plan if isinstance(found[-1], Better) else taken
    before, after = schedule_of(plan, legs), schedule_of(taken, legs)
    saves = metres_of(plan, legs) - metres_of(taken, legs)
    said = zip(wishes, found, strict=True)
    return taken, tuple(_came_of(taken, wish, before, after, saves, one) for wish, one in said)


def _came_of(
    taken: RoutePlan, wish: Wish, before: Schedule, after: Schedule, saves: int, found: Better | NotBetter
) -> Better | NotBetter:
    delivery_id, is_shorter = wish.delivery_id, wish.objective is Objective.DISTANCE
    if saves > 0 if is_shorter else _lateness(after, delivery_id) < _lateness(before, delivery_id):
        return Better(taken, _begins(before, delivery_id), _begins(after, delivery_id), saves if is_shorter else 0)
    return NotBetter(OTHERS_FIRST) if isinstance(found, Better) else found


@dataclass(frozen=True, slots=True)
class _Compared:
    """An order beside the one in force: how much less late the delivery is, how much more late all others, the time added.

    Where kilometres count, it helps by the metres that it saves, and harms by how much later everybody is in all.
    """

    plan: RoutePlan
    schedule: Schedule
    helps: int
    harms: Span
    adds: Span
    cost: Cost


def better_plan(
    plan: RoutePlan,
    solved: RoutePlan,
    legs: Legs,
    delivery_id: str,
    max_added_minutes: int | None,
    objective: Objective = Objective.ON_TIME,
) -> Better | NotBetter:
    """The best of the solved order and those that differ from it, or from the plan, by the place of this stop alone.

    It has to make the delivery less late by more than it makes all others later. As much would only pass the lateness on,
    and the other delivery's incident would then pass it back. Where kilometres count, nobody may get later by it.
    """
    before = schedule_of(plan, legs)
    compared = [_compared(plan, before, order, legs, delivery_id, objective) for order in _orders(plan, solved, delivery_id)]
    helpful = [order for order in compared if order.helps > 0]
    fair = [order for order in helpful if order.harms < (1 if objective is Objective.DISTANCE else order.helps)]
    short = [order for order in fair if _is_short(order, plan, before, max_added_minutes)]
    if not short:
        return NotBetter(_reason(before, delivery_id, helpful, fair, max_added_minutes, objective))
    best = min(short, key=lambda order: (order.cost, -order.helps))
    return Better(best.plan, _begins(before, delivery_id), _begins(best.schedule, delivery_id))


def _orders(plan: RoutePlan, solved: RoutePlan, delivery_id: str) -> Iterator[RoutePlan]:
    yield solved
    for base in (solved, plan):
        stop = base.stop_of(delivery_id)
        if stop is not None and stop not in base.fixed:
            yield from _with_moved(base, stop)


def _with_moved(base: RoutePlan, stop: Stop) -> Iterator[RoutePlan]:
    """The stop at each place before its own: driving to it later never helps it."""
    rest = base.without(stop.delivery_id).remaining
    for place in range(len(base.fixed), base.remaining.index(stop)):
        yield base.with_remaining(inserted(rest, stop, place))


def _compared(
    plan: RoutePlan, before: Schedule, order: RoutePlan, legs: Legs, delivery_id: str, objective: Objective
) -> _Compared:
    after = schedule_of(order, legs)
    later = weighed_lateness(order, after, objective) - weighed_lateness(plan, before, objective)
    adds, cost = after.ends_at - before.ends_at, cost_of(order, legs, objective)
    if objective is Objective.DISTANCE:
        return _Compared(order, after, metres_of(plan, legs) - metres_of(order, legs), later, adds, cost)
    helps = (_lateness(before, delivery_id) - _lateness(after, delivery_id)) * weight_of(plan, delivery_id, objective)
    return _Compared(order, after, helps, later + helps, adds, cost)


def _is_short(order: _Compared, plan: RoutePlan, before: Schedule, max_added_minutes: int | None) -> bool:
    if max_added_minutes is not None and order.adds > max_added_minutes * MINUTE:
        return False
    return plan.shift_ends is None or order.schedule.ends_at <= max(plan.shift_ends, before.ends_at)


def _reason(
    before: Schedule,
    delivery_id: str,
    helpful: list[_Compared],
    fair: list[_Compared],
    limit: int | None,
    objective: Objective,
) -> str:
    if objective is Objective.DISTANCE and not fair:
        return f"no other order of the {len(before.visits)} stops is shorter and makes nobody later"
    if objective is not Objective.DISTANCE and _lateness(before, delivery_id) == 0:
        return "by the present plan it is in time already"
    if not helpful:
        return f"no other order of the {len(before.visits)} stops reaches it earlier"
    if not fair:
        return "every order that helps it makes other deliveries later by at least as much"
    allowed = "" if limit is None else f" or adds more than {limit} minutes"
    return f"every order that helps it ends after the driver's shift{allowed}"


def _lateness(timetable: Schedule, delivery_id: str) -> Span:
    visit = timetable.visit_of(delivery_id)
    return visit.lateness if visit else 0


def _begins(timetable: Schedule, delivery_id: str) -> Instant:
    visit = timetable.visit_of(delivery_id)
    if visit is None:
        raise LookupError(f"delivery {delivery_id} has no stop among {[visit.delivery_id for visit in timetable.visits]}")
    return visit.begins
