"""How long it takes from one stop to the next, without a road engine.

The estimate is the great circle times a detour factor, at one speed. It knows no rivers, one-way streets, traffic or
time of day: a single leg may well be half or twice the truth. Errors of many legs level out in part, so the order of
stops suffers less than the ETA of one stop. It only stands in where no road engine is set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain import distance
from domain.instant import HOUR, Span
from domain.route import Point
from domain.schedule import Legs


class TravelTimes(Protocol):
    """Who knows the travel times: this estimate or a road engine."""

    async def legs(self, points: Sequence[Point]) -> Legs: ...


@dataclass(frozen=True, slots=True)
class GreatCircle:
    """The built-in estimate. `detour_percent` is road over air line; `metres_per_hour` includes lights and parking."""

    metres_per_hour: int = 25_000
    detour_percent: int = 140

    async def legs(self, points: Sequence[Point]) -> Legs:
        """Times and metres between every two points."""
        metres = tuple(tuple(self.metres(origin, to) for to in points) for origin in points)
        times = tuple(tuple(self.time(distance) for distance in row) for row in metres)
        return Legs(tuple(points), times, metres)

    def metres(self, origin: Point, to: Point) -> int:
        """Estimated metres by road."""
        return air_line(origin, to) * self.detour_percent // 100

    def time(self, metres: int) -> Span:
        """Estimated milliseconds for metres by road."""
        return metres * HOUR // self.metres_per_hour


def air_line(origin: Point, to: Point) -> int:
    """Metres along the great circle; the ellipsoid differs by up to 0.5 %, far below the error of the detour factor."""
    return distance.air_line(origin.lat, origin.lon, to.lat, to.lon)
