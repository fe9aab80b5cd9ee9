"""A test made from what really happened: the delivery's order and events as lines, what was done and opened as expectations.

Times are rounded to whole seconds: what happened down, when it became known up. Expectations are what the rulebook does with
these lines on the simulated clock; where that is not what really happened, the test says so in a comment.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.event import Event
from domain.instant import SECOND, Instant
from domain.status import Kind
from rules.clock_times import Calendar
from rules.line_setting import Setting
from rules.order_forms import KEYS
from rules.retelling import Decision, whole_second
from rules.simulate import Reported
from rules.telling import Moment
from rules.timeline import read_line
from rules.words import SentenceError

PERSONAL = ("name", "email", "phone")
"""Keys of a customer that no test needs, and none should keep."""

_FRACTION = re.compile(r"(\d\d:\d\d:\d\d)\.\d+")
_PLAIN = re.compile(r"[+\w][\w .+()@/,%-]*(?::[\w .+()@/,%-]+)*")


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as it was reported, and as JSON has it."""

    event: Event
    wire: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A delivery's life. `order` is a DeliveryOrder as JSON; `outcomes` maps RULE.ACTION to what came of it, time by time."""

    order: Mapping[str, Any]
    known_at: Instant
    end: Instant
    events: tuple[Happened, ...]
    decisions: tuple[Decision, ...] = ()
    outcomes: Mapping[str, Sequence[str]] | None = None


def impersonal(order: Mapping[str, Any]) -> dict[str, Any]:
    """An order without what tells who the customer is."""
    customer = {key: value for key, value in dict(order.get("customer") or {}).items() if key not in PERSONAL}
    destination = {key: value for key, value in dict(order.get("destination") or {}).items() if key != "address"}
    return {**order, "customer": customer, "destination": destination}


def head(recorded: Recorded, calendar: Calendar, book: str) -> list[str]:
    """The test file up to its timeline."""
    order = impersonal(recorded.order)
    known = [(key, value) for key, value in order.items() if key in KEYS[()] and value not in (None, {}, [])]
    outcomes = {key: list(came) for key, came in (recorded.outcomes or {}).items() if set(came) != {"done"}}
    return [
        f"rulebook: {json.dumps(book)}",
        "tests:",
        f"  - name: {json.dumps('what happened to ' + str(order['delivery_id']))}",
        f"    day: {calendar.date.isoformat()}",
        f'    known_at: "{calendar.text(whole_second(recorded.known_at))}"',
        "    delivery:",
        *(f"      {key}: {json.dumps(_whole_seconds(value), ensure_ascii=False)}" for key, value in known),
        *([f"    outcomes: {json.dumps(outcomes)}"] if outcomes else []),
    ]


def timeline(recorded: Recorded, setting: Setting) -> list[str]:
    """The lines of the timeline, as YAML, in the order in which things became known."""
    named = {str(one.event.corrects) for one in recorded.events if one.event.corrects is not None}
    told = [(one.event.recorded_at, 0, _line(one, setting, one.event.event_id in named)) for one in _in_order(recorded)]
    told += [(one.at, 1, f"{setting.calendar.text(one.told_at)} {one.said(setting.calendar)}") for one in recorded.decisions]
    lines = sorted(told, key=lambda line: line[:2])
    return ["    timeline:", *(f"      - {_scalar(text)}" for _, _, text in lines)] if lines else []


def expectations(moments: Iterable[Moment], calendar: Calendar, end: Instant) -> list[str]:
    """What came of it: each instant at which something was to be seen, and that there was nothing between them."""
    lines, last = ["    expect:"], -1
    open_now: tuple[str, ...] = ()
    for moment in moments:
        seen = _seen(moment)
        if not seen:
            continue
        if last < moment.at - SECOND:
            lines.append(_quiet(calendar, moment.at - SECOND, open_now))
        lines.append(f'      - {{at: "{calendar.text(moment.at)}", open: {_list(moment.open)}, {", ".join(seen)}}}')
        open_now, last = moment.open, moment.at
    return [*lines, _quiet(calendar, end, open_now)] if last < end else lines


def _quiet(calendar: Calendar, at: Instant, rules: Sequence[str]) -> str:
    return f'      - {{until: "{calendar.text(at)}", open: {_list(rules)}, did: []}}'


def _seen(moment: Moment) -> list[str]:
    resolved = ", ".join(f"{rule}: {how.value}" for rule, how in moment.resolved.items())
    parts = [f"did: {_list(moment.started)}"] if moment.started or moment.opened or moment.resolved else []
    parts += [f"would: {_list(moment.would)}"] if moment.would else []
    return parts + ([f"resolved: {{{resolved}}}"] if resolved else [])


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(names)}]"


# Lines


def _in_order(recorded: Recorded) -> list[Happened]:
    return sorted(recorded.events, key=lambda one: (one.event.recorded_at, one.event.occurred_at))


