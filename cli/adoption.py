"""`doorstep rules adopt|rollback`: running deliveries go over to the current version of their rulebook."""

import dataclasses
import json
import sys
import time

from cli.command import FINDINGS, FINE
from cli.connection import deliveries_of
from settings import Settings
from store.database import Database
from store.errors import UnknownRulebookError
from store.rulebooks import Rulebooks
from workflows.clock import wall_clock
from workflows.takeover import Takeover, take_over

SHOW_EVERY = 1.0
"""Seconds between two lines of progress."""


async def adopt_rulebook(settings: Settings, name: str, rate: int, format: str, only: str | None = None) -> int:
    """Every running delivery of a rulebook (`only`: those under the version that begins so) adopts its current version, except
    those of a canary that stands; 1 if one refused or did not answer."""
    version, older = await _versions(settings, name)
    if only is not None:
        older = _those(name, older, only)
    deliveries = await deliveries_of(settings)
    taken = await take_over(deliveries, version, older, rate, _Progress())
    if format == "json":
        print(json.dumps({"rulebook": name, **dataclasses.asdict(taken)}))
    else:
        print("\n".join([*taken.troubles, _said(taken, name)]))
    if not (taken.refused or taken.unanswered):
        return FINE
    print(f"go on with those that are left: `{_adopt(name, rate, only)}`", file=sys.stderr)
    return FINDINGS


async def roll_back(settings: Settings, name: str, rate: int, format: str, to: str | None = None) -> int:
    """Makes the version current that was so before (`to`: the one that begins so), and every running delivery adopts it; 1 if one
    refused or did not answer. Says at once how to go on, since a second rollback would make the other version current again."""
    async with Database(settings.database_url) as database:
        version = await Rulebooks(database).back(name, now=wall_clock(), to=to)
    print(f"{name}: {version[:12]} is current; if this is cut off, `{_adopt(name, rate)}` goes on", file=sys.stderr, flush=True)
    return await adopt_rulebook(settings, name, rate, format)


def _adopt(name: str, rate: int, only: str | None = None) -> str:
    """The command that goes on."""
    return f"doorstep rules adopt {name} --rate {rate}" + ("" if only is None else f" --from {only[:12]}")


async def _versions(settings: Settings, name: str) -> tuple[str, tuple[str, ...]]:
    """The current version, and all others of the name but its canary."""
    async with Database(settings.database_url) as database:
        shelf = Rulebooks(database)
        version, canary = await shelf.current(name), (await shelf.canaries()).get(name)
        kept = {version} if canary is None else {version, canary.version}
        return version, tuple(other for other in await shelf.versions(name) if other not in kept)


def _those(name: str, older: tuple[str, ...], begins: str) -> tuple[str, ...]:
    """The versions that begin so; raises UnknownRulebookError."""
    found = tuple(version for version in older if begins and version.startswith(begins))
    if not found:
        known = ", ".join(version[:12] for version in older) or "none"
        raise UnknownRulebookError(f"no version of {name!r} to come from begins with {begins!r}; there are: {known}")
    return found


class _Progress:
    """A line from time to time, on the error stream."""

    def __init__(self) -> None:
        self._next = time.monotonic() + SHOW_EVERY

    def __call__(self, taken: Takeover) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SHOW_EVERY
            print(f"{taken.asked} of {taken.found} asked, {taken.adopted} adopted", file=sys.stderr, flush=True)


def _said(taken: Takeover, name: str) -> str:
    counts = {"ended before": taken.ended, "refused": taken.refused, "without an answer": taken.unanswered}
    others = "".join(f"; {what}: {count}" for what, count in counts.items() if count)
    return f"{name} {taken.version[:12]}: {taken.adopted} of {taken.found} running deliveries adopted it{others}"
