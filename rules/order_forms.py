"""A test's `delivery`: fields of a DeliveryOrder, dotted or nested, with short forms; what is missing gets a plain default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

from pydantic import ValidationError

from domain.order import Customer, Destination, Order, Window
from rules.clock_times import Calendar, read_time, read_window
from rules.problems import suggestion
from rules.source import Items, Node, Pairs, Source, Text
from rules.words import SentenceError, Words

ReadOrder = Callable[[Mapping[str, Any]], Order]
"""A DeliveryOrder as JSON has it -> the order; raises ValueError (pydantic's, with places)."""

Path: TypeAlias = tuple[str | int, ...]

DEFAULT_CARRIER = "acme"
DEFAULT_WINDOW = "14:00-16:00"
DEFAULT_TIMEZONE = "UTC"


def _names(model: type) -> tuple[str, ...]:
    return tuple(found.name for found in fields(model))


KEYS: Mapping[Path, tuple[str, ...]] = {
    (): (*(name for name in _names(Order) if name != "service_time"), "service_seconds", "schema_version", "timezone"),
    ("promised",): _names(Window),
    ("destination",): _names(Destination),
    ("customer",): _names(Customer),
    ("parcels",): ("parcel_id", "barcode", "weight_kg", "volume_l", "temperature_c"),
    ("parcels", "temperature_c"): ("min", "max"),
    ("plan",): ("milestone", "place", "due"),
    ("cod",): ("amount", "currency"),
    ("value",): ("amount", "currency"),
}
"""Where in an order (list positions left out) -> the keys that may stand there."""

LISTS: frozenset[Path] = frozenset(
    {("tracking_numbers",), ("skills",), ("requires",), ("tags",), ("parcels",), ("plan",), ("customer", "channels")}
)
"""Lists, for which one value may stand."""

TIMES: frozenset[Path] = frozenset({("planned_departure",), ("promised", "start"), ("promised", "end"), ("plan", "due")})
"""What may be a clock time of the test's day instead of a full date and time."""


def timezone_of(node: Node | None) -> Text | None:
    """Where the delivery's timezone is written: on its own, dotted or nested."""
    if not isinstance(node, Pairs):
        return None
    nested = node.get("destination")
    within = nested.get("timezone") if isinstance(nested, Pairs) else None
    found = node.get("timezone") or node.get("destination.timezone") or within
    return found if isinstance(found, Text) else None


def _in_a_part(names: tuple[str, ...]) -> str:
    """`tier` and `customer_tier` stand in a part of the order: `write customer.tier`."""
    written = names[-1] if len(names) == 1 else ""
    parts = [(part, key) for part, keys in KEYS.items() if len(part) == 1 for key in keys]
    found = [f"{part[0]}.{key}" for part, key in parts if written in (key, f"{part[0]}_{key}")]
    return f"write {found[0]}" if found else ""


@dataclass
class OrderForm:
    """Reads one delivery. `places` remembers where each value stands, for the mistakes that are found later."""

    source: Source
    calendar: Calendar
    read_order: ReadOrder
    places: dict[Path, Node] = field(default_factory=dict)
    delivery_id: str = "D-1"
    """What it is called unless the test says otherwise."""

    def order(self, node: Node | None, where: Node) -> Order | None:
        """The order; None, with its mistakes noted at `where` if nothing is written, if there is one."""
        found = len(self.source.problems)
        sent: dict[str, Any] = {
            "delivery_id": self.delivery_id,
            "carrier": DEFAULT_CARRIER,
            "promised": self._window(DEFAULT_WINDOW),
            "destination": {"timezone": DEFAULT_TIMEZONE},
        }
        self.places[()] = node or where
        if isinstance(node, Pairs):
            self._fill(sent, node, ())
        elif node is not None:
            self.source.at_node("R012", node, "delivery must be a mapping (key: value)")
        return self._checked(sent) if len(self.source.problems) == found else None

    def _fill(self, sent: dict[str, Any], node: Pairs, path: Path) -> None:
        for key, value in node.pairs:
            parts = self._full_path(key.value, path)
            self._known(key, parts)
            into = self._into(sent, key, parts[len(path) : -1])
            self.places[parts] = value
            into[str(parts[-1])] = self._value(value, parts, into.get(str(parts[-1])))

    def _into(self, sent: dict[str, Any], key: Text, path: Path) -> dict[str, Any]:
        """The mapping that a dotted key means."""
        for part in path:
            found = sent.setdefault(str(part), {})
            if not isinstance(found, dict):
                self.source.at_node("R012", key, f'"{part}" is written as a plain value already', "write it as a mapping")
                return {}
            sent = found
        return sent

    def _full_path(self, key: str, path: Path) -> Path:
        return ("destination", "timezone") if not path and key == "timezone" else (*path, *key.split("."))

    def _known(self, key: Text, path: Path) -> None:
        names = tuple(part for part in path if isinstance(part, str))
        allowed = KEYS.get(names[:-1])
        if allowed is None or names[-1] not in allowed:
            near = _in_a_part(names) or suggestion(str(path[-1]), allowed or KEYS[()])
            self.source.at_node("R010", key, f'a delivery has no "{key.value}"', near)

    def _value(self, node: Node, path: Path, before: Any) -> Any:
        names = tuple(part for part in path if isinstance(part, str))
        if names == ("promised",) and isinstance(node, Text):
            return self._promised(node)
        if isinstance(node, Pairs):
            inner = dict(before) if isinstance(before, dict) and path != ("promised",) else {}
            self._fill(inner, node, path)
            return inner
        if isinstance(node, Items):
            return [self._item(item, (*path, number)) for number, item in enumerate(node.items)]
        value = self._text(node, names)
        return [value] if names in LISTS and value is not None else value

    def _item(self, node: Node, path: Path) -> Any:
        self.places[path] = node
        return self._value(node, path, None) if not isinstance(node, Text) else self._text(node, ())

    def _text(self, node: Text, names: Path) -> str | int | None:
        if node.is_empty:
            return None
        if names == ("schema_version",) and node.value.isdecimal():
            return int(node.value)
        if names in TIMES and "T" not in node.value:
            return self._time(node)
        return node.value

    def _time(self, node: Text) -> str | None:
        try:
            words = Words(node.value)
            found, _ = read_time(words, self.calendar)
            words.end()
        except SentenceError as error:
            self.source.at_word(error.code, node, error.at, error.length, error.message, error.hint)
            return None
        return self.calendar.iso(found)

    def _promised(self, node: Text) -> dict[str, str]:
        try:
            return self._window(node.value)
        except SentenceError as error:
            self.source.at_word(error.code, node, error.at, error.length, error.message, error.hint)
            return {}

    def _window(self, text: str) -> dict[str, str]:
        words = Words(text)
        start, end = read_window(words, self.calendar)
        words.end()
        return {**({} if start is None else {"start": self.calendar.iso(start)}), "end": self.calendar.iso(end)}

    def _checked(self, sent: Mapping[str, Any]) -> Order | None:
        try:
            return self.read_order(sent)
        except ValidationError as error:
            for wrong in error.errors(include_url=False):
                self._note(wrong["loc"], wrong["msg"].removeprefix("Value error, "))
        except ValueError as error:
            self.source.at_node("R012", self.places[()], f"not a DeliveryOrder: {error}")
        return None

    def _note(self, path: Path, message: str) -> None:
        if path == ("destination", "timezone"):
            message = "not a time zone; use an IANA name such as Europe/Helsinki"
        self.source.at_node("R012", self._place(path), f"{'.'.join(map(str, path)) or 'delivery'}: {message}")

    def _place(self, path: Path) -> Node:
        """Where a value stands, or what it is missing from."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]
