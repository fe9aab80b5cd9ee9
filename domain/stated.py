"""Facts that a note states outright: `{"fact": "sibling scans at the hub", "value": 2}`; null is "unknown".

That is how a fact gets in that no kind of event carries, and how a test sets one. What is no fact here, or no value of it, is
passed over: a note may hold anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class Statement:
    """Which field of Facts a statement changes, and how its value is read (raises ValueError). `needed`: it cannot be unknown."""

    field: str
    read: Callable[[Any], Any]
    needed: bool = False


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**15:
        raise ValueError("a whole number from 0 on")
    return value


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 64:
        raise ValueError("a name of at most 64 characters")
    return value


def _temperature(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**6:
        raise ValueError("thousandths of a degree Celsius, a whole number")
    return value


OF_SENSORS = "sensors"

STATED: Mapping[str, Statement] = {
    "sibling scans at the hub": Statement("sibling_scans", _whole),
    "stops before this one": Statement("stops_before", _whole),
    "distance to stop": Statement("distance_to_stop", _whole),
    "attempt distance": Statement("attempt_distance", _whole),
    "customer opted out": Statement("opted_out", _yes_no, needed=True),
    "customer answered": Statement("customer_answered", _yes_no, needed=True),
    "driver on break": Statement("driver_on_break", _yes_no, needed=True),
    "proof present": Statement("proof", _yes_no, needed=True),
    "attempts": Statement("attempts", _whole, needed=True),
    "promise moves": Statement("promise_moves", _whole, needed=True),
    "last reason": Statement("last_reason", Reason),
    "carrier": Statement("carrier", _name, needed=True),
    "driver": Statement("driver_id", _name),
    "route": Statement("route_id", _name),
    "eta": Statement("eta", _whole),
    "eta confidence": Statement("eta_confidence", _whole),
    "temperature": Statement(OF_SENSORS, _temperature),
}
"""Fact, as rules call it -> what a note that states it changes. Times are milliseconds UTC, distances metres."""


def stated(detail: Mapping[str, Any], sensors: Mapping[str, int]) -> dict[str, Any]:
    """The fields of Facts that a note's detail changes, with their values; none if it states no fact."""
    if refusal(detail) is not None:
        return {}
    statement = STATED[str(detail["fact"])]
    value = None if detail.get("value") is None else statement.read(detail["value"])
    return {statement.field: _with_reading(sensors, value) if statement.field == OF_SENSORS else value}


def refusal(detail: Mapping[str, Any]) -> str | None:
    """Why a note's detail states no fact; None if it does."""
    statement = STATED.get(str(detail.get("fact")))
    if statement is None:
        return f"a note states one of the facts {', '.join(STATED)}"
    if detail.get("value") is None:
        return f"{detail['fact']} is always known: it needs a value" if statement.needed else None
    try:
        statement.read(detail["value"])
    except ValueError as error:
        return f"{detail['fact']} must be another value than {detail['value']!r}: {error}"
    return None


def _with_reading(sensors: Mapping[str, int], value: int | None) -> Mapping[str, int]:
    others = {name: reading for name, reading in sensors.items() if name != "temperature"}
    return others if value is None else {**others, "temperature": value}
