"""A file of events to try rules on: JSON (a list, one a line, a history file), or lines as a test's timeline has them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from domain.event import Event
from domain.instant import NEVER, Instant, instant
from domain.order import Order
from domain.status import Kind, Status
from rules.book import Rulebook
from rules.clock import zone
from rules.clock_times import UTC_ZONE, Calendar, day_number
from rules.line_setting import Setting
from rules.order_forms import OrderForm
from rules.problems import suggestion
from rules.scalars import Text
from rules.simulate import Part
from rules.source import Source
from rules.telling import Line, Reported
from rules.testfile import DEFAULT_DAY, Readers
from rules.timeline import read_line
from rules.words import SentenceError

HISTORY_KEYS = ("order", "event", "label")
WORDS: Mapping[str, list[str]] = {"kind": [kind.value for kind in Kind], "status": [status.value for status in Status]}
"""Fields whose values are known -> these."""


@dataclass
class _Read:
    """What was read of one delivery: its order, since when that is known, its events."""

    order: Order | None = None
    known_at: Instant | None = None
    events: list[Event] = field(default_factory=list)


def read_events(source: Source, book: Rulebook, readers: Readers, order: Order | None, day: date | None) -> list[Part]:
    """The deliveries of a file, each with its events in the order in which they become known. Mistakes go to the source.

    Without an order, in the file or given, a plain one stands in: promised from 14:00 to 16:00 UTC on the day of the first event.
    """
    if source.text.lstrip()[:1] in ("[", "{"):
        parts = _of_json(source, readers, order)
    else:
        parts = _of_lines(source, book, readers, order, day or DEFAULT_DAY)
    if not parts and not source.problems:
        source.problem("R013", 0, 1, "there is no event in the file", 'for example 09:00 scan at HEL1, or {"kind": "scan", ...}')
    return parts


def plain_order(source: Source, readers: Readers, at: Instant) -> Order | None:
    """What a test takes where it says nothing of the delivery, on the day of an instant."""
    calendar = Calendar.on_day_of(at, UTC_ZONE)
    return OrderForm(source, calendar, readers.order).order(None, Text("", 0, 0))


# Lines of a timeline


def _of_lines(source: Source, book: Rulebook, readers: Readers, order: Order | None, day: date) -> list[Part]:
    local = (zone(order.destination.timezone) if order else None) or UTC_ZONE
    calendar = Calendar(day_number(day), local)
    order = order or plain_order(source, readers, calendar.instant(0, 0) or 0)
    if order is None:
        return []
    parcels = tuple(parcel.parcel_id for parcel in order.parcels)
    setting = Setting(calendar, order.carrier, list(book.names), readers.event, parcels)
    found: list[Line] = []
    for start, text in _written(source):
        try:
            found.append(read_line(text, len(found) + 1, setting))
        except SentenceError as error:
            source.problem(error.code, start + error.at, error.length, error.message, error.hint)
    found.sort(key=lambda line: line.at)
    return [Part(order, found[0].at, tuple(found))] if found else []


def _written(source: Source) -> Iterator[tuple[int, str]]:
    """Each line that says something, with where it starts. It may be written as an item of a YAML list."""
    start = 0
    for whole in source.text.splitlines(keepends=True):
        text = whole.strip()
        body = text.removeprefix("- ").strip()
        body = body[1:-1] if len(body) > 1 and body[0] == body[-1] and body[0] in "\"'" else body
        if body and not text.startswith("#"):
            yield start + whole.index(body), body
        start += len(whole)


# JSON


def _of_json(source: Source, readers: Readers, order: Order | None) -> list[Part]:
    found: dict[str, _Read] = {}
    for start, value in _values(source):
        _keep(source, readers, found, start, value)
    parts = []
    for read in found.values():
        events = sorted(read.events, key=lambda event: event.recorded_at)
        if not events and read.order is None:
            continue
        first = events[0].recorded_at if events else 0
        whose = order or read.order or plain_order(source, readers, first)
        if whose is not None:
            known_at = first if read.known_at is None else min(read.known_at, first) if events else read.known_at
            parts.append(Part(whose, known_at, tuple(Reported(event.recorded_at, event) for event in events)))
    return parts


def _values(source: Source) -> Iterator[tuple[int, Any]]:
    """Each JSON value with where it starts: those of a list, of {"events": [...]}, or one after another."""
    text, at, decoder = source.text, 0, json.JSONDecoder()
    while (at := _after_marks(text, at)) < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            where = getattr(error, "pos", at)
            source.problem("R012", where, 1, f"not JSON: {getattr(error, 'msg', error)}", "one event a line, or a list of events")
            at = _next_line(text, where)
            continue
        if isinstance(value, dict) and isinstance(value.get("events"), list):
            at = text.index("[", text.index('"events"', at))
        else:
            yield at, value
            at = end


def _after_marks(text: str, at: int) -> int:
    """Past white space and what stands between and around the values of a list."""
    while at < len(text) and text[at] in " \t\r\n,[]":
        at += 1
    is_the_end = text[at : at + 1] == "}" and not text[at:].strip(" \t\r\n,[]}")
    return len(text) if is_the_end else at


def _next_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _keep(source: Source, readers: Readers, found: dict[str, _Read], start: int, value: Any) -> None:
    """Adds what one value tells of its delivery; a history file names that, a list of events is about one."""
    if not isinstance(value, dict):
        said = f"an event is an object in {{ }}, not {json.dumps(value)[:40]}"
        source.problem("R012", start, 1, said, "see docs/schema for DeliveryEvent")
        return
    history = next((key for key in HISTORY_KEYS if isinstance(value.get(key), dict)), None)
    if history == "label":
        return
    if history == "order":
        _keep_order(source, readers, found, start, value)
        return
    event = _event(source, readers, start, value["event"] if history else value)
    if event is not None:
        found.setdefault(str(value.get("delivery_id", "") if history else ""), _Read()).events.append(event)


def _keep_order(source: Source, readers: Readers, found: dict[str, _Read], start: int, value: Mapping[str, Any]) -> None:
    try:
        order = readers.order(value["order"])
        read = found.setdefault(order.delivery_id, _Read())
        read.order = order
        read.known_at = instant(datetime.fromisoformat(str(value["known_at"]))) if "known_at" in value else None
    except ValidationError as error:
        _note(source, start, "order", value["order"], error)
    except ValueError as error:
        source.problem("R012", start, 1, f"known_at: {error}", "a date and time with its offset, as 2026-11-23T09:00:00+02:00")


def _event(source: Source, readers: Readers, start: int, sent: Mapping[str, Any]) -> Event | None:
    """The event, known when it was recorded, or else when it happened."""
    try:
        event = readers.event(sent, NEVER)
        known_at = event.occurred_at if event.recorded_at >= NEVER else event.recorded_at
        return readers.event(sent, max(known_at, event.occurred_at))
    except ValidationError as error:
        _note(source, start, "event", sent, error)
        return None


def _note(source: Source, start: int, what: str, sent: Mapping[str, Any], error: ValidationError) -> None:
    for wrong in error.errors(include_url=False):
        where = ".".join(map(str, wrong["loc"])) or what
        value = sent.get(where)
        hint = suggestion(str(value), WORDS[where]) if value is not None and where in WORDS else "see docs/schema"
        message = f"{where}: {wrong['msg'].removeprefix('Value error, ')}"
        said = f'{where}: there is no "{value}"' if hint.startswith("did") or hint.startswith("allowed") else message
        at = source.text.find(f'"{wrong["loc"][-1]}"', start) if wrong["loc"] else -1
        is_here = value is not None and at >= 0
        source.problem("R012", at if is_here else start, len(where) + 2 if is_here else 1, said, hint)
