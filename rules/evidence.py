"""What a sentence's truth rests on, for people: its words, the value that it saw, and the event that value came from."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from domain.currencies import DECIMALS, USUAL, amount_text, hundredths
from domain.delivery import Delivery, Source
from domain.event import Event
from domain.instant import DAY, HOUR, MINUTE, SECOND, Instant, Span, iso, moment
from domain.status import Kind
from rules import clock, event_steps, patterns
from rules.guard_steps import EXPLICIT, question_of
from rules.inputs import STATE_FIELDS
from rules.readings import Frame, time_of, value_at, zone_name
from rules.scene import Scene
from rules.steps import STATE_SINCE
from rules.tree import (
    Absent,
    AbsentBefore,
    Around,
    Between,
    Compare,
    Count,
    Daytime,
    EventPattern,
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
    Staying,
    TimeRef,
    Weekdays,
    WrongOrder,
)
from rules.vocabulary import METRES, MONEY, SPAN, VOCABULARY

UNITS: tuple[tuple[Span, str], ...] = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second"))


def in_words(span: Span) -> str:
    """`2 hours 5 minutes`; a remainder below a second counts as a whole one."""
    seconds = -(-span // SECOND) * SECOND
    words = []
    for length, unit in UNITS:
        count, seconds = divmod(seconds, length)
        if count:
            words.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " ".join(words) or "0 seconds"


def text_of(sentence: Sentence) -> str:
    """The sentence as its author wrote it; its form and fields for one that was built by a tool."""
    if sentence.text:
        return sentence.text
    names = (name for name in sentence.__slots__ if name not in ("form", "text"))
    return f"{sentence.form}({', '.join(f'{name}={getattr(sentence, name)}' for name in names)})"


def value_of(sentence: Sentence, scene: Scene, at: Instant, frame: Frame) -> Any:
    """What the sentence saw, ready for JSON; None where that is unknown or has never happened."""
    return VALUES[type(sentence)](sentence, scene, at, frame)


def source_of(sentence: Sentence, scene: Scene) -> Source | None:
    """The event that gave what the sentence saw; None where the order or the clock did."""
    return SOURCES[type(sentence)](sentence, scene)


def shown(fact: str, value: Any) -> Any:
    """A fact's value for people: times as ISO 8601, numbers in their unit."""
    kind = VOCABULARY[fact]
    if value is None or isinstance(value, bool):
        return value
    if kind.type == "time":
        return iso(value)
    if kind.units is SPAN:
        return f"-{in_words(-value)}" if value < 0 else in_words(value)
    if isinstance(value, int) and kind.units:
        unit, grain = next(iter(kind.units.items()))
        if kind.units is METRES:
            return f"{value} m"
        return value if grain == 1 else _decimal(value, grain, "" if kind.units is MONEY else unit.upper())
    return list(value) if isinstance(value, tuple) else value


def _decimal(value: int, grain: int, unit: str) -> str:
    whole, part = divmod(abs(value), grain)
    digits = str(part).zfill(len(str(grain)) - 1).rstrip("0")
    return f"{'-' if value < 0 else ''}{whole}{'.' if digits else ''}{digits} {unit}".strip()


def _fact(sentence: Any, scene: Scene, at: Instant, frame: Frame) -> Any:
    return _seen(sentence.fact, scene, at)


def _seen(fact: str, scene: Scene, at: Instant) -> Any:
    """A fact's value for people; an amount of the delivery with what it is in."""
    value, currency = value_at(fact)(scene, at)[0], currency_of(fact, scene)
    return shown(fact, value) if currency is None else amount_text(value, currency)


def currency_of(fact: str, scene: Scene) -> str | None:
    """What the delivery's amount is in; None for what is no amount, or is not known."""
    read = VOCABULARY[fact].currency
    return None if read is None else read(scene.delivery.order)


def distance(sentence: Compare, found: int, scene: Scene) -> str:
    """How far a number that was found is from that of its sentence: `40 EUR`, `2`."""
    currency = currency_of(sentence.fact, scene)
    if currency is None:
        return str(shown(sentence.fact, abs(sentence.number - found)))
    seen = found if sentence.currency else hundredths(found, currency)
    away: Fraction = abs(Fraction(sentence.number) - seen)
    units = (Decimal(away.numerator) / away.denominator).scaleb(-DECIMALS.get(sentence.currency or "", USUAL))
    return f"{units.normalize():f} {currency}"


def differing_currencies(sentence: Sentence, scene: Scene, at: Instant) -> str | None:
    """`cod is 60.00 SEK, the rule says EUR`: why a comparison of amounts is unknown; None if that is not why."""
    if isinstance(sentence, Same):
        one, two = (currency_of(fact, scene) for fact in (sentence.fact, sentence.other))
        said = f"{sentence.other} is {_seen(sentence.other, scene, at)}"
    elif isinstance(sentence, Is | Compare | Between):
        one, two = currency_of(sentence.fact, scene), sentence.currency
        said = f"the rule says {two}"
    else:
        return None
    return None if one is None or two is None or one == two else f"{sentence.fact} is {_seen(sentence.fact, scene, at)}, {said}"


def _both_facts(sentence: Same, scene: Scene, at: Instant, frame: Frame) -> Any:
    return [_seen(fact, scene, at) for fact in (sentence.fact, sentence.other)]


def _last_event(sentence: Any, scene: Scene, at: Instant, frame: Frame) -> Any:
    return iso(patterns.last(sentence.event, scene))


