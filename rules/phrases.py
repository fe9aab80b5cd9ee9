"""The parts that sentences are made of: facts, values, numbers, events, times, durations, clock times."""

from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatchcase

from domain.instant import DAY, HOUR, MINUTE, SECOND, Span
from domain.status import MILESTONES, Party
from rules.directory import Directory
from rules.durations import UNITS, DurationError, bare_hint, span_of
from rules.problems import suggestion
from rules.tree import EventPattern, TimeRef, Value
from rules.vocabulary import COUNT, DUE, EVENTS, PERCENT, VOCABULARY
from rules.words import SentenceError, Word, Words

FACTS: Mapping[str, str] = {phrase: name for name, fact in VOCABULARY.items() for phrase in (name, *fact.synonyms)}
"""What a fact may be called -> its name."""

TIMES: Mapping[str, str] = {phrase: name for phrase, name in FACTS.items() if VOCABULARY[name].type == "time"}

YES_NO: Mapping[str, bool] = {"yes": True, "true": True, "no": False, "false": False}

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_NAMES: Mapping[str, int] = {name: day for day, full in enumerate(WEEKDAYS) for name in (full, full[:3])}

LARGEST_NUMBER = 10**12
"""In grains. The matcher holds whole numbers of 64 bits; nothing that is counted here comes near."""

_OPERATORS = frozenset(["is", "over", "under", "at", "between", "includes", "later", "earlier", "for", "not", "does"])
_LATER_TIMES = ("hub cutoff",)
_LATER_EVENTS = ("opened",)


def fact_here(words: Words) -> str | None:
    """The name of the fact that stands here; the words stay unread."""
    start = words.at
    phrase = words.phrase(FACTS)
    words.at = start
    return FACTS[phrase] if phrase else None


def fact(words: Words) -> str:
    """A fact's name, and past it."""
    phrase = words.phrase(FACTS)
    if phrase is None:
        _fail_unknown_fact(words)
    return FACTS[phrase or ""]


def _fail_unknown_fact(words: Words) -> None:
    unknown = []
    for word in words.rest():
        if word.low in _OPERATORS or word.kind not in ("word", "quoted"):
            break
        unknown.append(word)
    first = words.peek()
    if not unknown:
        words.fail("R103", first, f"expected a fact, found {first.shown}", suggestion("", FACTS))
    text = " ".join(word.text for word in unknown)
    length = unknown[-1].at + unknown[-1].length - first.at
    raise SentenceError("R103", first.at, length, f'unknown fact "{text}"', suggestion(text, FACTS))


def duration(words: Words) -> Span:
    """A length of time with its unit: `15m`, `1h 30m`, `2 days`."""
    first, start = words.peek(), words.at
    while words.peek().kind == "quantity" or (words.peek().kind == "number" and words.peek(1).low in UNITS):
        words.at += 1 if words.peek().kind == "quantity" else 2
    if words.at == start:
        _fail_duration(words, first)
    last = words.peek(-1)
    text = words.text[first.at : last.at + last.length]
    try:
        return span_of(text)
    except DurationError as error:
        raise SentenceError("R107", first.at, len(text), str(error), error.hint) from None


def _fail_duration(words: Words, first: Word) -> None:
    if words.is_at("business", ahead=1):
        words.fail("R014", words.peek(1), "business hours and days are not supported yet", "count in hours or days of the clock")
    if first.kind == "number":
        words.fail("R107", first, f"a duration needs a unit, {first.text} has none", bare_hint(first.text))
    words.fail("R107", first, f"expected a duration, found {first.shown}", "for example 90s, 15m, 2h, 1h30m, 2 days")


def held(words: Words) -> Span:
    """The D of `for D`, or nothing."""
    return duration(words) if words.eat("for") else 0


def number(words: Words, name: str) -> int:
    """A number of the fact, in its grain."""
    if _is_span(name):
        return duration(words)
    amount, unit, word = _quantity(words, name)
    return _grains(words, name, amount, unit, word)


