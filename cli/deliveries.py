"""`doorstep delivery start|report|show|why`: against a running server."""

import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cli.bearers import bearers
from cli.command import FINDINGS, FINE, WRONG_USE
from cli.errors import InputError
from cli.why import told
from domain.event import Event
from domain.instant import HOUR, iso
from domain.status import Kind
from integrations.carriers import CARRIERS
from integrations.carriers.tracked import TrackedEvents
from settings import Settings, read_settings
from store.database import Database
from store.deliveries import Deliveries as Copies
from store.events import Events
from workflows.client import Deliveries, RefusedError, as_json, connect
from workflows.clock import wall_clock
from workflows.contract import problems_of
from workflows.events import DeliveryEvent, wire_event

PATIENCE = 10.0
"""Seconds until a worker that does not answer is said to be missing."""

Sendable = Event | Mapping[str, Any]


async def start_delivery(file: Path, format: str) -> int:
    """Starts a delivery from a DeliveryOrder in a file."""
    order = _object(_read(file), file)
    deliveries = await _deliveries()
    try:
        accepted = await deliveries.start(order)
    except RefusedError as refused:
        _show_refusal(refused, format)
        return FINDINGS
    if format == "json":
        print(as_json(accepted))
    else:
        print(f"{accepted['delivery_id']} accepted: generation {accepted['generation']}, watched by {accepted['rulebook']}")
    return FINE


async def report_events(settings: Settings, file: Path, delivery_id: str | None, format: str) -> int:
    """Reports what a file holds to the delivery named, or to those found by tracking number."""
    text = _read(file)
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


def print_example() -> None:
    """An order with a new id and a promise in two hours."""
    now = wall_clock()
    print(
        as_json(
            {
                "schema_version": 1,
                "delivery_id": f"D-{uuid.uuid4().hex[:6]}",
                "carrier": "acme",
                "tracking_numbers": ["1Z023E2X0214323462"],
                "service_level": "same_day",
                "zone": "north-2",
                "hub": "HEL1",
                "promised": {"start": iso(now + HOUR), "end": iso(now + 2 * HOUR)},
                "destination": {
                    "lat": 60.17,
                    "lon": 24.94,
                    "address": "Kauppakatu 3",
                    "timezone": "Europe/Helsinki",
                    "country": "FI",
                },
                "customer": {"name": "Aino Example", "email": "aino@example.test", "phone": "+358401234567", "language": "en"},
                "parcels": [{"parcel_id": "P1", "weight_kg": "1.2"}],
            }
        )
    )


async def update_delivery(delivery_id: str, name: str, request: str) -> int:
    """Executes one of the delivery's updates and prints its answer, or why it was refused."""
    deliveries = await _deliveries()
    try:
        print(as_json(await deliveries.ask(delivery_id, name, _object(request.encode(), Path("request")))))
    except RefusedError as refused:
        _show_refusal(refused, "text")
        return FINDINGS
    return FINE


async def mute_rule(delivery_id: str, request: Mapping[str, Any]) -> int:
    """Mutes a rule, or prints why that was refused."""
    return await update_delivery(delivery_id, "mute", json.dumps(request))


async def decide_proposal(delivery_id: str, proposal: str | None, approve: bool, by: str) -> int:
    """Answers a proposal; without an id the only one that awaits an answer. Raises LookupError if that is not one."""
    if proposal is None:
        told = (await (await _deliveries()).query(delivery_id, "snapshot"))["proposals"]
        awaiting = [one["proposal_id"] for one in told if one["answer"] is None]
        if len(awaiting) != 1:
            raise LookupError(f"say which proposal; awaiting an answer are: {', '.join(awaiting) or 'none'}")
        proposal = awaiting[0]
    request = {"proposal_id": proposal, "approve": approve, "by": by}
    return await update_delivery(delivery_id, "decide", json.dumps(request))


async def show_delivery(delivery_id: str, format: str) -> int:
    """Prints the snapshot."""
    snapshot = await (await _deliveries()).query(delivery_id, "snapshot")
    if format == "json":
        print(as_json(snapshot))
    else:
        _show(snapshot)
    return FINE


async def explain_delivery(delivery_id: str, rule: str | None, format: str) -> int:
    """Prints why each rule is or is not open."""
    answer = await (await _deliveries()).query(delivery_id, "why", {"rule": rule} if rule else {})
    if format == "json":
        print(as_json(answer))
    else:
        print("\n".join(told(answer["rules"], in_full=rule is not None)))
    return FINE


async def _deliveries() -> Deliveries:
    return Deliveries(await connect(default=read_settings().temporal_default), patience=PATIENCE)


async def _report_tracked(settings: Settings, tracked: Sequence[TrackedEvents], delivery_id: str | None) -> int:
    database = Database(settings.database_url)
    found: dict[str, list[Sendable]] = {}
    code = FINE
    try:
        for told in tracked:
            ids = (delivery_id,) if delivery_id else await bearers(Copies(database), told)
            for found_id in ids:
                found.setdefault(found_id, []).extend(told.events)
            code = code if ids else FINDINGS
    finally:
        await database.close()
    return max(code, await _report(found, settings))


