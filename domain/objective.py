"""What a new order of stops is to be good for, and what it costs by that."""

from enum import StrEnum

from domain.instant import Instant, Span
from domain.route import RoutePlan
from domain.schedule import Legs, Schedule, metres_of, schedule_of


class Objective(StrEnum):
    """`on_time`: every minute late counts alike. `priority`: it counts more the higher a stop's priority. `distance`: fewer
    kilometres, as long as nobody gets later by it."""

    ON_TIME = "on_time"
    PRIORITY = "priority"
    DISTANCE = "distance"


Cost = tuple[Span, Instant]
"""Less is better: lateness (weighed) before everything, then when the driver is free, or the metres driven."""


def weight_of(plan: RoutePlan, delivery_id: str, objective: Objective) -> int:
    """How much a minute of this stop's lateness counts: a stop of priority 100 as much as 101 of priority 0."""
    stop = plan.stop_of(delivery_id) if objective is Objective.PRIORITY else None
    return 1 if stop is None else 1 + stop.priority


def weighed_lateness(plan: RoutePlan, schedule: Schedule, objective: Objective) -> Span:
    """The lateness of all stops, by what each of them counts."""
    if objective is not Objective.PRIORITY:
        return schedule.lateness
    weights = {stop.delivery_id: 1 + stop.priority for stop in plan.stops}
    return sum(visit.lateness * weights[visit.delivery_id] for visit in schedule.visits)


def cost_of(plan: RoutePlan, legs: Legs, objective: Objective) -> Cost:
    """What the order of a plan costs."""
    timetable = schedule_of(plan, legs)
    late = weighed_lateness(plan, timetable, objective)
    return (late, metres_of(plan, legs) if objective is Objective.DISTANCE else timetable.ends_at)
