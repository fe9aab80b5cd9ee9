"""What each workflow type can be sent and asked, read from the workflows themselves: a handler that comes later joins it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from temporalio.workflow import _Definition

from workflows.contract import ASSIGNMENT, DELIVERY, FEED, LOOK_AGAIN, WITHDRAW
from workflows.feed_signals import HEARD
from workflows.workflow_types import WORKFLOW_TYPES

HEEDED_WHATEVER_COMES: Mapping[str, frozenset[str]] = {
    DELIVERY: frozenset({LOOK_AGAIN}),
    FEED: frozenset({HEARD}),
    ASSIGNMENT: frozenset({WITHDRAW}),
}
"""Signals that say all by their name, so that nothing sent with them is garbage."""

ACCEPTED = "accepted"
"""The update that may be asked with anything that is an object."""

TOLD_OF = re.compile(r"(?:^|; )([a-z_]+): ")
"""How the description of a handler for signals of any name begins what it says of each."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """The names by which garbage is sent to a workflow type, and one of each kind that it does not have."""

    signals: tuple[str, ...]
    updates: tuple[str, ...]
    queries: tuple[str, ...]


def type_name(type: type) -> str:
    return str(_Definition.must_from_class(type).name)


def told_of(type: type) -> tuple[str, ...]:
    """The signals of a workflow type: those with a handler of their own, and those of which the handler of all others tells."""
    signals = _Definition.must_from_class(type).signals
    named = [name for name in signals if name is not None]
    rest = signals.get(None)
    return (*named, *(TOLD_OF.findall(rest.description or "") if rest else ()))


def handlers_of(type: type) -> Handlers:
    """All of a workflow type."""
    told, spared = _Definition.must_from_class(type), HEEDED_WHATEVER_COMES.get(type_name(type), frozenset())
    updates = [name for name in told.updates if name not in (None, ACCEPTED)]
    queries = [name for name in told.queries if name is not None]
    return Handlers(
        signals=(*(name for name in told_of(type) if name not in spared), "no_such_signal"),
        updates=(*map(str, updates), "no_such_update"),
        queries=(*map(str, queries), "no_such_query"),
    )


HANDLERS: Mapping[str, Handlers] = {type_name(type): handlers_of(type) for type in WORKFLOW_TYPES}
