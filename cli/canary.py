"""`doorstep rules canary`: a version that a share of new deliveries gets, shown beside the current one, widened, promoted or ended."""

import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cli.adoption import adopt_rulebook
from cli.command import FINE
from cli.errors import InputError
from domain.instant import iso
from settings import Settings
from store.canaries import Canaries, VersionTally
from store.database import Database
from store.rulebooks import Canary, Rulebooks
from workflows.clock import wall_clock


def share_of(text: str) -> int:
    """The percentage in `10%` or `10`; raises InputError unless it is 1 to 99."""
    number = text.strip().removesuffix("%").strip()
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= 99):
        raise InputError(f"{text!r} is no share of a canary: give 1% to 99%, in whole percent")
    return int(number)


async def show_canary(settings: Settings, name: str, format: str) -> int:
    """Prints both versions, and what became of the deliveries that began under each since the canary stands."""
    async with _canaries(settings) as (canaries, shelf):
        current, canary = await shelf.current(name), await canaries.of(name)
        if canary is None:
            told: dict[str, Any] = {"rulebook": name, "current": current, "canary": None}
            print(json.dumps(told) if format == "json" else f"{name}: no canary; all new deliveries get {current[:12]}")
            return FINE
        tallies = [await canaries.tally(version, canary.since) for version in (current, canary.version)]
    if format == "json":
        told = {"current": {"version": current, **dataclasses.asdict(tallies[0])}, "canary": _as_json(canary, tallies[1])}
        print(json.dumps({"rulebook": name, **told}))
    else:
        print("\n".join(_as_text(name, current, canary, *tallies)))
    return FINE


async def widen_canary(settings: Settings, name: str, share: int, format: str) -> int:
    """Gives the canary another share of new deliveries, then shows it."""
    async with _canaries(settings) as (canaries, _):
        await canaries.widen(name, share)
    return await show_canary(settings, name, format)


async def promote_canary(settings: Settings, name: str, format: str) -> int:
    """The canary becomes the current version. Those that run under older ones keep them until they adopt it."""
    async with _canaries(settings) as (canaries, _):
        canary = await canaries.promote(name, now=wall_clock())
    if format == "json":
        print(json.dumps({"rulebook": name, "current": canary.version, "canary": None}))
    else:
        print(f"{name}: all new deliveries get {canary.version[:12]}; `doorstep rules adopt {name}` lets running ones follow")
    return FINE


async def end_canary(settings: Settings, name: str, rate: int, format: str) -> int:
    """New deliveries get the current version again, and the canary's running ones adopt it; 1 if one refused or did not answer."""
    async with _canaries(settings) as (canaries, _):
        canary = await canaries.end(name)
    if format != "json":
        left = f"doorstep rules adopt {name} --from {canary.version[:12]}"
        print(
            f"{name}: no new delivery gets {canary.version[:12]}; its running ones adopt the current version; cut off, `{left}` goes on"
        )
    return await adopt_rulebook(settings, name, rate, format, canary.version)


@asynccontextmanager
async def _canaries(settings: Settings) -> AsyncIterator[tuple[Canaries, Rulebooks]]:
    async with Database(settings.database_url) as database:
        yield Canaries(database), Rulebooks(database)


def _as_json(canary: Canary, tally: VersionTally) -> dict[str, Any]:
    return {**dataclasses.asdict(canary), **dataclasses.asdict(tally)}


def _as_text(name: str, current: str, canary: Canary, old: VersionTally, new: VersionTally) -> list[str]:
    return [
        f"{name}: {canary.share}% of new deliveries get the canary; since {iso(canary.since)} began and opened:",
        _row("", f"current {current[:12]}", f"canary {canary.version[:12]}"),
        _row("deliveries", *(f"{one.deliveries}, {one.running} running" for one in (old, new))),
        *(_row(rule, _incidents(old, rule), _incidents(new, rule)) for rule in sorted({*old.rules, *new.rules})),
    ]


def _row(what: str, old: str, new: str) -> str:
    return f"{what:<32} {old:<24} {new}".rstrip()


def _incidents(tally: VersionTally, rule: str) -> str:
    found = tally.rules.get(rule)
    return "no incident" if found is None else f"{found.opened} incidents, {found.open} open"
