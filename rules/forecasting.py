"""What is to come on a delivery if nothing new is learnt, nobody decides anything, and every action succeeds. Pure.

The delivery's own state machine is played on, wake-up by wake-up: what it would do is what it does.
"""

from dataclasses import dataclass, replace
from typing import Any

from domain.actions import Outcome
from domain.event import Event
from domain.instant import DAY, Instant, iso
from rules.adoption import Versions
from rules.chronicle import Entry, entries
from rules.clock import zone
from rules.clock_times import UTC_ZONE, Calendar
from rules.grace import longest_grace
from rules.reaching import came_of
from rules.reload import book_of
from rules.results import with_outcome
from rules.watch import Watch, look

MOST_LOOKS = 200
"""Wake-ups that a forecast plays through; a query has to answer within two seconds."""

MOST_ROUNDS = 50
"""How often outcomes make more due at one instant."""

HORIZON = 7 * DAY

ASSUMED = "nothing is reported, nobody decides anything, and every action succeeds"


@dataclass(frozen=True, slots=True)
class ToCome:
    """What each rule does, in order; nothing is said of what is later than `until`."""

    as_of: Instant
    until: Instant
    entries: tuple[Entry, ...]
    calendar: Calendar

    def of(self, rule: str) -> "ToCome":
        return replace(self, entries=tuple(entry for entry in self.entries if entry.rule == rule))

    def as_json(self) -> dict[str, Any]:
        """Times also as clock times of the recipient, in `says`; a day later has `+1d` before it."""
        return {
            "as_of": iso(self.as_of),
            "until": iso(self.until),
            "timezone": self.calendar.zone.key,
            "assuming": ASSUMED,
            "to_come": [entry.as_json(self.calendar) for entry in self.entries],
        }


def to_come(watch: Watch, versions: Versions, at: Instant, horizon: Instant | None = None) -> ToCome:
    """What is to come from an instant on, which is not before the last look; to the end of its life, or of the horizon."""
    calendar = calendar_of(watch, at)
    until = min(_ends_at(watch, versions), at + HORIZON if horizon is None else horizon)
    found: list[Entry] = []
    now = at
    for _ in range(MOST_LOOKS):
        if now > until:
            return ToCome(at, until, tuple(found), calendar)
        before = watch
        watch, next_at = _played(watch, versions, now)
        found += entries(before, watch, versions, now)
        if next_at is None:
            return ToCome(at, until, tuple(found), calendar)
        now = next_at
    return ToCome(at, now - 1, tuple(found), calendar)


def calendar_of(watch: Watch, at: Instant) -> Calendar:
    """The recipient's day and clock at an instant."""
    return Calendar.on_day_of(at, zone(watch.delivery.order.destination.timezone) or UTC_ZONE)


def _played(watch: Watch, versions: Versions, at: Instant) -> tuple[Watch, Instant | None]:
    """All that happens at an instant, what follows from it at once included; and when something is due next."""
    events: tuple[Event, ...] = ()
    for _ in range(MOST_ROUNDS):
        looked = look(watch, versions(watch.book), events, at, versions=versions, answers=None)
        watch, next_at = looked.watch, looked.wake.at if looked.wake else None
        if not looked.deeds:
            break
        ended = [(deed, came_of(deed, Outcome.DONE, at)) for deed in looked.deeds]
        for deed, result in ended:
            watch = with_outcome(watch, deed, result, at)
        events = tuple(event for _, result in ended for event in result.events)
    return watch, next_at


def _ends_at(watch: Watch, versions: Versions) -> Instant:
    """The last instant of a delivery's life: before it expires, or at the end of its grace and of what still waits."""
    book = book_of(watch, versions)
    if watch.final_since is None:
        return watch.delivery.facts.promised.end + book.rulebook.expires_after - 1
    waits = [act.until for incident in watch.incidents for act in incident.waiting if act.until is not None]
    return max([watch.final_since + longest_grace(book, watch.delivery), *waits])
