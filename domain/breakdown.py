"""Who takes over what is left on a van that broke down. Pure.

Stop by stop, the most urgent first, each where it costs least and makes nobody else later; what was given to a driver counts for the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from domain.instant import NEVER
from domain.route import RoutePlan, Stop, StopState
from domain.schedule import Insertion, Legs, cheapest_insertion, inserted, timed

Barred = Mapping[str, frozenset[str]]
"""Delivery -> the drivers who had it before."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What came of it: the broken route with what nobody can take, the plans that grew, the new plan of each delivery that was
    moved, and why nobody can take the others."""

    left: RoutePlan
    grown: tuple[RoutePlan, ...]
    to: Mapping[str, RoutePlan]
    reasons: Mapping[str, str]


def movable(plan: RoutePlan) -> tuple[Stop, ...]:
    """What can be taken off the van: not the stop at which the driver is. What was locked may be moved, since the van will not come."""
    return tuple(replace(stop, locked=False) for stop in plan.remaining if stop.state is StopState.PLANNED)


def handed_over(broken: RoutePlan, others: Sequence[RoutePlan], legs: Legs, barred: Barred) -> HandedOver:
    """Gives what is left on a route to others. `legs` know all points of them all."""
    plans = {plan.route_id: plan for plan in others if plan.driver_id is not None and plan.driver_id != broken.driver_id}
    taken, reasons = dict[str, str](), dict[str, str]()
    for stop in sorted(movable(broken), key=_urgency):
        found = _best(stop, tuple(plans.values()), legs, barred.get(stop.delivery_id, frozenset()))
        if isinstance(found, str):
            reasons[stop.delivery_id] = found
            continue
        plan, insertion = found
        plans[plan.route_id] = plan.with_remaining(inserted(plan.remaining, stop, insertion.place))
        taken[stop.delivery_id] = plan.route_id
    grown = {route_id: timed(plans[route_id], legs) for route_id in sorted(set(taken.values()))}
    left = replace(broken, stops=tuple(stop for stop in broken.stops if stop.delivery_id not in taken))
    return HandedOver(left, tuple(grown.values()), {one: grown[route_id] for one, route_id in taken.items()}, reasons)


def _urgency(stop: Stop) -> tuple[int, int, str]:
    return (-stop.priority, NEVER if stop.latest is None else stop.latest, stop.delivery_id)


def _best(stop: Stop, plans: Sequence[RoutePlan], legs: Legs, barred: frozenset[str]) -> tuple[RoutePlan, Insertion] | str:
    """The plan that a stop fits into best, and where; or why nobody can take it."""
    refusals, able = list[str](), list[tuple[RoutePlan, Insertion]]()
    for plan in plans:
        refusal = _refusal(plan, stop, barred)
        insertion = None if refusal else cheapest_insertion(plan, stop, legs, harmless=True)
        if insertion is None:
            refusals.append(f"{plan.driver_id} {refusal or 'would be late elsewhere or end after the shift'}")
        else:
            able.append((plan, insertion))
    if not able:
        return ", ".join(refusals) or "no other driver of its carrier is on the road that day"
    return min(able, key=lambda one: (one[1].cost, one[0].route_id))


def _refusal(plan: RoutePlan, stop: Stop, barred: frozenset[str]) -> str:
    if plan.driver_id in barred:
        return "had it before"
    if not plan.has_skills_for(stop):
        return f"lacks {', '.join(sorted(set(stop.skills) - set(plan.skills)))}"
    return "" if plan.has_room_for(stop) else "has no room"
