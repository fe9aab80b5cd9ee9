"""Plays a delivery through a rulebook and tells what each rule did, when and why, and how near it came to opening. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.delivery import delivery_of
from domain.incident import Mode
from domain.instant import MINUTE, Instant, instant, iso
from rules.book import Rulebook
from rules.chronicle import Entry, entries, turns
from rules.clock import zone
from rules.clock_times import UTC_ZONE, Calendar
from rules.compile import CompiledBook
from rules.evidence import in_words
from rules.forecasting import ToCome, to_come
from rules.grace import last_openings
from rules.simulate import FIRST, Moment, Part, simulate_together
from rules.watch import Watch
from rules.why import why

NEAR = 30 * MINUTE
"""A rule that would have opened within this, had nothing come, came near."""


@dataclass(frozen=True, slots=True)
class Deed:
    """An entry, and for an opening the sentences as they then stood."""

    entry: Entry
    because: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one delivery: in order up to its last event, then how each rule stands, and what is to come if nothing is."""

    delivery_id: str
    calendar: Calendar
    ended_at: Instant
    deeds: tuple[Deed, ...]
    to_come: ToCome
    rules: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        did = [
            deed.entry.as_json(self.calendar) | ({"because": list(deed.because)} if deed.because else {}) for deed in self.deeds
        ]
        told = {"did": did, "to_come": self.to_come.as_json(), "rules": list(self.rules)}
        return {"delivery_id": self.delivery_id, "timezone": self.calendar.zone.key, "until": iso(self.ended_at), **told}


def to_be_tried(book: Rulebook, rule: str | None) -> Rulebook:
    """The book, in which a rule that is off stands as a shadow if it is asked for."""
    wanted = (replace(one, mode=Mode.SHADOW) if one.name == rule and one.mode is Mode.OFF else one for one in book.rules)
    return replace(book, rules=tuple(wanted))


def tried(book: CompiledBook, part: Part, rule: str | None) -> Tried:
    """The rest of the book plays along, since rules may hold one another back; only the rule asked for is told of."""
    ended_at = max([part.known_at, *(line.at for line in part.lines)])
    moments = simulate_together(book, [part], ended_at)[0]
    calendar = Calendar.on_day_of(part.known_at, zone(part.order.destination.timezone) or UTC_ZONE)
    deeds = tuple(deed for deed in _deeds(part, moments, rule) if rule in (None, deed.entry.rule))
    last = moments[-1]
    foreseen = to_come(last.watch, last.versions, ended_at)
    foreseen = replace(foreseen if rule is None else foreseen.of(rule), calendar=calendar)
    ends = last_openings(last.book, last.watch.delivery, last.watch.final_since)
    stands = why(last.book, last.watch.delivery, last.watch.cells, ended_at, rule, last.watch.incidents, ends)
    return Tried(part.order.delivery_id, calendar, ended_at, deeds, foreseen, tuple(stands))


def _deeds(part: Part, moments: tuple[Moment, ...], rule: str | None) -> Iterator[Deed]:
    before = Watch(delivery_of(part.order, part.known_at), 1, FIRST, looked_at=part.known_at)
    for moment in moments:
        found = [*turns(before, moment.watch), *entries(before, moment.watch, moment.versions, moment.at)]
        found += _near_misses(before, moment, rule)
        for entry in sorted(found, key=lambda one: one.at):
            yield Deed(entry, _because(moment, entry) if entry.what == "opens" else ())
        before = moment.watch


def _because(moment: Moment, entry: Entry) -> tuple[dict[str, Any], ...]:
    watch = moment.watch
    told = next(iter(why(moment.book, watch.delivery, watch.cells, moment.at, entry.rule)), None)
    return tuple(told["sentences"]) if told is not None else ()


def _near_misses(before: Watch, moment: Moment, rule: str | None) -> Iterator[Entry]:
    """Rules that would have opened soon, and do not any more after what has come to be known."""
    if moment.watch.delivery.events == before.delivery.events:
        return
    expected = {name: at for name, at in _openings(before, moment, rule) if moment.at < at <= moment.at + NEAR}
    still = dict(_openings(moment.watch, moment, rule)) if expected else {}
    is_open = {incident.rule.partition("@")[0] for incident in moment.watch.incidents if incident.is_open}
    for name, at in expected.items():
        if still.get(name) != at and name not in is_open:
            more = f": needed {in_words(at - moment.at)} more"
            yield Entry(moment.at, name, "near_miss", "came near", more)


def _openings(watch: Watch, moment: Moment, rule: str | None) -> Iterator[tuple[str, Instant]]:
    """What each rule is expected to open at an instant, if nothing more comes."""
    ends = last_openings(moment.book, watch.delivery, watch.final_since)
    for told in why(moment.book, watch.delivery, watch.cells, moment.at, rule, ends=ends):
        foreseen = told["forecast"]
        if told["applies"] and foreseen is not None and foreseen["says"].startswith("opens"):
            yield told["rule"], instant(datetime.fromisoformat(foreseen["at"]))
