"""Reads what holds a rule's actions back: `quiet_hours`, `limits`, `group`, `approve_above`, `suppressed_by`."""

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from domain.actions import ACTION_ARGUMENTS
from rules import fields
from rules.actions_reader import ALWAYS_PEOPLE, LATER_ACTIONS
from rules.book import Approval, AtEnd, GroupedBy, Grouping, Limit, Limited, QuietHours
from rules.directory_values import money
from rules.hand import Reader
from rules.problems import suggestion
from rules.quantities import clock_span
from rules.source import Node, Pairs

_WINDOW = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")
MOST_EFFECTS = 1_000
FEWEST_TOGETHER, MOST_TOGETHER = 1, 10_000

Part = Callable[[Reader, Node, str], Any]


def _parts(reader: Reader, node: Node, what: str, needed: Mapping[str, Part], may: Mapping[str, Part]) -> dict[str, Any] | None:
    """The values of a mapping's keys; None if one that is needed is missing or wrong."""
    mapping = fields.pairs(reader.source, node, what)
    if mapping is None:
        return None
    parts = {**needed, **may}
    fields.check_keys(reader.source, mapping, what, parts)
    for key in needed:
        if mapping.get(key) is None:
            reader.source.at_node("R011", node, f'{what} needs "{key}"', f"add {key}: ...")
    read = {key.value: parts[key.value](reader, value, key.value) for key, value in mapping.pairs if key.value in parts}
    found = {key: value for key, value in read.items() if value is not None}
    return found if needed.keys() <= found.keys() else None


def _word(allowed: Any) -> Part:
    return lambda reader, node, key: fields.word(reader.source, node, key, get_args(allowed))


def _whole(low: int, high: int) -> Part:
    return lambda reader, node, key: fields.whole(reader.source, node, key, low, high)


def _span(reader: Reader, node: Node, key: str) -> int | None:
    return fields.span(reader.source, node, key)


def _yes_no(reader: Reader, node: Node, key: str) -> bool | None:
    return fields.yes_no(reader.source, node, key)


def quiet_hours(reader: Reader, node: Node, key: str) -> QuietHours | None:
    """{for: [notify.customer], window: "21:00-08:00", at_end: recheck_then_send}"""
    found = _parts(reader, node, key, {"for": _quieted, "window": _window}, {"at_end": _word(AtEnd)})
    if found is None:
        return None
    start, end = found["window"]
    return QuietHours(found["for"], start, end, found.get("at_end", "recheck_then_send"))


def _quieted(reader: Reader, node: Node, key: str) -> tuple[str, ...] | None:
    named = [_quiet_action(reader, item) for item in fields.items(node)]
    if not named:
        reader.source.at_node("R013", node, "for is empty", "for example for: [notify.customer]")
    return tuple(name for name in named if name) or None


def _quiet_action(reader: Reader, node: Node) -> str | None:
    text = fields.text(reader.source, node, "for")
    action, dot, who = (text or "").partition(".")
    known = (*ACTION_ARGUMENTS, *LATER_ACTIONS)
    if text is None:
        return None
    people = (*ALWAYS_PEOPLE, *reader.directory.people) if reader.directory.people else ()
    if action not in known:
        hint = f"write notify.{action}" if action in (*ALWAYS_PEOPLE, *people) else suggestion(action, known)
        reader.source.at_node("R024", node, f'unknown action "{action}"', hint)
        return None
    if dot and action != "notify":
        reader.source.at_node("R024", node, f'"{action}" has no addressee', f"write {action}, or notify.customer")
        return None
    return text if not dot or fields.registered(reader.source, node, "person", who, people) else None


def _window(reader: Reader, node: Node, key: str) -> tuple[int, int] | None:
    text = fields.text(reader.source, node, key)
    if text is None:
        return None
    match = _WINDOW.fullmatch(text.strip())
    start, end = (clock_span(match[1]), clock_span(match[2])) if match else (None, None)
    if start is None or end is None or start == end:
        reader.source.at_node("R025", node, f'{key} can not be "{text}"', 'for example "21:00-08:00"')
        return None
    return start, end


def limits(reader: Reader, node: Node, key: str) -> tuple[Limit, ...] | None:
    """[{what: customer_message, at_most: 2, within: 24h}]"""
    found = [_limit(reader, item) for item in fields.items(node)]
    return tuple(limit for limit in found if limit is not None)


def _limit(reader: Reader, node: Node) -> Limit | None:
    needed = {"what": _word(Limited), "at_most": _whole(0, MOST_EFFECTS), "within": _span}
    found = _parts(reader, node, "a limit", needed, {})
    return Limit(**found) if found is not None else None


def group(reader: Reader, node: Node, key: str) -> Grouping | None:
    """{by: route, at_least: 3, within: 15m, gather: 20s, instead: true}"""
    may: dict[str, Part] = {
        "at_least": _whole(FEWEST_TOGETHER, MOST_TOGETHER),
        "within": _span,
        "gather": _span,
        "instead": _yes_no,
    }
    found = _parts(reader, node, key, {"by": _word(GroupedBy)}, may)
    return Grouping(**found) if found is not None else None


def approve_above(reader: Reader, node: Node, key: str) -> Approval | None:
    """{cost: 15 EUR}"""
    found = _parts(reader, node, key, {"cost": lambda reader, node, key: money(reader.source, node, key)}, {})
    return Approval(*found["cost"]) if found is not None else None


def names(reader: Reader, node: Node, key: str) -> tuple[str, ...]:
    """A list of names of rules."""
    if isinstance(node, Pairs):
        reader.source.at_node("R012", node, f"{key} must be a list of rules")
        return ()
    found = [fields.name(reader.source, item, "name of a rule") for item in fields.items(node)]
    return tuple(name for name in found if name)
