"""Which deliveries a rule is for: its `applies_to` patterns and its share of a roll-out."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from operator import attrgetter
from typing import TypeAlias

from domain.delivery import Delivery
from domain.facts import Facts
from domain.order import Order
from rules.book import Patterns, Rule

Scope: TypeAlias = tuple[tuple[str, ...], ...]
"""A delivery's values of the scope keys, in the order of SCOPE_KEYS; () where unknown."""


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


SCOPE_KEYS: Mapping[str, Callable[[Order, Facts], tuple[str, ...]]] = {
    "carrier": lambda order, facts: _one(facts.carrier),
    "zone": lambda order, facts: _one(order.zone),
    "hub": lambda order, facts: _one(order.hub),
    "lane": lambda order, facts: _one(order.lane),
    "route": lambda order, facts: _one(facts.route_id),
    "service_level": lambda order, facts: _one(order.service_level),
    "shipper": lambda order, facts: _one(order.shipper),
    "customer_tier": lambda order, facts: _one(order.customer.tier),
    "stop_type": lambda order, facts: _one(order.stop_type),
    "job": lambda order, facts: _one(order.job.value),
    "tags": lambda order, facts: order.tags,
    "country": lambda order, facts: _one(order.destination.country),
}
"""What `applies_to` may speak of."""

CHANGING = ("carrier", "route_id")
"""The facts among them; the rest is the order's."""

CHANGED: Callable[[Facts], tuple[str | None, str | None]] = attrgetter(*CHANGING)

NOT = "not "


def scope_of(delivery: Delivery) -> Scope:
    """A delivery's values of all scope keys."""
    return tuple(read(delivery.order, delivery.facts) for read in SCOPE_KEYS.values())


def has_same_scope(one: Delivery, other: Delivery) -> bool:
    """Whether it is sure without looking at each key."""
    return one.order is other.order and CHANGED(one.facts) == CHANGED(other.facts)


@lru_cache(maxsize=16_384)
def percentile(delivery_id: str) -> int:
    """0 to 99, always the same for a delivery: a rule rolled out to N percent takes those below N."""
    return int.from_bytes(hashlib.sha256(delivery_id.encode()).digest()[:8], "big") % 100


def applies(rule: Rule, scope: Scope) -> bool:
    """Whether a rule's patterns let a scope in, and no narrower layer of the rule does; raises ValueError for a key that is none."""
    values = dict(zip(SCOPE_KEYS, scope, strict=True))
    wanted = (rule.applies_to, *rule.narrowed_to)
    return all(_all_let_in(rule, patterns, values) for patterns in wanted) and not any(
        _all_let_in(rule, patterns, values) for patterns in rule.left_to_others
    )


def left_out(rule: Rule, delivery: Delivery) -> str | None:
    """Why a rule is not for a delivery, in words; None if it is."""
    values = dict(zip(SCOPE_KEYS, scope_of(delivery), strict=True))
    for key, patterns in (pair for wanted in (rule.applies_to, *rule.narrowed_to) for pair in wanted.items()):
        if not _lets_in(patterns, values[key]):
            return f"{_words(key)} is {', '.join(values[key]) or 'unknown'}, the rule is for {', '.join(patterns)}"
    for patterns_of in rule.left_to_others:
        if _all_let_in(rule, patterns_of, values):
            return "a narrower layer of the rule is for it"
    if percentile(delivery.order.delivery_id) >= rule.rollout:
        return f"it is not among the {rule.rollout}% of its rollout"
    return None


def _words(key: str) -> str:
    return key.replace("_", " ")


def _all_let_in(rule: Rule, wanted: Patterns, values: Mapping[str, tuple[str, ...]]) -> bool:
    for key, patterns in wanted.items():
        if key not in values:
            raise ValueError(f'rule {rule.id}: applies_to has no key "{key}"; allowed are {", ".join(SCOPE_KEYS)}')
        if not _lets_in(patterns, values[key]):
            return False
    return True


def _lets_in(patterns: Iterable[str], values: tuple[str, ...]) -> bool:
    """At least one pattern fits, where there is one without `not`, and none with `not` does."""
    wanted = [pattern for pattern in patterns if not pattern.startswith(NOT)]
    barred = [pattern.removeprefix(NOT).strip() for pattern in patterns if pattern.startswith(NOT)]
    return (not wanted or _fits(wanted, values)) and not _fits(barred, values)


def _fits(patterns: Iterable[str], values: tuple[str, ...]) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns for value in values)
