"""How far it is from one point of the earth to another, as the crow flies."""

from math import asin, cos, radians, sin, sqrt

from domain.event import Place
from domain.order import Destination

EARTH_RADIUS_M = 6_371_009
"""The mean radius (IUGG)."""


def metres_to(destination: Destination, place: Place | None) -> int | None:
    """Metres from a place to the address; None where one of the two has no position."""
    if place is None or place.lat is None or place.lon is None or destination.lat is None or destination.lon is None:
        return None
    return air_line(place.lat, place.lon, destination.lat, destination.lon)


def air_line(lat: float, lon: float, to_lat: float, to_lon: float) -> int:
    """Metres along the great circle (haversine), rounded. Degrees are WGS 84."""
    north, south = radians(lat), radians(to_lat)
    chord = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(to_lon - lon) / 2) ** 2
    return round(2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord))))
