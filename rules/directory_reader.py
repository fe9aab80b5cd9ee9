"""Reads directory.yaml: what rules may name, and how people are reached, which is kept apart from it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast, get_args

from domain.actions import Channel, Way
from domain.contact import Contact
from domain.disruption import Operations
from domain.endpoint import Endpoint
from domain.instant import DAY
from rules import fields
from rules.business import days_off
from rules.directory import Calendar, Carrier, Directory, Hub
from rules.directory_values import (
    backups,
    clock_time,
    degrees,
    feed_cadence,
    holiday_country,
    mail_address,
    money,
    opening_hours,
    phone_number,
    row_values,
    secret_name,
    timezone,
    web_address,
    weekdays,
)
from rules.problems import Problem, in_order, suggestion
from rules.source import Node, Pairs, Source, compose, decoded, source_of

Row = TypeVar("Row")

ADDRESS_KEYS: Mapping[str, str] = {"email": "email", "sms": "phone", "slack": "slack", "webhook": "webhook"}
"""How our own people may be told -> the key of directory.yaml that says where."""

HINTS: Mapping[str, str] = {
    "email": "for example email: lead@example.test",
    "sms": 'for example phone: "+358401234567"',
    "slack": "for example slack: OPS_SLACK_URL, the environment variable that holds the address of an incoming webhook",
    "webhook": "for example webhook: paging, one of endpoints",
}


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


def _hub(source: Source, row: Pairs) -> Hub:
    read = {"timezone": timezone, "cutoff": clock_time, "calendar": fields.text, "lat": degrees, "lon": degrees}
    return Hub(**row_values(source, row, "a hub", read))


def _contact(source: Source, row: Pairs) -> Contact:
    read = {
        "email": mail_address,
        "phone": phone_number,
        "slack": secret_name,
        "webhook": fields.text,
        "channels": _ways,
        "on_call": fields.text,
    }
    values = row_values(source, row, "a person", read)
    for way in values.get("channels", ()):
        if ADDRESS_KEYS[way] not in values:
            source.problem("R011", row.start, 1, f'to be told by {way} a person needs "{ADDRESS_KEYS[way]}"', HINTS[way])
    return Contact(**values)


def _ways(source: Source, node: Node, what: str) -> tuple[Way, ...]:
    found = [fields.word(source, item, what, ADDRESS_KEYS) for item in fields.items(node)]
    return tuple(dict.fromkeys(cast(Way, way) for way in found if way))


def _carrier(source: Source, row: Pairs) -> Carrier:
    read = {"feed": feed_cadence, "backup": backups, "cost_per_drop": money, "requests": fields.text}
    values = row_values(source, row, "a carrier", read)
    cents, currency = values.get("cost_per_drop", (None, None))
    return Carrier(values.get("feed"), values.get("backup", ()), cents, currency, values.get("requests"))


def _endpoint(source: Source, row: Pairs) -> Endpoint:
    values = row_values(source, row, "an endpoint", {"url": web_address, "secret": secret_name})
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
    values = row_values(source, row, "disruptions", read)
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


def _calendar(source: Source, row: Pairs) -> Calendar:
    values = row_values(source, row, "a calendar", {"days": weekdays, "hours": opening_hours, "holidays": holiday_country})
    opens, closes = values.pop("hours", (0, DAY))
    off = days_off(values["holidays"]) if values.get("holidays") else None
    return Calendar(opens=opens, closes=closes, days_off=off, **values)


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
