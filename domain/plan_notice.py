"""The plan of a route as other systems are told it: JSON, stops in driving order. Who the customers are, and where, it does not say."""

from typing import Any

from domain.instant import iso
from domain.route import RoutePlan, Stop

SCHEMA_VERSION = 1


def plan_notice(plan: RoutePlan) -> dict[str, Any]:
    """One version of a plan as it stands now."""
    fixed = len(plan.stops) - len(plan.remaining) + len(plan.fixed)
    return {
        "route_id": plan.route_id,
        "service_date": plan.service_date,
        "version": plan.version,
        "carrier": plan.carrier,
        "driver_id": plan.driver_id,
        "broken_at": iso(plan.broken_at),
        "shift_ends": iso(plan.shift_ends),
        "stops": [_stop(stop, place < fixed) for place, stop in enumerate(plan.stops)],
    }


def _stop(stop: Stop, is_fixed: bool) -> dict[str, Any]:
    return {
        "delivery_id": stop.delivery_id,
        "state": stop.state.value,
        "fixed": is_fixed,
        "eta": iso(stop.eta),
        "window": {"start": iso(stop.earliest), "end": iso(stop.latest)},
    }
