"""The storm: which part is killed when, which line is cut when, made from a seed; and how long each part was away."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from cli.supervisor import Running
from tests.chaos.lines import Line
from tests.chaos.parts import Parts

EVERY_S, BEGINS_S = 6.0, 2.5
"""Seconds between kills at the least, and before the first."""

CUT_EVERY_S = 1.5
SHUT_SHARE, SHUT_S = 0.2, 1.0
"""Of the cuts, those after which a line takes no connection for a while."""

BACK_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Blow:
    """At so many seconds; `target` is a part, or the name of a line."""

    at: float
    target: str
    shut: bool = False


@dataclass
class Damage:
    """What was done: kills and seconds away by part, connections cut by line."""

    kills: Counter[str] = field(default_factory=Counter)
    away_s: dict[str, float] = field(default_factory=dict)
    longest_s: dict[str, float] = field(default_factory=dict)
    cuts: Counter[str] = field(default_factory=Counter)

    def was_away(self, part: str, seconds: float) -> None:
        self.kills[part] += 1
        self.away_s[part] = self.away_s.get(part, 0.0) + seconds
        self.longest_s[part] = max(self.longest_s.get(part, 0.0), seconds)


def kills(seed: int, targets: Sequence[str], lasts_s: float, each: int | None) -> tuple[Blow, ...]:
    """Each target so often (None: as often as the time allows), spread over the storm, in turns of their own order."""
    chance = Random(f"kills {seed}")
    rounds = each if each is not None else max(1, int((lasts_s - BEGINS_S) / (EVERY_S * len(targets))))
    named = [name for _ in range(rounds) for name in chance.sample(list(targets), len(targets))]
    step = (lasts_s - BEGINS_S) / len(named)
    return tuple(Blow(BEGINS_S + (place + chance.random() * 0.6) * step, name) for place, name in enumerate(named))


def cuts(seed: int, lines: Sequence[str], lasts_s: float) -> tuple[Blow, ...]:
    """One line after the other, at random moments."""
    chance = Random(f"cuts {seed}")
    count = max(len(lines), int(lasts_s / CUT_EVERY_S))
    named = [lines[place % len(lines)] for place in range(count)]
    return tuple(
        Blow(at, name, chance.random() < SHUT_SHARE)
        for at, name in zip(sorted(chance.uniform(1, lasts_s) for _ in named), named, strict=True)
    )


class Storm:
    """Strikes."""

    def __init__(self, parts: Parts, damage: Damage) -> None:
        self._parts = parts
        self._damage = damage

    async def strike(self, blows: Sequence[Blow], began: float) -> None:
        """Returns when every part is back, and raises as soon as one is not in time. `began` is by the monotonic clock."""
        async with asyncio.TaskGroup() as striking:
            for blow in sorted(blows, key=lambda one: one.at):
                await asyncio.sleep(max(0.0, began + blow.at - time.monotonic()))
                striking.create_task(self._struck(blow))

    async def _struck(self, blow: Blow) -> None:
        if blow.target in self._parts.lines:
            await self._cut(self._parts.lines[blow.target], blow.shut)
        else:
            await self._killed(blow)

    async def _cut(self, line: Line, shut: bool) -> None:
        before = line.cuts
        if shut:
            await line.shut(SHUT_S)
        else:
            line.cut()
        self._damage.cuts[line.name] += line.cuts - before

    async def _killed(self, blow: Blow) -> None:
        names = self._parts.workers if blow.target == "worker" else [blow.target]
        await asyncio.gather(*(self._kill(name, self._parts.programs[name]) for name in names))

    async def _kill(self, name: str, running: Running) -> None:
        async with asyncio.timeout(BACK_WITHIN_S):
            while running.pid is None or not running.is_ready:  # noqa: ASYNC110 - the supervisor says nothing
                await asyncio.sleep(0.05)
            starts, killed_at = running.starts, time.monotonic()
            with suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGKILL)
            while running.starts == starts or not running.is_ready:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        self._damage.was_away(name, time.monotonic() - killed_at)


def targets_of(parts: Parts) -> list[str]:
    """What can be killed; the workers are struck one at a time, and all at once."""
    names = list(parts.programs)
    return [*names, "worker"] if len(parts.workers) > 1 else names


def as_shown(damage: Damage) -> Mapping[str, Mapping[str, float]]:
    """Seconds to the tenth."""
    return {
        name: {"kills": kills, "away_s": round(damage.away_s[name], 1), "longest_s": round(damage.longest_s[name], 1)}
        for name, kills in sorted(damage.kills.items())
    }