def number_range(words: Words, name: str) -> tuple[int, int]:
    """`A and B`; a unit behind B counts for A too."""
    if _is_span(name):
        low = duration(words)
        words.need("and")
        return low, duration(words)
    first, first_unit, first_word = _quantity(words, name)
    words.need("and")
    last, last_unit, last_word = _quantity(words, name)
    low = _grains(words, name, first, first_unit or last_unit, first_word)
    return low, _grains(words, name, last, last_unit, last_word)


def _is_span(name: str) -> bool:
    return VOCABULARY[name].units == {}


def _quantity(words: Words, name: str) -> tuple[str, str, Word]:
    """A number, its unit ("" if none is written) and the word that it begins with."""
    word = words.next()
    if word.kind not in ("number", "quantity"):
        words.fail("R106", word, f'expected a number for "{name}", found {word.shown}', _unit_hint(name))
    amount = word.text.rstrip(_LETTERS)
    unit = word.low[len(amount) :].removeprefix("°")
    after = words.peek().low.removeprefix("°")
    if not unit and after in (VOCABULARY[name].units or {}):
        words.next()
        unit = after
    return amount, unit, word


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ%°"


def _grains(words: Words, name: str, amount: str, unit: str, word: Word) -> int:
    units = VOCABULARY[name].units or {}
    if unit not in units:
        said = f'"{name}" is not measured in {unit}' if unit else f'"{name}" needs a unit'
        words.fail("R106", word, said, _unit_hint(name))
    grains = Decimal(amount) * units[unit]
    if grains != grains.to_integral_value():
        words.fail("R106", word, f'"{name}" is not measured as finely as {word.text}', "use fewer decimals")
    if abs(grains) > LARGEST_NUMBER or (grains < 0 and units is COUNT) or (units is PERCENT and not 0 <= grains <= 100):
        words.fail("R106", word, f'"{name}" can not be {word.text}', _unit_hint(name))
    return int(grains)


def _unit_hint(name: str) -> str:
    units = VOCABULARY[name].units
    if units == {}:
        return "for example 15m"
    if units is PERCENT:
        return "0% to 100%"
    named = [unit.upper() if units is not COUNT else unit for unit in units or {} if unit]
    return f"for example 20 {named[0]}" if named else "a whole number, for example 2"


def value(words: Words, name: str, directory: Directory) -> Value:
    """A value that the fact can have."""
    word = words.peek()
    described = VOCABULARY[name]
    if described.type == "number":
        return number(words, name)
    if described.type == "yes_no":
        return YES_NO[words.one_of("R105", "answer", YES_NO)]
    if described.type in ("time", "list"):
        instead = "includes" if described.type == "list" else "later than, earlier than or is known"
        words.fail("R109", word, f'"{name}" is a {described.type}', f"use {instead}")
    if word.kind in ("end", "comma"):
        words.fail("R105", word, f'expected a value of "{name}", found {word.shown}', suggestion("", described.values))
    return _enum_value(words, name) if described.type == "enum" else _text_value(words, name, directory)


def _enum_value(words: Words, name: str) -> str:
    word = words.next()
    allowed = VOCABULARY[name].values
    if not any(fnmatchcase(known, word.low) for known in allowed):
        said = f"no {name} is called" if "*" not in word.low else f"no {name} matches"
        words.fail("R105", word, f'{said} "{word.text}"', suggestion(_joined(words, word), allowed))
    return word.low


def _joined(words: Words, word: Word) -> str:
    """`out for delivery`, written with spaces, is close to a value that has underscores."""
    return "_".join([word.text, *(after.text for after in words.rest()[:2])])


def _text_value(words: Words, name: str, directory: Directory) -> str:
    word = words.next()
    register = VOCABULARY[name].register
    known = tuple(getattr(directory, register)) if register else ()
    if known and not is_glob(word.text) and word.text not in known:
        words.fail("R023", word, f'unknown {(register or "")[:-1]} "{word.text}"', suggestion(word.text, known))
    return word.text


def is_glob(text: str) -> bool:
    return any(character in text for character in "*?[")


