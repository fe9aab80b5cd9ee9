"""Reads `applies_to`: for each scope key the patterns that a delivery's value may have."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from rules import fields
from rules.directory import Directory
from rules.phrases import is_glob
from rules.problems import suggestion
from rules.source import Node, Source
from rules.vocabulary import VOCABULARY

SCOPE_KEYS: Mapping[str, str] = {
    "carrier": "carrier",
    "zone": "zone",
    "hub": "hub",
    "lane": "lane",
    "route": "route",
    "service_level": "service level",
    "shipper": "shipper",
    "customer_tier": "customer tier",
    "stop_type": "stop type",
    "job": "job",
    "tags": "tags",
    "country": "country",
}
"""Scope key -> the fact that it looks at."""


def scope(source: Source, node: Node, directory: Directory) -> dict[str, tuple[str, ...]] | None:
    """Scope key -> patterns, each a glob, with a leading "not " to exclude."""
    mapping = fields.pairs(source, node, "applies_to")
    if mapping is None:
        return None
    fields.check_keys(source, mapping, "applies_to", SCOPE_KEYS)
    found: dict[str, tuple[str, ...]] = {}
    for key, value in mapping.pairs:
        if key.value not in SCOPE_KEYS:
            continue
        patterns = [_pattern(source, item, key.value, directory) for item in fields.items(value)]
        if not patterns:
            source.at_node("R013", value, f"applies_to {key.value} is empty", "name at least one value, or remove the key")
        found[key.value] = tuple(pattern for pattern in patterns if pattern)
    return found


def _pattern(source: Source, node: Node, key: str, directory: Directory) -> str | None:
    text = fields.text(source, node, f"applies_to {key}")
    if text is None:
        return None
    first, _, rest = text.strip().partition(" ")
    excludes = first.casefold() == "not" and bool(rest.strip())
    wanted = rest.strip() if excludes else text.strip()
    _check_value(source, node, key, wanted, directory)
    return f"not {wanted}" if excludes else wanted


def known_values(key: str, directory: Directory) -> tuple[str, ...]:
    """What a scope key may be; nothing where everything may."""
    fact = VOCABULARY[SCOPE_KEYS[key]]
    return tuple(getattr(directory, fact.register)) if fact.register else fact.values


def _check_value(source: Source, node: Node, key: str, wanted: str, directory: Directory) -> None:
    fact, known = VOCABULARY[SCOPE_KEYS[key]], known_values(key, directory)
    if not known or any(fnmatchcase(value, wanted) for value in known):
        return
    if is_glob(wanted):
        source.at_node("R306", node, f'no {key} matches "{wanted}"', suggestion("", known), level="warning")
        return
    code = "R023" if fact.register else "R022"
    source.at_node(code, node, f'unknown {key} "{wanted}"', suggestion(wanted, known))
