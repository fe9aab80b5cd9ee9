"""The map of the demo: a hub north of Helsinki and four rounds around it. Drawn from a fixed seed, the same each time."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians, sin
from random import Random

from domain.route import Point

HUB = "HEL1"
HUB_AT = Point(60.2850, 24.9600)

STOPS_EACH = 10

KM_PER_DEGREE = 111.19


@dataclass(frozen=True, slots=True)
class Round:
    """One driver's round: stops in the sector around `bearing` (degrees)."""

    route_id: str
    driver_id: str
    driver: str
    carrier: str
    zone: str
    bearing: int


ROUNDS: tuple[Round, ...] = (
    Round("R1", "V1", "Aino Virtanen", "acme", "north-1", 20),
    Round("R2", "V2", "Onni Laine", "acme", "north-2", 110),
    Round("R3", "V3", "Helmi Koski", "acme", "north-2", 200),
    Round("R4", "V4", "Eino Salo", "zipvan", "north-1", 290),
)
"""Three drivers of one carrier, who can take stops over from each other, and one of another."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier, and for which others it takes over what they cannot deliver; the cost is per drop."""

    carrier: str
    name: str
    stands_in_for: tuple[str, ...]
    cost_cents: int


CARRIERS: tuple[Carrier, ...] = (
    Carrier("acme", "Acme Parcels", (), 650),
    Carrier("zipvan", "ZipVan", ("acme",), 900),
)
"""Nobody stands in for the second, so that a reassignment that cannot help is seen as well."""

STREETS = ("Kuusitie", "Rantatie", "Koulukatu", "Myllytie", "Asemakatu", "Niittykuja", "Harjutie", "Satamakatu")
PEOPLE = ("Sofia", "Leo", "Emilia", "Väinö", "Olivia", "Eeli", "Linnea", "Toivo", "Ada", "Oliver")


def stops_of(sector: Round, random: Random) -> tuple[Point, ...]:
    """The stops of a round in driving order: always the nearest one next."""
    return tuple(_nearest_first([_point(sector, random) for _ in range(STOPS_EACH)]))


def _point(sector: Round, random: Random) -> Point:
    angle, km = radians(sector.bearing + random.uniform(-38, 38)), random.uniform(8, 24)
    north, east = km * cos(angle), km * sin(angle)
    lat = HUB_AT.lat + north / KM_PER_DEGREE
    return Point(round(lat, 5), round(HUB_AT.lon + east / (KM_PER_DEGREE * cos(radians(lat))), 5))


def _nearest_first(points: list[Point]) -> Iterator[Point]:
    here, left = HUB_AT, points
    while left:
        here = min(left, key=lambda point: _apart(here, point))
        left = [point for point in left if point is not here]
        yield here


def _apart(one: Point, other: Point) -> float:
    """Squared distance on a flat map, good enough to compare."""
    return (one.lat - other.lat) ** 2 + ((one.lon - other.lon) * 0.5) ** 2
