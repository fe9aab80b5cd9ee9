"""Reading a carrier's JSON step by step, so that every mistake can say where it stands and what is allowed there."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.instant import Instant, instant
from integrations.carriers.errors import CarrierPayloadError

SHOWN = 60
"""Characters of a wrong value that an error repeats."""

KEPT_WORDS = 200
"""Characters of a carrier's own words that an event keeps."""

YEARS = range(2000, 2100)
"""Years that a tracking time may have; others are a mistake, and some cannot be stored."""

TRACKING_NUMBER = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value inside a payload and the path to it, as in `result.tracking_details[2].datetime`. A missing value is None."""

    carrier: str
    path: str
    value: Any

    def at(self, *names: str) -> "Node":
        """What stands under a name in an object, and so on inwards; nothing stands under a missing object."""
        node = self
        for name in names:
            node = node._child(name)
        return node

    def _child(self, name: str) -> "Node":
        path = f"{self.path}.{name}" if self.path else name
        if self.value is None:
            return Node(self.carrier, path, None)
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return Node(self.carrier, path, self.value.get(name))

    def items(self) -> tuple["Node", ...]:
        """The items of a list; a missing list has none."""
        if self.value is None:
            return ()
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return tuple(Node(self.carrier, f"{self.path}[{index}]", item) for index, item in enumerate(self.value))

    def text(self) -> str:
        """A text that has to be there, without blanks around it."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.wrong("a text")
        return self.value.strip()

    def words(self) -> str | None:
        """A text for people, which may be missing: one line, cut to KEPT_WORDS; anything but a text counts as missing."""
        if not isinstance(self.value, str):
            return None
        return "".join(char if char.isprintable() else " " for char in self.value).strip()[:KEPT_WORDS] or None

    def tracking_number(self) -> str:
        """A tracking number without its blanks."""
        number = re.sub(r"\s+", "", self.text())
        if not TRACKING_NUMBER.fullmatch(number):
            raise self.wrong("a tracking number: 1 to 64 letters, digits, points, hyphens or underscores")
        return number

    def time(self) -> Instant:
        """An ISO 8601 time; without an offset it is taken as UTC."""
        try:
            read = datetime.fromisoformat(self.text())
        except ValueError:
            raise self.wrong("an ISO 8601 time such as 2026-11-23T09:40:00Z") from None
        return self.instant_of(read if read.tzinfo else read.replace(tzinfo=UTC))

    def instant_of(self, read: datetime) -> Instant:
        """The instant of an aware datetime that was read here, if it can be true."""
        if read.year not in YEARS:
            raise self.wrong(f"a year from {YEARS[0]} to {YEARS[-1]}")
        return instant(read)

    def one_of(self, allowed: Iterable[str]) -> str:
        """A word of a closed list."""
        word = self.text()
        known = sorted(allowed)
        if word not in known:
            raise self.wrong(f"one of {', '.join(known)}")
        return word

    def wrong(self, allowed: str) -> CarrierPayloadError:
        """The error for a value that is not what is allowed here."""
        where = self.path or "the payload"
        said = "is missing" if self.value is None else f"is {_shown(self.value)}"
        return CarrierPayloadError(f"{self.carrier}: {where} {said}; allowed is {allowed}")


def read_json(carrier: str, payload: bytes) -> Node:
    """The payload as JSON; raises CarrierPayloadError if it is none."""
    try:
        value = json.loads(payload.decode("utf-8-sig"), parse_constant=_no_constant)
    except RecursionError:
        raise CarrierPayloadError(f"{carrier}: the payload is nested too deeply; send it as the carrier sent it") from None
    except ValueError as error:
        said = f"{carrier}: the payload is not JSON in UTF-8 ({error}); send the carrier's answer unchanged"
        raise CarrierPayloadError(said) from None
    return Node(carrier, "", value)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
