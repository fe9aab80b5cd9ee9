"""Reads directory.yaml: what rules may name, and how people are reached, which is kept apart from it."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, cast, get_args
from zoneinfo import ZoneInfo

from domain.actions import Channel, Way
from domain.contact import Contact
from domain.currencies import DECIMALS, minor_units
from domain.disruption import Operations
from domain.endpoint import Endpoint
from domain.instant import DAY, Span
from rules import fields
from rules.business import days_off, knows_holidays
from rules.directory import Calendar, Carrier, Directory, Hub
from rules.problems import Problem, in_order, suggestion
from rules.quantities import DAY_NAMES, clock_span
from rules.source import Node, Pairs, Source, compose, decoded, source_of

Row = TypeVar("Row")

_MONEY = re.compile(r"(\d{1,9}(?:\.\d{1,4})?) ([A-Z]{3})")
_HOURS = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")
_PHONE = re.compile(r"\+[0-9 ().-]{5,20}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_URL = re.compile(r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?(?:/[^\s#@]*)?")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,99}")
ADDRESS_KEYS: Mapping[str, str] = {"email": "email", "sms": "phone", "slack": "slack", "webhook": "webhook"}
"""How our own people may be told -> the key of directory.yaml that says where."""

HINTS: Mapping[str, str] = {
    "email": "for example email: lead@example.test",
    "sms": 'for example phone: "+358401234567"',
    "slack": "for example slack: OPS_SLACK_URL, the environment variable that holds the address of an incoming webhook",
    "webhook": "for example webhook: paging, one of endpoints",
}

_DEGREES = re.compile(r"-?\d{1,3}(?:\.\d{1,9})?")


CHANNELS = get_args(Channel)

SECTIONS = ("hubs", "people", "queues", "carriers", "zones", "calendars", "endpoints", "disruptions")


@dataclass(frozen=True, slots=True)
class DirectoryReading:
    """The directory as far as it could be read, the addresses of people and of endpoints, who is told of disruptions, and what is
    wrong."""

    directory: Directory = field(default_factory=Directory)
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    operations: Operations = field(default_factory=Operations)


def read_directory_file(path: Path) -> DirectoryReading:
    """The directory of a file; an empty one if there is no such file, since every section may be missing."""
    try:
        text, problems = decoded(path.read_bytes(), str(path))
    except FileNotFoundError:
        return DirectoryReading()
    except OSError as error:
        problems = (Problem(str(path), "R006", 0, 0, 1, f"cannot be read: {error.strerror}", "check the path"),)
    return DirectoryReading(problems=problems) if problems else read_directory(text, str(path))


def read_directory(text: str, name: str = "directory.yaml") -> DirectoryReading:
    """The directory that a text holds; `name` is the file's, for messages."""
    source = source_of(text, name)
    node = compose(source)
    mapping = fields.pairs(source, node, "the directory") if node is not None else None
    if mapping is None:
        return DirectoryReading(problems=in_order(source.problems))
    fields.check_keys(source, mapping, "the directory", SECTIONS)
    people = _rows(source, mapping, "people", _contact)
    endpoints = _rows(source, mapping, "endpoints", _endpoint)
    directory = Directory(
        hubs=_rows(source, mapping, "hubs", _hub),
        people=tuple(people),
        queues=_names(source, mapping, "queues"),
        carriers=_rows(source, mapping, "carriers", _carrier),
        zones=_names(source, mapping, "zones"),
        calendars=_rows(source, mapping, "calendars", _calendar),
        endpoints=tuple(endpoints),
    )
    _check_references(source, mapping, directory)
    operations = _operations(source, mapping, directory)
    return DirectoryReading(directory, people, in_order(source.problems), endpoints, operations)


def _rows(source: Source, mapping: Pairs, section: str, read: Callable[[Source, Pairs], Row]) -> dict[str, Row]:
    node = mapping.get(section)
    listed = fields.pairs(source, node, section) if node is not None else None
    found: dict[str, Row] = {}
    for key, value in listed.pairs if listed else ():
        row = fields.pairs(source, value, key.value)
        if fields.name(source, key, f"name in {section}") and row is not None:
            found[key.value] = read(source, row)
    return found


def _names(source: Source, mapping: Pairs, section: str) -> tuple[str, ...]:
    node = mapping.get(section)
    if isinstance(node, Pairs):
        source.at_node("R012", node, f"{section} must be a list")
        return ()
    found = [fields.name(source, item, f"name in {section}") for item in (fields.items(node) if node is not None else ())]
    return tuple(dict.fromkeys(name for name in found if name))