async def _report(found: Mapping[str, Sequence[Sendable]], settings: Settings) -> int:
    deliveries = await _deliveries()
    code = FINE
    for delivery_id, events in found.items():
        try:
            await deliveries.report(delivery_id, events)
            print(f"{delivery_id}: {len(events)} events reported")
        except LookupError as error:
            code = max(code, await _tell_of_ended(deliveries, settings, delivery_id, events, error))
    return code


async def _tell_of_ended(
    deliveries: Deliveries, settings: Settings, delivery_id: str, events: Sequence[Sendable], error: LookupError
) -> int:
    """A correction that the final event did not occur reopens the delivery; anything else is kept for the record."""
    if any(_kind(event) == Kind.CORRECTION for event in events) and await deliveries.reopen(delivery_id, events):
        print(f"{delivery_id} had ended, which did not occur: reopened as its next generation, {len(events)} events reported")
        return FINE
    return await _keep_for_the_record(settings, delivery_id, events, error)


def _kind(event: Sendable) -> str:
    return event.kind if isinstance(event, Event) else str(event["kind"])


async def _keep_for_the_record(settings: Settings, delivery_id: str, events: Sequence[Sendable], error: LookupError) -> int:
    """Events of a delivery that has ended are kept beside its copy; an unknown id is an error."""
    database = Database(settings.database_url)
    try:
        if await Copies(database).latest(delivery_id) is None:
            print(error, file=sys.stderr)
            return FINDINGS
        wire = [wire_event(event) if isinstance(event, Event) else event for event in events]
        kept = await Events(database).append_after_close(delivery_id, wire, now=wall_clock())
    finally:
        await database.close()
    print(f"{delivery_id} has ended: {kept} events kept for the record")
    return FINE


def _read(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def _json(text: bytes, file: Path) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{file}: not JSON: {error}") from None


def _object(text: bytes, file: Path) -> dict[str, Any]:
    value = _json(text, file)
    if not isinstance(value, dict):
        raise InputError(f"{file}: holds a JSON {type(value).__name__}; a DeliveryOrder is one object")
    return value


def _events(text: bytes, file: Path) -> list[Sendable]:
    """One event, a list, {"events": [...]}, or one event a line; every mistake of every event is shown."""
    try:
        value = json.loads(text)
    except ValueError:
        value = [_json(line, file) for line in text.splitlines() if line.strip()]
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
        return [f"{found['loc']}: {found['msg']}" for found in problems_of(error)]
    return []


def _show_refusal(refused: RefusedError, format: str) -> None:
    if format == "json":
        print(as_json({"type": refused.type, "message": str(refused), "problems": refused.problems}))
        return
    print(f"refused ({refused.type})", file=sys.stderr)
    for found in refused.problems or [{"loc": "", "msg": str(refused)}]:
        print(f"  {found['loc'] or 'order'}: {found['msg']}", file=sys.stderr)


def _show(snapshot: Mapping[str, Any]) -> None:
    promised, assigned = snapshot["promised"], snapshot["assigned"]
    condition = snapshot["condition"].replace("_", " ")
    print(f"{snapshot['delivery_id']}  {snapshot['status'].replace('_', ' ')}, {condition}  (as of {snapshot['as_of']})")
    print(f"  promised  {promised['start'] or 'any time'} to {promised['end']}, expected {snapshot['eta'] or 'unknown'}")
    print(
        f"  with      carrier {assigned['carrier']}, driver {assigned['driver_id'] or 'unknown'}, route {assigned['route_id'] or 'none'}"
    )
    print(f"  attempts  {snapshot['attempts']} failed")
    for incident in snapshot["incidents"]:
        _show_incident(incident, snapshot["actions"])
    for proposal in snapshot["proposals"]:
        answer = f"{proposal['answer']}, {proposal['by'] or 'nobody'}" if proposal["answer"] else "awaits a decision"
        print(f"  proposal  {proposal['proposal_id']}: {proposal['says']}: {answer}")
    for mute in snapshot["muted"]:
        print(
            f"  muted     {mute['rule']} until {mute['until']}, by {mute['by']}"
            + (f": {mute['reason']}" if mute["reason"] else "")
        )
    wake = snapshot["next_wake"]
    print(f"  next look {wake['at']}: {wake['because']}" if wake else "  nothing is due until something is reported")
    rejected = snapshot["rejected"]
    if rejected["count"]:
        print(f"  {rejected['count']} unreadable messages; the last: {rejected['last'][-1]}")


def _show_incident(incident: Mapping[str, Any], actions: Sequence[Mapping[str, Any]]) -> None:
    shadow = f" ({incident['mode']})" if incident["mode"] != "live" else ""
    ended = f"{incident['resolution']} at {incident['resolved_at']}" if incident["resolved_at"] else "open"
    print(f"  [{incident['severity']}] {incident['says']}{shadow}: {ended}")
    print(f"    {incident['incident_id']}, opened {incident['opened_at']}")
    for act in actions:
        if act["incident_id"] == incident["incident_id"]:
            print(f"    - {act['action']}: {act['outcome'].replace('_', ' ')}" + (f" ({act['note']})" if act["note"] else ""))
