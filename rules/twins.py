"""The structured twin of every sentence form: `{absent: {event: scan, for: 2h}}` is `no scan for 2h`. For tools that write rules.

Each key of a twin is read by what reads the same part of a sentence, so that a mistake in it is told in the same words.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from domain.status import MILESTONES
from rules import event_sentences, fields, guard_sentences, phrases, quantities, time_sentences, wording
from rules.directory import Directory
from rules.quantities import DAY_NAMES, WEEKDAYS
from rules.source import Node, Pairs, Source, Text
from rules.tree import (
    Absent,
    AbsentBefore,
    Around,
    Between,
    Compare,
    Count,
    Counted,
    Daytime,
    DisruptionOpen,
    FeedStale,
    InCalendar,
    Includes,
    Is,
    Known,
    Later,
    Overdue,
    Received,
    Same,
    Sentence,
    Sequence,
    Skipped,
    State,
    Staying,
    TrafficDelay,
    WeatherWarning,
    Weekdays,
    WrongOrder,
)
from rules.twin_parts import Key, Part, Twin
from rules.twin_values import number, shown_values, values
from rules.vocabulary import VOCABULARY


def _event(*gives: str, needed: bool = True) -> Key:
    field = gives[0]
    return Key(
        lambda part: part.said(phrases.event),
        lambda node: None if getattr(node, field) is None else wording.event_text(getattr(node, field)),
        gives,
        needed,
    )


def _time(field: str) -> Key:
    return Key(lambda part: part.said(phrases.time), lambda node: wording.time_text(getattr(node, field)), (field,))


def _length(field: str, *, needed: bool = True) -> Key:
    """A span, and what it is counted in."""
    return Key(
        lambda part: part.said(lambda words: quantities.length(words, part.directory)),
        lambda node: wording.length_text(getattr(node, field), node.counted) if needed or getattr(node, field) else None,
        (field, "counted"),
        needed,
    )


def _span(field: str) -> Key:
    return Key(lambda part: part.said(quantities.duration), lambda node: wording.length_text(getattr(node, field)), (field,))


def _flag(field: str, normal: bool = False) -> Key:
    return Key(
        lambda part: fields.yes_no(part.source, part.node, part.key),
        lambda node: None if getattr(node, field) is normal else getattr(node, field),
        (field,),
        needed=False,
    )


def _word(field: str, known: Mapping[str, Any]) -> Key:
    shown = {value: word for word, value in reversed(list(known.items()))}
    return Key(lambda part: part.named(known), lambda node: shown[getattr(node, field)], (field,))


def _name(field: str, *, needed: bool = True) -> Key:
    return Key(lambda part: fields.text(part.source, part.node, part.key), lambda node: getattr(node, field), (field,), needed)


def _clock(field: str) -> Key:
    return Key(lambda part: part.said(quantities.clock_time), lambda node: wording.clock_text(getattr(node, field)), (field,))


def _numeric(part: Part) -> str | None:
    return cast("str | None", part.said(phrases.numeric_fact))


def _list_value(part: Part) -> str | None:
    fact = part.before.get("fact")
    if fact and VOCABULARY[fact].type != "list":
        part.source.at_node("R109", part.node, f'"{fact}" is not a list', "use is:")
        return None
    return fields.text(part.source, part.node, part.key)


def _other(part: Part) -> str | None:
    fact, other = part.before.get("fact"), part.said(phrases.fact)
    if fact and other and VOCABULARY[fact].type != VOCABULARY[other].type:
        part.source.at_node("R109", part.node, f'"{other}" is not of the same type as "{fact}"', "compare two of one type")
        return None
    return cast("str | None", other)


def _days(part: Part) -> tuple[int, ...] | None:
    read = [fields.word(part.source, item, part.key, DAY_NAMES) for item in fields.items(part.node)]
    if not read:
        part.source.at_node("R013", part.node, f"{part.key} is empty", "name at least one weekday")
    return tuple(sorted({DAY_NAMES[day] for day in read if day})) if read and None not in read else None


def _times(part: Part) -> int | None:
    return fields.whole(part.source, part.node, part.key, 1, event_sentences.MOST_TIMES)


def _calendar(part: Part) -> str | None:
    found = fields.text(part.source, part.node, part.key)
    if found is not None and not fields.registered(part.source, part.node, "calendar", found, part.directory.calendars):
        return None
    return found


def _counted_in(part: Part) -> Counted | None:
    if part.before.get("counted") is not None:
        part.source.at_node("R112", part.node, "business time is counted in a calendar already", "write it once")
        return None
    found = _calendar(part)
    return Counted(found) if found else None


FACT = Key(lambda part: part.said(phrases.fact), lambda node: node.fact, ("fact",))
NUMERIC_FACT = Key(_numeric, lambda node: node.fact, ("fact",))
FOR = _length("held", needed=False)
NEGATED = _flag("negated")
MILESTONE = _word("milestone", {status.value: status for status in MILESTONES})
COUNTED_IN = Key(_counted_in, lambda node: None, ("counted",), needed=False)
OPS = {
    "over": "over",
    "under": "under",
    "at least": "at_least",
    "at_least": "at_least",
    "at most": "at_most",
    "at_most": "at_most",
}
SIDES = {"within_before": "within_before", "before": "before", "after": "after"}

TWINS: Mapping[str, Twin] = {
    "is": Twin(Is, {"fact": FACT, "value": Key(values, shown_values, ("values", "currency")), "negated": NEGATED, "for": FOR}),
    "includes": Twin(Includes, {"fact": FACT, "value": Key(_list_value, lambda node: node.value, ("value",)), "negated": NEGATED, "for": FOR}),
    "same": Twin(Same, {"fact": FACT, "other": Key(_other, lambda node: node.other, ("other",)), "negated": NEGATED, "for": FOR}),
    "compare": Twin(Compare, {"fact": NUMERIC_FACT, "op": _word("op", OPS), "number": number("number"), "for": FOR}),
    "between": Twin(Between, {"fact": NUMERIC_FACT, "low": number("low"), "high": number("high"), "for": FOR}),
    "known": Twin(Known, {"fact": FACT, "known": _flag("known", normal=True), "for": FOR}),
    "absent": Twin(Absent, {"event": _event("event"), "for": _length("span"), "since": _event("since", needed=False), "counted_in": COUNTED_IN}),
    "absent_before": Twin(AbsentBefore, {"event": _event("event"), "before": _time("time")}),
    "staying": Twin(Staying, {"state": _word("state", {**time_sentences.STATES, **{state.value: state for state in State}}), "for": _length("span"), "counted_in": COUNTED_IN}),
    "count": Twin(Count, {"event": _event("event"), "at_least": Key(_times, lambda node: node.at_least, ("at_least",)), "in": _length("span", needed=False)}),
    "sequence": Twin(Sequence, {"first": _event("first"), "then": _event("then"), "within": _length("within"), "negated": NEGATED}),
    "wrong_order": Twin(WrongOrder, {"first": _event("first"), "second": _event("second")}),
    "skipped": Twin(Skipped, {"milestone": MILESTONE}),
    "later": Twin(Later, {"first": _time("first"), "second": _time("second"), "by": _length("by", needed=False), "earlier": _flag("earlier")}),
    "around": Twin(Around, {"time": _time("time"), "side": _word("side", SIDES), "span": _length("span")}),
    "overdue": Twin(Overdue, {"milestone": MILESTONE, "by": _length("by", needed=False)}),
    "daytime": Twin(Daytime, {"start": _clock("start"), "end": _clock("end")}),
    "weekdays": Twin(Weekdays, {"days": Key(_days, lambda node: [WEEKDAYS[day] for day in node.days], ("days",))}),
    "in_calendar": Twin(InCalendar, {"calendar": Key(_calendar, lambda node: node.calendar, ("calendar",)), "negated": NEGATED}),
    "feed_stale": Twin(FeedStale, {"feed": _name("feed", needed=False), "for": _span("span")}),
    "disruption_open": Twin(DisruptionOpen, {"scope": _word("scope", {"hub": "hub", "carrier": "carrier", "route": "route", "zone": "zone"}), "kind": _name("kind", needed=False)}),
    "weather_warning": Twin(WeatherWarning, {"level": _word("level", guard_sentences.LEVELS)}),
    "traffic_delay": Twin(TrafficDelay, {"over": _span("span")}),
    "received": Twin(Received, {"event": _event("event")}),
}  # fmt: skip
"""The form of a sentence -> its twin."""


def structured(node: Sentence) -> dict[str, Any]:
    """The twin of a sentence, as plain data: {"absent": {"event": "scan", "for": "2h"}}."""
    shown = {key: row.show(node) for key, row in TWINS[node.form].keys.items()}
    return {node.form: {key: value for key, value in shown.items() if value is not None}}


def read_twin(source: Source, directory: Directory, form: Text, value: Node) -> Sentence | None:
    """The sentence of a twin; None, with its mistakes noted, if there is one in it."""
    twin, noted = TWINS[form.value.casefold()], len(source.problems)
    mapping = fields.pairs(source, value, form.value)
    if mapping is None:
        return None
    fields.check_keys(source, mapping, form.value, twin.keys)
    given = _given(source, directory, twin, mapping, form)
    if len(source.problems) > noted:
        return None
    node = cast(Sentence, twin.form(**given))
    return replace(node, text=wording.sentence_of(node))


def _given(source: Source, directory: Directory, twin: Twin, mapping: Pairs, form: Text) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, key in twin.keys.items():
        node = mapping.get(name)
        if node is None:
            if key.needed:
                source.at_node("R011", form, f'{form.value} needs "{name}"', f"add {name}: ...")
            continue
        found = key.read(Part(source, directory, node, name, given))
        if found is not None:
            given.update(zip(key.gives, found, strict=True) if len(key.gives) > 1 else ((key.gives[0], found),))
    return given