def _values(source: Source, row: Pairs, what: str, read: Mapping[str, Callable[[Source, Node, str], Any]]) -> dict[str, Any]:
    fields.check_keys(source, row, what, read)
    found = {key.value: read[key.value](source, value, key.value) for key, value in row.pairs if key.value in read}
    return {key: value for key, value in found.items() if value is not None}


def _hub(source: Source, row: Pairs) -> Hub:
    read = {"timezone": _timezone, "cutoff": _clock, "calendar": fields.text, "lat": _degrees, "lon": _degrees}
    return Hub(**_values(source, row, "a hub", read))


def _contact(source: Source, row: Pairs) -> Contact:
    read = {"email": _email, "phone": _phone, "slack": _secret, "webhook": fields.text, "channels": _ways, "on_call": fields.text}
    values = _values(source, row, "a person", read)
    for way in values.get("channels", ()):
        if ADDRESS_KEYS[way] not in values:
            source.problem("R011", row.start, 1, f'to be told by {way} a person needs "{ADDRESS_KEYS[way]}"', HINTS[way])
    return Contact(**values)


def _ways(source: Source, node: Node, what: str) -> tuple[Way, ...]:
    found = [fields.word(source, item, what, ADDRESS_KEYS) for item in fields.items(node)]
    return tuple(dict.fromkeys(cast(Way, way) for way in found if way))


def _carrier(source: Source, row: Pairs) -> Carrier:
    read = {"feed": _cadence, "backup": _backup, "cost_per_drop": money, "requests": fields.text}
    values = _values(source, row, "a carrier", read)
    cents, currency = values.get("cost_per_drop", (None, None))
    return Carrier(values.get("feed"), values.get("backup", ()), cents, currency, values.get("requests"))


def _endpoint(source: Source, row: Pairs) -> Endpoint:
    values = _values(source, row, "an endpoint", {"url": _url, "secret": _secret})
    for key, example in (("url", "https://orders.example.test/doorstep"), ("secret", "ORDER_SYSTEM_SECRET")):
        if row.get(key) is None:
            source.problem("R011", row.start, 1, f'an endpoint needs "{key}"', f"for example {key}: {example}")
    return Endpoint(values.get("url", ""), values.get("secret", ""))


def _operations(source: Source, mapping: Pairs, directory: Directory) -> Operations:
    """Who is told of disruptions: `{queue: hub-ops, tell: [shift-lead], channels: [email]}`."""
    node = mapping.get("disruptions")
    row = fields.pairs(source, node, "disruptions") if node is not None else None
    if row is None:
        return Operations()
    known = {"queue": directory.queues, "tell": directory.people, "channels": CHANNELS}
    read = {key: _named(names, one) for (key, names), one in zip(known.items(), ("queue", "person", "channel"), strict=True)}
    values = _values(source, row, "disruptions", read)
    return Operations(
        next(iter(values.get("queue", ())), None), values.get("tell", ()), values.get("channels") or Operations().channels
    )


def _named(known: Collection[str], what: str) -> Callable[[Source, Node, str], tuple[str, ...]]:
    """Reads names that another section has."""

    def read(source: Source, node: Node, key: str) -> tuple[str, ...]:
        found = []
        for item in fields.items(node):
            name = fields.text(source, item, key)
            if name and name not in known:
                source.at_node("R023", item, f'unknown {what} "{name}"', suggestion(name, known))
            elif name:
                found.append(name)
        return tuple(found)

    return read


def _url(source: Source, node: Node, what: str) -> str | None:
    """An address with http or https and a host. A password in it would end up in logs: secrets are named, not written."""
    found = fields.text(source, node, what)
    match = _URL.fullmatch(found) if found else None
    if found and match is None:
        source.at_node("R025", node, f'{what} can not be "{found}"', "for example https://orders.example.test/doorstep")
    return match[0] if match else None


def _secret(source: Source, node: Node, what: str) -> str | None:
    """The name of an environment variable; what does not look like one may be the secret itself, and is not repeated."""
    found = fields.text(source, node, what)
    if found and not _VARIABLE.fullmatch(found):
        hint = "name the environment variable that holds it, for example ORDER_SYSTEM_SECRET"
        source.at_node("R025", node, "a secret is named here, not written", hint)
        return None
    return found


def _calendar(source: Source, row: Pairs) -> Calendar:
    values = _values(source, row, "a calendar", {"days": _days, "hours": _hours, "holidays": _country})
    opens, closes = values.pop("hours", (0, DAY))
    off = days_off(values["holidays"]) if values.get("holidays") else None
    return Calendar(opens=opens, closes=closes, days_off=off, **values)


def _timezone(source: Source, node: Node, what: str) -> str | None:
    found = fields.text(source, node, what)
    if found is None:
        return None
    try:
        ZoneInfo(found)
    except (OSError, ValueError, KeyError):
        source.at_node("R025", node, f'"{found}" is not a time zone', "use an IANA name such as Europe/Helsinki")
        return None
    return found


