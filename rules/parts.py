"""The parts of a condition at any depth: groups, sentences, and the events, times and calendars in them."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from rules.tree import EventPattern

OPENED = "opened "
"""How the name of the event begins that an incident of a rule opened."""


def parts_of(node: Any) -> Iterator[Any]:
    """A condition and everything in it, outermost first; nothing for None."""
    if isinstance(node, tuple):
        for child in node:
            yield from parts_of(child)
    elif is_dataclass(node):
        yield node
        for part in fields(node):
            yield from parts_of(getattr(node, part.name))


def openings_in(*conditions: Any) -> Iterator[str]:
    """The rules, by public name, whose openings some conditions speak of."""
    for part in parts_of(conditions):
        if isinstance(part, EventPattern) and part.name.startswith(OPENED):
            yield part.name.removeprefix(OPENED)
