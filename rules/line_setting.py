"""What a line of a test's timeline is read in: the test's setting, and what the line has told before its WHAT."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.event import Event, Place
from domain.instant import Instant
from domain.status import Kind
from rules.book import Rulebook
from rules.clock_times import Calendar
from rules.telling import Reported

ReadEvent = Callable[[Mapping[str, Any], Instant], Event]
"""A DeliveryEvent as JSON has it, and when it becomes known -> the event; raises ValueError (pydantic's, with places)."""


ReadBook = Callable[[str], Rulebook]
"""The name of a file, as a test names it -> the rulebook in it; raises ValueError, which says what is wrong."""


def no_book(name: str) -> Rulebook:
    """For tests that stand nowhere."""
    raise ValueError("there is no folder to look for it")


@dataclass(frozen=True, slots=True)
class Setting:
    """What the lines of a test are read in: its calendar, the delivery's carrier and parcels, the rules of its books so far."""

    calendar: Calendar
    source: str
    rules: list[str]
    read_event: ReadEvent
    parcels: Collection[str] = ()
    ids: set[str] = field(default_factory=set)
    """Ids of the events so far, which a correction may name."""
    read_book: ReadBook = no_book


@dataclass(frozen=True, slots=True)
class Told:
    """What a line says so far: when it becomes known and when it happened."""

    known: Instant
    happened: Instant
    event_id: str
    point: Place | None
    setting: Setting

    def event(self, kind: Kind, **fields: Any) -> Reported:
        event = Event(self.event_id, kind, self.happened, self.known, self.setting.source, **fields)
        return Reported(self.known, event)
