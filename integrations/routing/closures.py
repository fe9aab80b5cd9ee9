"""Closed roads, as an operator keeps them: a GeoJSON file of points (a blocked street) and polygons (a closed quarter)."""

import json
from dataclasses import dataclass, field
from logging import getLogger
from pathlib import Path
from typing import Any

from domain.route import Point

LOG = getLogger("doorstep.routing")


@dataclass(frozen=True, slots=True)
class Closures:
    """Points that lie on closed roads, and rings that no route may enter."""

    points: tuple[Point, ...] = ()
    rings: tuple[tuple[Point, ...], ...] = ()


OPEN = Closures()


class ClosuresError(ValueError):
    """A file that holds no closures: which, and what is wrong."""


@dataclass
class ClosuresFile:
    """Read again whenever it was changed. A change that cannot be read is logged, and the closures before it stay."""

    path: Path
    _known: Closures = OPEN
    _read_at: int = field(default=-1)

    def __call__(self) -> Closures:
        """The closures in force; raises ClosuresError only while none could ever be read."""
        try:
            changed_at = self.path.stat().st_mtime_ns
            if changed_at != self._read_at:
                self._known, self._read_at = read_closures(self.path.read_bytes(), str(self.path)), changed_at
        except (OSError, ClosuresError) as error:
            if self._read_at == -1:
                raise ClosuresError(f"{self.path}: {error}") from None
            LOG.warning("closures are as they were before: %s", error)
        return self._known


def read_closures(data: bytes, name: str) -> Closures:
    """The closures of a FeatureCollection; raises ClosuresError."""
    try:
        features = json.loads(data)["features"]
        shapes = [(feature["geometry"]["type"], feature["geometry"]["coordinates"]) for feature in features]
        return _closures(shapes, name)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ClosuresError(f"{name} is no GeoJSON FeatureCollection of points and polygons: {error}") from None


def _closures(shapes: list[tuple[str, Any]], name: str) -> Closures:
    if others := {kind for kind, _ in shapes} - {"Point", "Polygon"}:
        raise ClosuresError(f"{name} holds {', '.join(sorted(others))}; write closures as Point or Polygon")
    points = tuple(_point(place) for kind, place in shapes if kind == "Point")
    rings = tuple(tuple(_point(place) for place in rings[0]) for kind, rings in shapes if kind == "Polygon")
    return Closures(points, rings)


def _point(place: list[float]) -> Point:
    """GeoJSON writes the longitude first."""
    lon, lat = float(place[0]), float(place[1])
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ClosuresError(f"{lon}, {lat} is no longitude and latitude")
    return Point(lat, lon)