def _time(ref: TimeRef, scene: Scene, at: Instant, frame: Frame) -> str | None:
    return iso(time_of(ref, frame)(scene, at)[0])


def _times_seen(sentence: Count, scene: Scene, at: Instant, frame: Frame) -> Any:
    counts = event_steps.counting(sentence, frame)(scene, at)
    return None if counts is None else len(counts)


def _last_events(one: EventPattern, two: EventPattern, scene: Scene) -> list[str | None]:
    return [iso(patterns.last(pattern, scene)) for pattern in (one, two)]


def _local_time(sentence: Any, scene: Scene, at: Instant, frame: Frame) -> Any:
    local = clock.zone(zone_name(frame, scene) or "")
    return None if local is None else moment(at).astimezone(local).strftime("%a %H:%M:%S")


def _found(sentence: Any, scene: Scene, at: Instant, frame: Frame) -> Any:
    """What the last look outside saw."""
    question = question_of(sentence, scene.delivery, frame)
    event = None if question is None else _last_found(question.key, scene)
    if event is None or question is None:
        return None
    told = event.detail[question.key]
    parts = [told["note"], f"until {iso(told['until'])}" if told.get("until") is not None else ""]
    return ", ".join(filter(None, parts)) or None


def _last_found(key: str, scene: Scene) -> Event | None:
    events = reversed(scene.delivery.events)
    return next((event for event in events if event.kind is Kind.FOUND and key in event.detail), None)


def _found_source(sentence: Any, scene: Scene) -> Source | None:
    question = question_of(sentence, scene.delivery, Frame())
    event = None if question is None else _last_found(question.key, scene)
    return None if event is None else Source(event.event_id, event.occurred_at)


VALUES: Mapping[type, Callable[[Any, Scene, Instant, Frame], Any]] = {
    Is: _fact,
    Includes: _fact,
    Same: _both_facts,
    Compare: _fact,
    Between: _fact,
    Known: _fact,
    Absent: _last_event,
    AbsentBefore: _last_event,
    Staying: lambda sentence, scene, at, frame: iso(STATE_SINCE[sentence.state](scene.delivery.facts)),
    Later: lambda sentence, scene, at, frame: [_time(ref, scene, at, frame) for ref in (sentence.first, sentence.second)],
    Around: lambda sentence, scene, at, frame: _time(sentence.time, scene, at, frame),
    Overdue: lambda sentence, scene, at, frame: iso(scene.delivery.facts.due.get(sentence.milestone)),
    Daytime: _local_time,
    Weekdays: _local_time,
    InCalendar: _local_time,
    Received: _last_event,
    Count: _times_seen,
    Sequence: lambda sentence, scene, at, frame: _last_events(sentence.first, sentence.then, scene),
    WrongOrder: lambda sentence, scene, at, frame: _last_events(sentence.first, sentence.second, scene),
    Skipped: lambda sentence, scene, at, frame: iso(scene.delivery.facts.reached(sentence.milestone)),
    **dict.fromkeys(EXPLICIT, _found),
}


def _told(fields: tuple[str, ...], delivery: Delivery) -> Source | None:
    """The latest of the events that gave some fields of Facts."""
    found = [source for source in map(delivery.source_of, fields) if source is not None]
    return max(found, key=lambda source: source.at, default=None)


def _fact_source(sentence: Any, scene: Scene) -> Source | None:
    return _told(VOCABULARY[sentence.fact].reads, scene.delivery)


def _event_source(pattern: EventPattern, scene: Scene) -> Source | None:
    order = scene.delivery.order
    found = [event for event, names in scene.told if patterns.matches(pattern, event, names, order)]
    return Source(found[-1].event_id, found[-1].occurred_at) if found else None


def _time_source(ref: TimeRef, scene: Scene) -> Source | None:
    if ref.kind == "last":
        return _event_source(ref.event or EventPattern(ref.name), scene)
    if ref.kind == "cutoff":
        return None
    return _told(("due",) if ref.kind == "due" else VOCABULARY[ref.name].reads, scene.delivery)


SOURCES: Mapping[type, Callable[[Any, Scene], Source | None]] = {
    Is: _fact_source,
    Includes: _fact_source,
    Same: lambda sentence, scene: _fact_source(sentence, scene) or _told(VOCABULARY[sentence.other].reads, scene.delivery),
    Compare: _fact_source,
    Between: _fact_source,
    Known: _fact_source,
    Absent: lambda sentence, scene: _event_source(sentence.event, scene),
    AbsentBefore: lambda sentence, scene: _event_source(sentence.event, scene),
    Staying: lambda sentence, scene: _told((STATE_FIELDS[sentence.state],), scene.delivery),
    Later: lambda sentence, scene: _time_source(sentence.first, scene) or _time_source(sentence.second, scene),
    Around: lambda sentence, scene: _time_source(sentence.time, scene),
    Overdue: lambda sentence, scene: _told(("recorded", "due"), scene.delivery),
    Daytime: lambda sentence, scene: None,
    Weekdays: lambda sentence, scene: None,
    InCalendar: lambda sentence, scene: None,
    Received: lambda sentence, scene: _event_source(sentence.event, scene),
    Count: lambda sentence, scene: _event_source(sentence.event, scene),
    Sequence: lambda sentence, scene: _event_source(sentence.then, scene) or _event_source(sentence.first, scene),
    WrongOrder: lambda sentence, scene: _event_source(sentence.second, scene) or _event_source(sentence.first, scene),
    Skipped: lambda sentence, scene: _told(("recorded",), scene.delivery),
    **dict.fromkeys(EXPLICIT, _found_source),
}