def _clock(source: Source, node: Node, what: str) -> Span | None:
    found = fields.text(source, node, what)
    at = clock_span(found) if found else None
    if found and at is None:
        source.at_node("R025", node, f'{what}: "{found}" is not a time of day', 'for example "20:00"')
    return at


def _matched(source: Source, node: Node, what: str, pattern: re.Pattern[str], example: str) -> re.Match[str] | None:
    found = fields.text(source, node, what)
    match = pattern.fullmatch(found) if found else None
    if found and match is None:
        source.at_node("R025", node, f'{what} can not be "{found}"', f"for example {example}")
    return match


def _degrees(source: Source, node: Node, what: str) -> float | None:
    match = _matched(source, node, what, _DEGREES, "60.2")
    if match and abs(float(match[0])) > (90 if what == "lat" else 180):
        source.at_node("R025", node, f"{what} can not be {match[0]}", "degrees, WGS 84")
        return None
    return float(match[0]) if match else None


def _email(source: Source, node: Node, what: str) -> str | None:
    match = _matched(source, node, what, _EMAIL, "lead@example.test")
    return match[0] if match else None


def _phone(source: Source, node: Node, what: str) -> str | None:
    match = _matched(source, node, what, _PHONE, '"+358401234567", in quotes')
    return re.sub("[^+0-9]", "", match[0]) if match else None


def _cadence(source: Source, node: Node, what: str) -> Span | None:
    row = fields.pairs(source, node, what)
    values = _values(source, row, "a feed", {"cadence": fields.span}) if row is not None else {}
    return values.get("cadence")


def _backup(source: Source, node: Node, what: str) -> tuple[str, ...]:
    found = [fields.text(source, item, what) for item in fields.items(node)]
    return tuple(name for name in found if name)


def money(source: Source, node: Node, what: str) -> tuple[int, str] | None:
    """Minor units and currency of `6.50 EUR`."""
    match = _matched(source, node, what, _MONEY, "6.50 EUR")
    if match is None:
        return None
    if match[2] not in DECIMALS:
        source.at_node("R025", node, f"{what}: there is no currency {match[2]}", "an ISO 4217 code, for example 6.50 EUR")
        return None
    amount = minor_units(Decimal(match[1]), match[2])
    if amount != amount.to_integral_value():
        source.at_node("R025", node, f"{match[2]} has no amount as fine as {match[1]}", f"at most {DECIMALS[match[2]]} decimals")
        return None
    return int(amount), match[2]


def _days(source: Source, node: Node, what: str) -> tuple[int, ...]:
    found = [fields.word(source, item, what, DAY_NAMES) for item in fields.items(node)]
    return tuple(sorted({DAY_NAMES[day] for day in found if day}))


def _hours(source: Source, node: Node, what: str) -> tuple[Span, Span] | None:
    match = _matched(source, node, what, _HOURS, '"09:00-17:00"')
    opens, closes = (clock_span(match[1]), clock_span(match[2])) if match else (None, None)
    if match and (opens is None or closes is None or opens >= closes):
        source.at_node("R025", node, f'{what} can not be "{match[0]}"', "from an earlier to a later time of one day")
        return None
    return (opens, closes) if opens is not None and closes is not None else None


def _country(source: Source, node: Node, what: str) -> str | None:
    match = _matched(source, node, what, re.compile("[A-Z]{2}(?:-[A-Z0-9]{1,3})?"), "FI")
    if match and not knows_holidays(match[0]):
        source.at_node("R025", node, f"{what}: no holidays are known of {match[0]}", "a country (FI) or a part of one (DE-BY)")
        return None
    return match[0] if match else None


def _check_references(source: Source, mapping: Pairs, directory: Directory) -> None:
    """What one section says of another: calendars of hubs and people, backups and endpoints of carriers."""
    references = (
        ("hubs", "calendar", "calendar", directory.calendars),
        ("people", "on_call", "calendar", directory.calendars),
        ("people", "webhook", "endpoint", directory.endpoints),
        ("carriers", "backup", "carrier", directory.carriers),
        ("carriers", "requests", "endpoint", directory.endpoints),
    )
    for section, key, what, known in references:
        rows = mapping.get(section)
        for _, row in rows.pairs if isinstance(rows, Pairs) else ():
            node = row.get(key) if isinstance(row, Pairs) else None
            for item in fields.items(node) if node is not None else ():
                name = getattr(item, "value", None)
                if isinstance(name, str) and name not in known:
                    source.at_node("R023", item, f'unknown {what} "{name}"', suggestion(name, known))
