"""`doorstep disruption declare|close|list`: one cause behind many incidents, and the deliveries that it calls."""

import json
import sys
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from cli.command import FINDINGS, FINE
from cli.connection import client_of
from cli.errors import InputError
from cli.heralds import Herald
from domain.disruption import Affected, Notice
from domain.guards import Scope
from domain.instant import Span, iso
from rules.beside import DIRECTORY_FILE
from rules.directory_reader import read_directory_file
from rules.durations import DurationError, span_of
from rules.problems import suggestion
from settings import Settings
from store.database import Database
from store.disruptions import Disruptions
from workflows.clock import wall_clock
from workflows.places import DisruptedPlaces

EVERYONE = 100_000
"""More deliveries than one place has open."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a disruption is on: `hub:HEL1`."""

    scope: str
    key: str


def place_of(text: str) -> Place:
    """Reads SCOPE:KEY; raises InputError."""
    scope, colon, key = text.partition(":")
    if not colon or not key or scope not in get_args(Scope):
        allowed = ", ".join(get_args(Scope))
        raise InputError(f'"{text}" is no place of a disruption; write SCOPE:KEY, such as hub:HEL1; scopes are {allowed}')
    return Place(scope, key)


async def declare(settings: Settings, place: str, kind: str | None, lasts: str | None, by: str, note: str | None) -> int:
    """Declares a disruption, says whom it concerns, and hands it to the workflow of its place."""
    where, now = place_of(place), wall_clock()
    _warn_of_unknown(settings.rules, where)
    closes_at = None if lasts is None else now + _span(lasts)
    async with Database(settings.database_url) as database:
        rows = Disruptions(database)
        if await rows.declare(Notice(where.scope, where.key, by, now, kind, closes_at, note)) is None:
            print(f"{place}: a disruption{_of(kind)} is open already", file=sys.stderr)
            return FINDINGS
        affected = await rows.affected(where.scope, where.key)
        print(f"{place}: declared{_of(kind)}; {_concerns(affected)}")
        await (await _herald(settings, rows)).tell(place)
    return FINE


def _concerns(affected: Affected) -> str:
    if not affected.count:
        return "no open delivery is on it"
    more = f" and {affected.count - len(affected.first)} more" if affected.count > len(affected.first) else ""
    noun = "delivery is" if affected.count == 1 else "deliveries are"
    return f"{affected.count} open {noun} on it: {', '.join(affected.first)}{more}"


def _warn_of_unknown(rules: Path, place: Place) -> None:
    """Says so where the directory names such places but not this one. Deliveries may name others, so it counts all the same."""
    directory = read_directory_file(rules / DIRECTORY_FILE).directory
    known: Mapping[str, Collection[str]] = {"hub": directory.hubs, "carrier": directory.carriers, "zone": directory.zones}
    names = known.get(place.scope, ())
    if names and place.key not in names:
        said = f'warning: {DIRECTORY_FILE} has no {place.scope} "{place.key}"; {suggestion(place.key, names)}'
        print(said, file=sys.stderr)


async def close(settings: Settings, place: str, kind: str | None) -> int:
    """Closes the disruptions of a place (and kind)."""
    where = place_of(place)
    async with Database(settings.database_url) as database:
        rows = Disruptions(database)
        closed = await rows.close(where.scope, where.key, kind, now=wall_clock())
        if not closed:
            print(f"{place}: no disruption{_of(kind)} is open", file=sys.stderr)
            return FINDINGS
        print(f"{place}: {len(closed)} closed")
        await (await _herald(settings, rows)).tell(place)
    return FINE


async def show_open(settings: Settings, format: str) -> int:
    """Lists the disruptions that are open."""
    async with Database(settings.database_url) as database:
        rows = Disruptions(database)
        found = [(one, await rows.affected(one.scope, one.key)) for one in await rows.open_at(wall_clock())]
    if format == "json":
        print(json.dumps([_as_json(one, affected) for one, affected in found]))
        return FINE
    for one, affected in found:
        until = f", until {iso(one.closes_at)}" if one.closes_at is not None else ""
        said = f": {one.note}" if one.note else ""
        print(f"{one.place}{_of(one.kind)}, since {iso(one.opened_at)}{until}, by {one.declared_by}{said}")
        print(f"  {_concerns(affected)}")
    if not found:
        print("no disruption is open")
    return FINE


def _as_json(one: Notice, affected: Affected) -> Mapping[str, Any]:
    return asdict(one) | {"opened_at": iso(one.opened_at), "closes_at": iso(one.closes_at), "affected": asdict(affected)}


async def affected_by(settings: Settings, place: str) -> int:
    """Prints the ids of the open deliveries on a place, one a line."""
    where = place_of(place)
    async with Database(settings.database_url) as database:
        rows = Disruptions(database)
        everyone = await rows.affected(where.scope, where.key, first=EVERYONE)
    for delivery_id in everyone.first:
        print(delivery_id)
    return FINE if everyone.count else FINDINGS


async def _herald(settings: Settings, rows: Disruptions) -> Herald:
    return Herald(rows, DisruptedPlaces(await client_of(settings)))


def _span(text: str) -> Span:
    try:
        return span_of(text)
    except DurationError as error:
        raise InputError(f"{error}; {error.hint}") from None


def _of(kind: str | None) -> str:
    return "" if kind is None else f" of kind {kind}"
