"""Forms 4, 5, 8, 9 and 11: what did not happen, what lasts, what is late, what the clock says, what just came in."""

from typing import Any

from domain.instant import DAY, Span
from domain.status import MILESTONES, Status
from rules import meant, phrases, quantities
from rules.directory import Directory
from rules.tree import (
    Absent,
    AbsentBefore,
    Around,
    Counted,
    Daytime,
    InCalendar,
    Later,
    Overdue,
    Received,
    Sentence,
    State,
    Staying,
    Weekdays,
)
from rules.words import Words

STATES = {state.value.replace("_", " "): state for state in State}
"""A lasting state as it is written -> the state."""


def absent(words: Words, directory: Directory) -> Sentence:
    """Form 4."""
    words.need("no")
    fact, event = phrases.fact_here(words), phrases.event(words)
    if words.eat("before"):
        return AbsentBefore(event, phrases.time(words))
    words.need("for", hint=meant.absence_hint(words, fact))
    span, counted = quantities.length(words, directory)
    since = phrases.event(words) if words.eat("since") else None
    return Absent(event, span, since, quantities.counted_in(words, directory, counted))


def staying(words: Words, directory: Directory) -> Sentence:
    """Form 5."""
    state = words.one_of("R100", "state", STATES)
    words.need("for", hint=f"say how long, for example {state} for 15m")
    span, counted = quantities.length(words, directory)
    return Staying(STATES[state], span, quantities.counted_in(words, directory, counted))


def about_time(words: Words, directory: Directory) -> Sentence:
    """Form 8."""
    word = words.peek()
    if words.is_at("overdue", ahead=1):
        return _overdue(words, directory)
    if words.eat("within"):
        span, counted = quantities.length(words, directory)
        words.need("before")
        return Around(phrases.time(words), span, "within_before", counted)
    if words.eat("after"):
        return Around(phrases.time(words), 0, "after")
    if words.eat("before"):
        words.fail("R100", word, "say how long before", 'for example "30m before promised end"; or use none: [after ...]')
    if words.is_duration():
        span, counted = quantities.length(words, directory)
        side: Any = words.one_of("R100", "word", ("before", "after"))
        return Around(phrases.time(words), span, side, counted)
    return _later(words, directory)


def milestone(words: Words) -> Status:
    """A status that plans may name."""
    return Status(words.one_of("R105", "milestone", [status.value for status in MILESTONES]))


def _overdue(words: Words, directory: Directory) -> Sentence:
    late = milestone(words)
    words.need("overdue")
    return Overdue(late, *_by(words, directory))


def _by(words: Words, directory: Directory) -> tuple[Span, Counted | None]:
    return quantities.length(words, directory) if words.eat("by") else (0, None)


def _later(words: Words, directory: Directory) -> Sentence:
    first = phrases.time(words)
    earlier = words.one_of("R100", "word", ("later", "earlier")) == "earlier"
    words.need("than")
    second = phrases.time(words)
    span, counted = _by(words, directory)
    return Later(first, second, span, earlier, counted)


def daytime(words: Words, directory: Directory) -> Sentence:
    """Form 9."""
    negated = words.eat("not")
    if words.eat("in"):
        return InCalendar(quantities.calendar_name(words, directory), negated)
    if words.eat("on"):
        meant.refuse_undefined(words)
        return Weekdays((0, 1, 2, 3, 4)) if words.eat("weekdays") else _weekdays(words)
    words.need("between")
    start_word = words.peek()
    start = quantities.clock_time(words)
    words.need("and")
    end = quantities.clock_time(words)
    if start == DAY:
        words.fail("R108", start_word, "a span of time cannot begin at 24:00", "write 00:00")
    return Daytime(start, end)


def _weekdays(words: Words) -> Sentence:
    days = {quantities.weekday(words)}
    while words.eat(",") or words.eat("and") or words.eat("or"):
        words.eat("and")
        days.add(quantities.weekday(words))
    return Weekdays(tuple(sorted(days)))


def received(words: Words, directory: Directory) -> Sentence:
    """Form 11."""
    event = phrases.event(words)
    words.need("received", hint="for example scan received")
    return Received(event)
