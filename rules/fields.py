"""Reads the values of a file's keys: texts, words of a closed list, whole numbers, yes and no, durations, lists, mappings.

Each function answers None, with a problem noted, when the value is not what it should be.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from domain.instant import Span
from rules.durations import DurationError, span_of
from rules.problems import suggestion
from rules.source import Items, Node, Pairs, Source, Text

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_TRUE, _FALSE = frozenset({"true", "yes"}), frozenset({"false", "no"})


def text(source: Source, node: Node, what: str) -> str | None:
    """A text that is not empty."""
    if not isinstance(node, Text):
        kind = "a list" if isinstance(node, Items) else "a mapping"
        hint = _colon_hint(node)
        source.at_node("R012", node, f"{what} must be one value, not {kind}", hint)
        return None
    if node.refused:
        return None
    if node.is_empty or not node.value.strip():
        source.at_node("R013", node, f"{what} is empty", "write a value or remove the key")
        return None
    return node.value


def _colon_hint(node: Node) -> str:
    is_slip = isinstance(node, Pairs) and len(node.pairs) == 1 and " " in node.pairs[0][0].value
    return 'a text that holds ": " needs quotes' if is_slip else ""


def name(source: Source, node: Node, what: str) -> str | None:
    """A name that ids and addresses can be made of."""
    found = text(source, node, what)
    if found is not None and not _NAME.fullmatch(found):
        tidy = re.sub(r"[^A-Za-z0-9._-]+", "-", found).strip("-")[:64]
        example = f", for example {tidy}" if tidy else ""
        source.at_node("R016", node, f'{what} can not be "{found}"', f"use letters, digits, - _ and ., at most 64{example}")
        return None
    return found


def word(source: Source, node: Node, what: str, allowed: Collection[str], later: Mapping[str, str] | None = None) -> str | None:
    """One of the allowed words; words of `later` are known but not supported yet."""
    found = text(source, node, what)
    if found is None or found.casefold() in allowed:
        return found.casefold() if found else None
    if later and found.casefold() in later:
        source.at_node("R014", node, f"{what} {found} is not supported yet", later[found.casefold()])
    else:
        source.at_node("R022", node, f'{what} can not be "{found}"', suggestion(found, allowed))
    return None


def whole(source: Source, node: Node, what: str, low: int, high: int) -> int | None:
    """A whole number between two limits, both included."""
    found = text(source, node, what)
    if found is None:
        return None
    number = int(found) if _WHOLE.fullmatch(found) else None
    if number is None or not low <= number <= high:
        source.at_node("R020", node, f'{what} must be a whole number from {low} to {high}, not "{found}"')
        return None
    return number


def percent(source: Source, node: Node, what: str) -> int | None:
    """`100%`, or a bare whole number."""
    found = text(source, node, what)
    if found is None:
        return None
    digits = found.removesuffix("%").strip()
    if not _WHOLE.fullmatch(digits) or not 0 <= int(digits) <= 100:
        source.at_node("R020", node, f'{what} must be a whole percentage from 0% to 100%, not "{found}"', "for example 10%")
        return None
    return int(digits)


def yes_no(source: Source, node: Node, what: str) -> bool | None:
    found = text(source, node, what)
    if found is None:
        return None
    if found.casefold() not in _TRUE | _FALSE:
        source.at_node("R022", node, f'{what} must be true or false, not "{found}"')
        return None
    return found.casefold() in _TRUE


def span(source: Source, node: Node, what: str) -> Span | None:
    """A duration in milliseconds."""
    found = text(source, node, what)
    if found is None:
        return None
    try:
        return span_of(found)
    except DurationError as error:
        source.at_node("R021", node, f"{what}: {error}", error.hint)
        return None


def items(node: Node) -> tuple[Node, ...]:
    """The members of a list; one value stands for a list of one, nothing for an empty list."""
    if isinstance(node, Items):
        return node.items
    return () if isinstance(node, Text) and node.is_empty else (node,)


MAPPINGS: Mapping[str, str] = {
    "applies_to": "for example {carrier: acme, zone: [north-1, north-2]}",
    "approve_above": "for example {cost: 15 EUR}",
    "quiet_hours": 'for example {for: [notify.customer], window: "21:00-08:00"}',
    "a limit": "for example {what: customer_message, at_most: 2, within: 24h}",
    "escalate": "write steps: [{after: 15m, do: [...]}]",
    "a stage": "for example {when: eta later than promised end by 10m, severity: medium, do: [...]}",
    "notify": "for example {who: customer, template: running-late}",
    "open_ticket": "for example {queue: hub-ops, title: ...}",
    "reroute": "for example {max_added_minutes: 10}",
    "reassign": "for example {to: [nearby_driver]}",
    "reassign_route": "for example {to: [nearby_driver]}",
}
"""What a mapping may look like, for those who wrote something else."""


def pairs(source: Source, node: Node, what: str) -> Pairs | None:
    """A mapping; nothing stands for an empty one."""
    if isinstance(node, Pairs):
        return node
    if isinstance(node, Text) and node.is_empty:
        return Pairs((), node.start, node.end)
    kind = "a list" if isinstance(node, Items) else "a text"
    source.at_node("R012", node, f"{what} must be a mapping (key: value), not {kind}", MAPPINGS.get(what, ""))
    return None


def check_keys(source: Source, mapping: Pairs, what: str, allowed: Iterable[str], later: Mapping[str, str] | None = None) -> None:
    """Notes every key that is unknown, or known but not built yet (`later`: key -> what to do instead)."""
    known = list(allowed)
    for key, _ in mapping.pairs:
        if key.value in known:
            continue
        if later and key.value in later:
            source.at_node("R014", key, f'"{key.value}" is not supported yet', later[key.value])
        else:
            source.at_node("R010", key, f'{what} has no key "{key.value}"', suggestion(key.value, known))


def registered(source: Source, node: Node, what: str, found: str, known: Collection[str]) -> bool:
    """Whether a name stands in its section of the directory; every name does when the section is missing."""
    if not known or found in known:
        return True
    source.at_node("R023", node, f'unknown {what} "{found}"', suggestion(found, known))
    return False