def event(words: Words) -> EventPattern:
    """E with its qualifiers, each at most once."""
    word = words.peek()
    if word.low in _LATER_EVENTS:
        words.fail("R014", word, f'"{word.text} RULE" is not supported yet', "name an event or a status")
    name = words.phrase(EVENTS)
    if name is None:
        _fail_unknown_event(words, word)
    qualifiers: dict[str, str] = {}
    while (key := _qualifier_here(words)) and key not in qualifiers:
        qualifiers[key] = _QUALIFIERS[key](words)
    by = qualifiers.get("by")
    return EventPattern(
        name or "", qualifiers.get("place"), qualifiers.get("reason"), Party(by) if by else None, qualifiers.get("source")
    )


def _fail_unknown_event(words: Words, word: Word) -> None:
    states = [name for name in EVENTS if name.startswith(f"{word.low} ")]
    if word.kind in ("end", "comma") or states:
        words.fail("R104", word, f"expected an event, found {word.shown}", suggestion(word.text, states or EVENTS))
    words.fail("R104", word, f'unknown event "{word.text}"', suggestion(_joined_event(words), EVENTS))


def _joined_event(words: Words) -> str:
    return "_".join(word.text for word in words.rest()[:3] if word.kind == "word" and word.low not in _OPERATORS)


def _qualifier_here(words: Words) -> str | None:
    if words.is_at("at") and words.peek(1).low not in ("least", "most"):
        return "place"
    return {"with": "reason", "by": "by", "from": "source"}.get(words.peek().low)


def _place(words: Words) -> str:
    words.need("at")
    return _named(words, "place")


def _source(words: Words) -> str:
    words.need("from")
    return _named(words, "source")


def _named(words: Words, what: str) -> str:
    word = words.next()
    if word.kind in ("end", "comma"):
        words.fail("R104", word, f"expected the name of a {what}, found {word.shown}")
    return word.text


def _reason(words: Words) -> str:
    words.need("with", "reason")
    return _enum_value(words, "last reason")


def _by(words: Words) -> str:
    words.need("by")
    return words.one_of("R104", "party", [party.value for party in Party])


_QUALIFIERS = {"place": _place, "reason": _reason, "by": _by, "source": _source}


def time(words: Words) -> TimeRef:
    """T: a fact that is a time, `MILESTONE due`, or `last E`."""
    phrase = words.phrase(TIMES)
    if phrase:
        return TimeRef("fact", TIMES[phrase])
    due = words.phrase(DUE)
    if due:
        return TimeRef("due", due.removesuffix(" due"))
    if words.eat("last"):
        return TimeRef("last", words.one_of("R104", "event", EVENTS))
    if words.phrase(_LATER_TIMES):
        words.fail("R014", words.peek(-1), "the time hub cutoff is not supported yet", "use planned departure or MILESTONE due")
    _fail_unknown_time(words)
    raise AssertionError("unreachable")


def _fail_unknown_time(words: Words) -> None:
    word = words.peek()
    if word.low in {milestone.value for milestone in MILESTONES}:
        words.fail("R111", word, f'"{word.text}" is a status, not a time', f'write "{word.low} due" or "last {word.low}"')
    name = fact_here(words)
    if name:
        words.fail("R109", word, f'"{name}" is not a time', suggestion("", TIMES))
    text = " ".join(after.text for after in words.rest()[:2] if after.low not in _OPERATORS)
    words.fail("R111", word, f"unknown time {word.shown}", suggestion(text, [*TIMES, *DUE]))


def clock_time(words: Words) -> Span:
    """Milliseconds since local midnight; 24:00 is the end of the day."""
    word = words.next()
    if word.kind != "clock":
        words.fail("R108", word, f"expected a time of day, found {word.shown}", "for example 08:00")
    at = clock_span(word.text)
    if at is None:
        words.fail("R108", word, f"there is no time of day {word.text}", "00:00 to 24:00")
    return at or 0


def clock_span(text: str) -> Span | None:
    """`08:30` as milliseconds since midnight; None if it is no time of day."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):
        return None
    hours, minutes, seconds = (int(part) for part in [*parts, "0"][:3])
    at = hours * HOUR + minutes * MINUTE + seconds * SECOND
    return at if minutes < 60 and seconds < 60 and at <= DAY else None


def weekday(words: Words) -> int:
    """Monday is 0."""
    return DAY_NAMES[words.one_of("R108", "weekday", DAY_NAMES)]
