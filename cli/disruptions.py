"""`doorstep disruption declare|close|list`: one cause behind many incidents, and the deliveries that it calls."""

import json
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from cli.command import FINDINGS, FINE
from cli.errors import InputError
from domain.guards import Scope
from domain.instant import Span, iso
from rules.alarms import heeds_disruptions
from rules.beside import DIRECTORY_FILE
from rules.book import from_canonical
from rules.directory_reader import read_directory_file
from rules.durations import DurationError, span_of
from rules.problems import suggestion
from settings import Settings
from store.database import Database
from store.disruptions import Disruption, Disruptions
from store.rulebooks import Rulebooks
from workflows.client import Deliveries, connect
from workflows.clock import wall_clock

PAGE = 100
"""Deliveries that are called before the next ones are looked up."""


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
    """Declares a disruption and calls the deliveries that have to know at once."""
    where, now = place_of(place), wall_clock()
    _warn_of_unknown(settings.rules, where)
    closes_at = None if lasts is None else now + _span(lasts)
    async with _database(settings) as database:
        disruption = Disruption(where.scope, where.key, kind, now, closes_at, by, note)
        if not await Disruptions(database).declare(disruption):
            print(f"{place}: a disruption{_of(kind)} is open already", file=sys.stderr)
            return FINDINGS
        called = await call(database, await _deliveries(settings), where)
    print(f"{place}: declared{_of(kind)}; {called} deliveries called")
    return FINE


def _warn_of_unknown(rules: Path, place: Place) -> None:
    """Says so where the directory names such places but not this one. Deliveries may name others, so it counts all the same."""
    directory = read_directory_file(rules / DIRECTORY_FILE).directory
    known: Mapping[str, Collection[str]] = {"hub": directory.hubs, "carrier": directory.carriers, "zone": directory.zones}
    names = known.get(place.scope, ())
    if names and place.key not in names:
        said = f'warning: {DIRECTORY_FILE} has no {place.scope} "{place.key}"; {suggestion(place.key, names)}'
        print(said, file=sys.stderr)


async def close(settings: Settings, place: str, kind: str | None) -> int:
    """Closes the disruptions of a place (and kind) and calls the same deliveries."""
    where = place_of(place)
    async with _database(settings) as database:
        closed = await Disruptions(database).close(where.scope, where.key, kind, now=wall_clock())
        if not closed:
            print(f"{place}: no disruption{_of(kind)} is open", file=sys.stderr)
            return FINDINGS
        called = await call(database, await _deliveries(settings), where)
    print(f"{place}: {closed} closed; {called} deliveries called")
    return FINE


async def show_open(settings: Settings, format: str) -> int:
    """Lists the disruptions that are open."""
    async with _database(settings) as database:
        found = await Disruptions(database).open_at(wall_clock())
    if format == "json":
        print(json.dumps([asdict(one) | {"opened_at": iso(one.opened_at), "closes_at": iso(one.closes_at)} for one in found]))
        return FINE
    for one in found:
        until = f", until {iso(one.closes_at)}" if one.closes_at is not None else ""
        said = f": {one.note}" if one.note else ""
        print(f"{one.scope}:{one.key}{_of(one.kind)}, since {iso(one.opened_at)}{until}, by {one.declared_by}{said}")
    if not found:
        print("no disruption is open")
    return FINE


async def call(database: Database, deliveries: Deliveries, place: Place) -> int:
    """Calls, page by page, the open deliveries on a place whose rulebook has a rule of guards alone about it; how many."""
    versions = await _heeding(Rulebooks(database), place.scope)
    called, after = 0, ""
    while page := await Disruptions(database).in_scope(place.scope, place.key, versions, after, PAGE):
        for delivery_id in page:
            called += await _call_one(deliveries, delivery_id)
        after = page[-1]
    return called


async def _heeding(rulebooks: Rulebooks, scope: str) -> frozenset[str]:
    """The versions in use with such a rule."""
    books = {version: from_canonical(await rulebooks.canonical(version)) for version in await rulebooks.in_use()}
    return frozenset(version for version, book in books.items() if heeds_disruptions(book, scope))


async def _call_one(deliveries: Deliveries, delivery_id: str) -> bool:
    try:
        await deliveries.look_again(delivery_id)
    except LookupError:  # it has ended meanwhile
        return False
    return True


async def _deliveries(settings: Settings) -> Deliveries:
    return Deliveries(await connect(default=settings.temporal_default))


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


def _span(text: str) -> Span:
    try:
        return span_of(text)
    except DurationError as error:
        raise InputError(f"{error}; {error.hint}") from None


def _of(kind: str | None) -> str:
    return "" if kind is None else f" of kind {kind}"
