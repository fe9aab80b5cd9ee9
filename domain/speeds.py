"""How fast vans have driven, by zone and hour, learnt from the stops that were served one after the other. Pure.

A speed is road metres (great circle and detour) over the time between two deliveries less the service of the second. Breaks, queues and
second attempts in between make it too low at times, so the median counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from domain.instant import HOUR, MINUTE, Instant, Span
from domain.route import Point

ENOUGH = 20
"""Legs from which a speed is learnt; with fewer the next wider one counts: zone and hour, hour, all."""

SHORTEST_M = 200
"""Of shorter legs parking is most of the time."""

QUICKEST, LONGEST = MINUTE // 2, 90 * MINUTE
"""What lies outside is no drive: two parcels at one door, or a break."""

Key = tuple[str | None, int | None]
"""Zone and hour of the day (UTC); None: whatever it was."""


@dataclass(frozen=True, slots=True)
class Driven:
    """One leg that was driven: where to, in which zone, when it began, how far by air line, and how long it took."""

    zone: str | None
    began_at: Instant
    air_line_m: int
    took: Span


@dataclass(frozen=True, slots=True)
class Speed:
    """Air-line metres an hour, from how many legs, and its error: by how many percent of the time the half of them differed at least."""

    metres_per_hour: int
    legs: int
    error_percent: int


@dataclass(frozen=True, slots=True)
class Speeds:
    """What was learnt, and the zone of each stop of the day."""

    known: Mapping[Key, Speed] = field(default_factory=dict)
    zones: Mapping[Point, str] = field(default_factory=dict)

    def to(self, point: Point, at: Instant) -> Speed | None:
        """The speed of driving to a stop at an instant; None where too little is known."""
        zone, hour = self.zones.get(point), hour_of(at)
        return self.known.get((zone, hour)) or self.known.get((None, hour)) or self.known.get((None, None))


def hour_of(at: Instant) -> int:
    """The hour of the day, UTC: in one place it is the same hour for weeks."""
    return at // HOUR % 24


def learnt(legs: Iterable[Driven]) -> Mapping[Key, Speed]:
    """The speeds of which enough is known."""
    found: dict[Key, list[Driven]] = defaultdict(list)
    for leg in legs:
        if leg.air_line_m < SHORTEST_M or not QUICKEST <= leg.took <= LONGEST:
            continue
        hour = hour_of(leg.began_at)
        for key in {(leg.zone, hour), (None, hour), (None, None)}:
            found[key].append(leg)
    return {key: _speed(driven) for key, driven in found.items() if len(driven) >= ENOUGH}


def _speed(legs: list[Driven]) -> Speed:
    typical = round(median(leg.air_line_m * HOUR // leg.took for leg in legs))
    wrong = [abs(leg.air_line_m * HOUR // typical - leg.took) * 100 // leg.took for leg in legs]
    return Speed(typical, len(legs), round(median(wrong)))
