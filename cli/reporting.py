"""`doorstep delivery report`: events from a file, from a carrier's payload or from options go to their deliveries."""

import json
import re
import sys
import uuid
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cli.bearers import bearers
from cli.command import FINDINGS, FINE, WRONG_USE
from cli.connection import client_of, deliveries_of
from cli.errors import InputError
from cli.feeds import heard_of
from cli.given_files import json_of, read
from domain.event import Event
from domain.instant import iso
from domain.status import Kind
from integrations.carriers import CARRIERS
from integrations.carriers.tracked import TrackedEvents
from rules.problems import suggestion
from settings import Settings
from store.database import Database
from store.deliveries import Deliveries as Copies
from store.events import Events
from store.feeds import Feeds
from workflows.client import Deliveries
from workflows.clock import wall_clock
from workflows.events import DeliveryEvent, wire_event
from workflows.feeds import WatchedFeeds

Sendable = Event | Mapping[str, Any]

IN_QUOTES = re.compile("'([^']*)'")


async def report_events(settings: Settings, file: Path, delivery_id: str | None, format: str) -> int:
    """Reports what a file holds to the delivery named, or to those found by tracking number."""
    text = read(file)
    if format == "json":
        if delivery_id is None:
            print("say which delivery the events are for: --delivery ID", file=sys.stderr)
            return WRONG_USE
        return await _report({delivery_id: _events(text, file)}, settings)
    parsed = CARRIERS[format](text, recorded_at=wall_clock())
    return await _report_tracked(settings, parsed, delivery_id)


async def report_one(settings: Settings, delivery_id: str | None, told: Mapping[str, str | None]) -> int:
    """Reports one event that is made of options, as of now."""
    said = {name: value for name, value in told.items() if value is not None}
    if delivery_id is None or not said.keys() & {"status", "kind", "eta"}:
        print("give a file, or --delivery ID with --status, --kind or --eta", file=sys.stderr)
        return WRONG_USE
    kind = "eta" if "eta" in said else "status" if "status" in said else ""
    event = {
        "event_id": f"cli-{uuid.uuid4().hex}",
        "kind": kind,
        "occurred_at": iso(wall_clock()),
        "source": "command-line",
        **said,
    }
    return await _report({delivery_id: _checked([event], Path("options"))}, settings)


async def _report_tracked(settings: Settings, tracked: Sequence[TrackedEvents], delivery_id: str | None) -> int:
    found: dict[str, list[Sendable]] = {}
    code = FINE
    async with Database(settings.database_url) as database:
        for told in tracked:
            ids = (delivery_id,) if delivery_id else await bearers(Copies(database), told)
            for found_id in ids:
                found.setdefault(found_id, []).extend(told.events)
            code = code if ids else FINDINGS
        reported = await _report(found, settings)
        await _heard_of({event.source for told in tracked for event in told.events}, settings, database)
    return max(code, reported)


async def _heard_of(sources: Collection[str], settings: Settings, database: Database) -> None:
    """A feed that was silent is so no more."""
    watched = WatchedFeeds(await client_of(settings))
    for source in sorted(sources):
        await heard_of(Feeds(database), watched, source, wall_clock())


async def _report(found: Mapping[str, Sequence[Sendable]], settings: Settings) -> int:
    deliveries = await deliveries_of(settings)
    code = FINE
    for delivery_id, events in found.items():
        try:
            await deliveries.report(delivery_id, events)
            print(f"{delivery_id}: {_counted(events)} reported")
        except LookupError as error:
            code = max(code, await _tell_of_ended(deliveries, settings, delivery_id, events, error))
    return code


def _counted(events: Sequence[Sendable]) -> str:
    return "1 event" if len(events) == 1 else f"{len(events)} events"


async def _tell_of_ended(
    deliveries: Deliveries, settings: Settings, delivery_id: str, events: Sequence[Sendable], error: LookupError
) -> int:
    """A correction that the final event did not occur reopens the delivery; anything else is kept for the record."""
    if any(_kind(event) == Kind.CORRECTION for event in events) and await deliveries.reopen(delivery_id, events):
        print(f"{delivery_id} had ended, which did not occur: reopened as its next generation, {_counted(events)} reported")
        return FINE
    return await _keep_for_the_record(settings, delivery_id, events, error)


def _kind(event: Sendable) -> str:
    return event.kind if isinstance(event, Event) else str(event["kind"])


async def _keep_for_the_record(settings: Settings, delivery_id: str, events: Sequence[Sendable], error: LookupError) -> int:
    """Events of a delivery that has ended are kept beside its copy; an unknown id is an error."""
    async with Database(settings.database_url) as database:
        if await Copies(database).latest(delivery_id) is None:
            print(error, file=sys.stderr)
            return FINDINGS
        wire = [wire_event(event) if isinstance(event, Event) else event for event in events]
        kept = await Events(database).append_after_close(delivery_id, wire, now=wall_clock())
    print(f"{delivery_id} has ended: {kept} events kept for the record")
    return FINE


def _events(text: bytes, file: Path) -> list[Sendable]:
    """One event, a list, {"events": [...]}, or one event a line; every mistake of every event is shown."""
    try:
        value = json.loads(text)
    except ValueError:
        value = [json_of(line, file) for line in text.splitlines() if line.strip()]
    if isinstance(value, dict):
        value = value.get("events", [value])
    return _checked(value if isinstance(value, list) else [value], file)


def _checked(value: list[Any], file: Path) -> list[Sendable]:
    mistakes = [f"{file}: event {number}: {said}" for number, event in enumerate(value, 1) for said in _mistakes(event)]
    if mistakes:
        raise InputError("\n".join(mistakes))
    return value


def _mistakes(event: Any) -> list[str]:
    try:
        DeliveryEvent.model_validate_json(json.dumps(event))
    except ValidationError as error:
        return [_said(found) for found in error.errors(include_url=False)]
    return []


def _said(found: ErrorDetails) -> str:
    """One mistake: where it is, what was written, and what is allowed."""
    where, written = ".".join(map(str, found["loc"])), found["input"]
    if found["type"] == "missing":
        return f"{where}: is missing"
    if found["type"] == "enum":
        return f'{where} can not be "{written}"; {suggestion(str(written), IN_QUOTES.findall(found["msg"]))}'
    if found["type"].startswith(("datetime", "timezone")):
        return f'{where} can not be "{written}"; write date, time and offset, as 2026-11-23T16:20:00+02:00'
    return f"{where}: {found['msg'].removeprefix('Value error, ')}"
