"""Travel times by road, from a Valhalla server: https://valhalla.github.io/valhalla/api/matrix/api-reference/.

Roads that are closed are left out. What it finds no way to (a point off the map) is estimated as the crow flies.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from logging import getLogger
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from domain.instant import SECOND, Span
from domain.route import Point
from domain.schedule import Legs
from integrations.routing.closures import OPEN, Closures
from integrations.routing.travel import GreatCircle

LOG = getLogger("doorstep.routing")

SIDE = 50
"""Points on either side of one request: a server as it is shipped takes 2,500 pairs."""

AT_ONCE = 4
"""Requests under way at once."""

Cell = tuple[Span, int] | None
"""Milliseconds and metres; None where there is no way."""


class Valhalla:
    """`url` is the server's, without a path. `timeout` is the longest that one request may take."""

    def __init__(
        self,
        url: str,
        estimate: GreatCircle,
        closures: Callable[[], Closures] = lambda: OPEN,
        timeout: Span = 4 * SECOND,
    ) -> None:
        self._url = url.rstrip("/")
        self._estimate = estimate
        self._closures = closures
        self._timeout = ClientTimeout(total=timeout / 1000)

    async def legs(self, points: Sequence[Point]) -> Legs:
        """Times and metres between every two points. Raises ConnectionError if the server does not answer as it should."""
        cells = await self._cells(tuple(points))
        lost = sum(cell is None for row in cells for cell in row)
        if lost:
            LOG.warning("the road engine knows no way for %d of %d legs; they are estimated", lost, len(points) ** 2)
        filled = [
            [cell or self._estimated(points[row], points[to]) for to, cell in enumerate(line)] for row, line in enumerate(cells)
        ]
        times = tuple(tuple(time for time, _ in row) for row in filled)
        return Legs(tuple(points), times, tuple(tuple(metres for _, metres in row) for row in filled))

    def _estimated(self, origin: Point, to: Point) -> tuple[Span, int]:
        metres = self._estimate.metres(origin, to)
        return self._estimate.time(metres), metres

    async def _cells(self, points: tuple[Point, ...]) -> list[list[Cell]]:
        """Block by block, row by row."""
        closed, turns = _closed(self._closures()), asyncio.Semaphore(AT_ONCE)
        async with ClientSession(timeout=self._timeout) as session:

            async def block(sources: Sequence[Point], targets: Sequence[Point]) -> list[list[Cell]]:
                async with turns:
                    asked = {"sources": _places(sources), "targets": _places(targets), "costing": "auto", "units": "kilometers"}
                    return _read(await self._asked(session, {**asked, **closed}), len(sources), len(targets))

            bands = [[block(rows, columns) for columns in _bands(points)] for rows in _bands(points)]
            found = [await asyncio.gather(*band) for band in bands]
        return [[cell for block_row in rows for cell in block_row] for band in found for rows in zip(*band, strict=True)]

    async def _asked(self, session: ClientSession, body: dict[str, Any]) -> Any:
        try:
            async with session.post(f"{self._url}/sources_to_targets", json=body) as response:
                if response.status != 200:
                    raise ConnectionError(
                        f"the road engine answered {response.status}; check DOORSTEP_ROUTING_URL and its service limits"
                    )
                return await response.json(content_type=None)
        except (ClientError, TimeoutError, ValueError) as error:
            raise ConnectionError(
                f"the road engine does not answer ({type(error).__name__}); check DOORSTEP_ROUTING_URL"
            ) from None


def _bands(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    return (points[start : start + SIDE] for start in range(0, len(points), SIDE))


def _places(points: Sequence[Point]) -> list[dict[str, float]]:
    return [{"lat": point.lat, "lon": point.lon} for point in points]


def _closed(closures: Closures) -> dict[str, Any]:
    """What is left out, in the words of a request; nothing of what is empty."""
    rings = [[[point.lon, point.lat] for point in ring] for ring in closures.rings]
    told = {"exclude_locations": _places(closures.points), "exclude_polygons": rings}
    return {name: value for name, value in told.items() if value}


def _read(answer: Any, sources: int, targets: int) -> list[list[Cell]]:
    rows = answer.get("sources_to_targets") if isinstance(answer, dict) else None
    try:
        cells = [[_cell(cell) for cell in row] for row in rows or ()]
    except (TypeError, KeyError, AttributeError):
        cells = []
    if [len(row) for row in cells] != [targets] * sources:
        raise ConnectionError("the road engine answered with something else than a matrix; check DOORSTEP_ROUTING_URL")
    return cells


def _cell(cell: dict[str, Any]) -> Cell:
    time, kilometres = cell["time"], cell["distance"]
    return None if time is None or kilometres is None else (round(time * SECOND), round(kilometres * 1_000))
