"""Checks that what messages and tickets speak of exists: templates by name and channel, variables and filters of Liquid texts."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

from liquid import Environment
from liquid.exceptions import LiquidError

from domain.delivery import delivery_of
from domain.incident import Incident, Mode, Severity
from domain.message import AT_SENDING, template_context
from domain.order import Destination, Order, Window
from domain.sending import Message, TemplateError
from rules.problems import suggestion
from rules.source import Node, Source

OUR_FILTERS = frozenset({"local_time", "local_date", "minutes_until"})
"""Filters that the texts of messages have besides Liquid's own."""

IMPLICIT = frozenset({"now", "timezone", "language"})
"""Variables that the channel of a message gives."""

_OF_EVERY_VALUE = frozenset({"size", "first", "last"})


class Templates(Protocol):
    """The templates of an installation."""

    def names(self) -> Collection[str]: ...

    def channels(self, name: str) -> Collection[str]:
        """The channels that a template is written for."""

    def variables(self, name: str) -> Collection[str]:
        """The variables that a template uses, on whatever channel and in whatever language, with dots: `last_scan.at`."""

    def problems(self) -> Mapping[str, str]:
        """What is wrong with which file, if it cannot be sent."""

    def render(self, name: str, channel: str, *, language: str, timezone: str, context: Mapping[str, Any]) -> Message:
        """A message for a channel in the nearest language; raises TemplateError."""


def known_variables() -> frozenset[str]:
    """Every variable that templates may use, with dots; also those that hold others."""
    order = Order("D", "carrier", Window(None, 0), Destination("UTC"))
    incident = Incident("D:1:rule:1", "rule", 1, Severity.MEDIUM, Mode.LIVE, 0, "says", "book")
    return frozenset(_paths({**template_context(delivery_of(order, 0), incident, 0), **AT_SENDING}))


def _paths(values: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for key, value in values.items():
        yield f"{before}{key}"
        if isinstance(value, Mapping):
            yield from _paths(value, f"{before}{key}.")


_KNOWN = known_variables() | IMPLICIT
_LIQUID = Environment()


def unknown_variables(variables: Collection[str]) -> list[str]:
    """Those that the context of a message does not have."""
    return sorted(path for path in variables if path not in _KNOWN and not _is_part(path))


def _is_part(path: str) -> bool:
    before, _, last = path.rpartition(".")
    return last in _OF_EVERY_VALUE and before in _KNOWN


def check_template(source: Source, node: Node, name: str, channels: Collection[str], templates: Templates) -> None:
    """A template that a rule names: it exists, and all that it speaks of exists."""
    if name not in templates.names():
        source.at_node("R201", node, f'unknown template "{name}"', suggestion(name, templates.names()))
        return
    _note_fallback(source, node, name, channels, templates)
    try:
        used = templates.variables(name)
    except TemplateError as error:
        source.at_node("R203", node, f'template "{name}": {error}', "correct the template's file")
        return
    for path in unknown_variables(used):
        source.at_node("R202", node, f'template "{name}" uses "{path}", which does not exist', suggestion(path, _KNOWN))


def _note_fallback(source: Source, node: Node, name: str, channels: Collection[str], templates: Templates) -> None:
    written = templates.channels(name)
    for channel in channels:
        if channel not in written:
            message = f'template "{name}" is not written for {channel}; that of {" or ".join(sorted(written))} is sent instead'
            source.at_node("R201", node, message, f"add {name}.{channel}.en.liquid", level="warning")


def check_liquid(source: Source, node: Node, text: str, what: str) -> None:
    """A Liquid text that stands in the rulebook itself."""
    try:
        found = _LIQUID.from_string(text).analyze()
    except (LiquidError, RecursionError) as error:
        source.at_node(
            "R203",
            node,
            f"{what} cannot be read as Liquid: {str(error).splitlines()[0]}",
            "for example {{ last_scan.at | local_time }}",
        )
        return
    used = {".".join(str(part) for part in variable.segments) for uses in found.globals.values() for variable in uses}
    for path in unknown_variables(used):
        source.at_node("R202", node, f'{what} uses "{path}", which does not exist', suggestion(path, _KNOWN))
    known = {*_LIQUID.filters, *OUR_FILTERS}
    for name in sorted(set(found.filters) - known):
        source.at_node("R202", node, f'{what} uses the filter "{name}", which does not exist', _filter_hint(name, known))


def _filter_hint(name: str, known: Collection[str]) -> str:
    near = suggestion(name, sorted(known))
    return near if near.startswith("did") else f"{near}; docs/vocabulary.md lists them all"
