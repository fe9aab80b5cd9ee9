"""The built-in estimate with the speeds that vans have driven, by zone and hour, where enough of them are known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from domain.instant import DAY, HOUR, Instant, Span
from domain.route import Point
from domain.schedule import Legs
from domain.speeds import Driven, Key, Speed, Speeds, learnt
from integrations.routing.travel import GreatCircle, air_line

LOOKS_BACK: Span = 28 * DAY
LEARNS_EVERY: Span = HOUR


class Drives(Protocol):
    """What was driven, and the zones of stops."""

    async def since(self, at: Instant) -> list[Driven]: ...

    async def zones(self, points: Sequence[Point]) -> Mapping[Point, str]: ...


class LearntSpeeds:
    """Distances are those of the estimate; so are times to where too little was driven."""

    def __init__(self, estimate: GreatCircle, drives: Drives, clock: Callable[[], Instant]) -> None:
        self._estimate = estimate
        self._drives = drives
        self._clock = clock
        self._known: Mapping[Key, Speed] = {}
        self._learnt_at: Instant | None = None

    async def legs(self, points: Sequence[Point]) -> Legs:
        """Times and metres between every two points, as vans drive at this hour."""
        now, legs = self._clock(), await self._estimate.legs(points)
        if self._learnt_at is None or now >= self._learnt_at + LEARNS_EVERY:
            self._known, self._learnt_at = learnt(await self._drives.since(now - LOOKS_BACK)), now
        if not self._known:
            return legs
        speeds = Speeds(self._known, await self._drives.zones(points))
        to = [speeds.to(point, now) for point in points]
        return replace(
            legs, times=tuple(self._times(origin, points, to, row) for origin, row in zip(points, legs.times, strict=True))
        )

    def _times(
        self, origin: Point, points: Sequence[Point], speeds: Sequence[Speed | None], estimated: Sequence[Span]
    ) -> tuple[Span, ...]:
        legs = zip(points, speeds, estimated, strict=True)
        return tuple(time if speed is None else air_line(origin, to) * HOUR // speed.metres_per_hour for to, speed, time in legs)