def _line(one: Happened, setting: Setting, named: bool) -> str:
    """The line in words if these say all of it, else with the event as JSON."""
    event = rounded(one.event)
    clock = setting.calendar.text(event.recorded_at)
    words = WORDS.get(event.kind, _none)(event, setting.calendar)
    late = f" (happened {setting.calendar.text(event.occurred_at)})" if event.occurred_at != event.recorded_at else ""
    text = f"{clock} {words}{_position(event)}{late}" + (f" (id {event.event_id})" if named else "")
    if words is not None and _says(text, event, setting, named):
        return text
    setting.ids.add(event.event_id)
    wire = {key: value for key, value in one.wire.items() if key not in ("schema_version", "recorded_at")}
    return f"{clock} event {json.dumps(_whole_seconds(wire), ensure_ascii=False)}"


def _says(text: str, event: Event, setting: Setting, named: bool) -> bool:
    """Whether a line is read as the event, apart from its id."""
    try:
        read = read_line(text, 0, setting)
    except SentenceError:
        return False
    same_id = read.event.event_id == event.event_id if isinstance(read, Reported) and named else True
    return isinstance(read, Reported) and same_id and replace(read.event, event_id=event.event_id) == event


def rounded(event: Event) -> Event:
    """The event with whole seconds."""
    occurred, known = event.occurred_at // SECOND * SECOND, whole_second(event.recorded_at)
    eta = None if event.eta is None else event.eta // SECOND * SECOND
    detail = {key: _down(value) if key in ("start", "end", "due") else value for key, value in event.detail.items()}
    return replace(event, occurred_at=occurred, recorded_at=known, eta=eta, detail=detail)


def _down(value: Any) -> Any:
    return value // SECOND * SECOND if isinstance(value, int) else value


def _whole_seconds(value: Any) -> Any:
    """JSON whose times have no fractions of a second."""
    if isinstance(value, str):
        return _FRACTION.sub(r"\1", value)
    if isinstance(value, Mapping):
        return {key: _whole_seconds(inner) for key, inner in value.items() if inner is not None}
    return [_whole_seconds(inner) for inner in value] if isinstance(value, list | tuple) else value


def _scalar(text: str) -> str:
    """A text as a YAML scalar: plain where that is safe."""
    return text if _PLAIN.fullmatch(text) and ": " not in text else "'" + text.replace("'", "''") + "'"


def _position(event: Event) -> str:
    place = event.location
    return f" (at {place.lat},{place.lon})" if place is not None and place.lat is not None and place.lon is not None else ""


def _at(event: Event) -> str:
    return f" at {event.place}" if event.place and " " not in event.place else ""


def _none(event: Event, calendar: Calendar) -> str | None:
    return None


def _bare(event: Event, calendar: Calendar) -> str:
    return f"{event.kind.value}{_at(event)}"


def _status(event: Event, calendar: Calendar) -> str:
    parcel = f"parcel {event.parcel_ids[0]} " if event.parcel_ids else ""
    return f"{parcel}{event.kind.value}{f' {event.status.value}' if event.status else ''}{_at(event)}"


def _eta(event: Event, calendar: Calendar) -> str | None:
    if event.eta is None:
        return None
    sure = f" confidence {event.confidence}%" if event.confidence is not None else ""
    return f"eta {calendar.text(event.eta)}{sure}"


def _attempt(event: Event, calendar: Calendar) -> str:
    return f"attempt_failed{f' {event.reason.value}' if event.reason else ''}"


def _driver(event: Event, calendar: Calendar) -> str:
    return f"driver_status {event.detail.get('state')}"


def _reply(event: Event, calendar: Calendar) -> str:
    return f'customer_reply "{event.detail.get("text")}"'


def _correction(event: Event, calendar: Calendar) -> str:
    return f"correction of {event.detail.get('event_id')} {event.detail.get('reason')}"


WORDS: Mapping[Kind, Callable[[Event, Calendar], str | None]] = {
    Kind.SCAN: _status,
    Kind.STATUS: _status,
    Kind.ETA: _eta,
    Kind.ATTEMPT_FAILED: _attempt,
    Kind.DRIVER_STATUS: _driver,
    Kind.CUSTOMER_REPLY: _reply,
    Kind.CORRECTION: _correction,
    **dict.fromkeys(
        (
            Kind.ARRIVED,
            Kind.DEPARTED,
            Kind.DEPARTED_DEPOT,
            Kind.STOPPED,
            Kind.MOVING,
            Kind.SILENT,
            Kind.OFF_ROUTE,
            Kind.BACK_ON_ROUTE,
            Kind.PROOF,
        ),
        _bare,
    ),
}
"""Kind of event -> the words of a line that tell it, if they can; all else is told as JSON."""


def differences(really: Iterable[tuple[str, Instant]], moments: Iterable[Moment], calendar: Calendar) -> Iterator[str]:
    """Openings that really happened and that the test does not show, and the other way round; a second or two is none."""
    shown = [(rule, moment.at) for moment in moments for rule in moment.opened]
    told = list(really)
    for rule, at in told:
        if not any(rule == other and abs(at - when) <= NEARLY for other, when in shown):
            yield f"really {rule} opened at {calendar.text(at // SECOND * SECOND)}"
    for rule, at in shown:
        if not any(rule == other and abs(at - when) <= NEARLY for other, when in told):
            yield f"really {rule} did not open at {calendar.text(at)}"


NEARLY = 5 * SECOND
"""Rounding, and a worker that was busy, move things by this much."""
