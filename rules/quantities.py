"""Numbers with their units, durations, clock times and weekdays, as they stand in sentences."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from domain.currencies import DECIMALS, USUAL
from domain.instant import DAY, HOUR, MINUTE, SECOND, Span
from rules.directory import Directory
from rules.durations import LONGEST, UNITS, DurationError, bare_hint, span_of, unit_hint
from rules.meant import is_unit
from rules.problems import suggestion
from rules.tree import Counted
from rules.vocabulary import COUNT, METRES, MONEY, PERCENT, VOCABULARY
from rules.words import SentenceError, Word, Words

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_NAMES: Mapping[str, int] = {name: day for day, full in enumerate(WEEKDAYS) for name in (full, full[:3])}

LARGEST_NUMBER = 10**12
"""In grains. The matcher holds whole numbers of 64 bits; nothing that is counted here comes near."""


def duration(words: Words) -> Span:
    """A length of time with its unit: `15m`, `1h 30m`, `2 days`."""
    first, start = words.peek(), words.at
    while words.peek().kind == "quantity" or (words.peek().kind == "number" and words.peek(1).low in UNITS):
        words.at += 1 if words.peek().kind == "quantity" else 2
    if words.at == start or words.peek().kind == "number":
        _fail_duration(words, words.peek())
    last = words.peek(-1)
    text = words.text[first.at : last.at + last.length]
    try:
        return span_of(text)
    except DurationError as error:
        raise SentenceError("R107", first.at, len(text), str(error), error.hint) from None


def _fail_duration(words: Words, first: Word) -> None:
    if words.is_at("business", ahead=1):
        words.fail(
            "R112", words.peek(1), "this is measured in elapsed time, not in business time", "count in hours or days of the clock"
        )
    if first.kind == "number" and is_unit(words.peek(1)):
        counts = words.has("attempts") or words.has("times")
        hint = f'to count, write "attempts at least {first.text}"' if counts else unit_hint(words.peek(1).low)
        words.fail("R107", words.peek(1), f"{words.peek(1).shown} is not a unit of time", hint)
    if first.kind == "number":
        words.fail("R107", first, f"a duration needs a unit, {first.text} has none", bare_hint(first.text))
    words.fail("R107", first, f"expected a duration, found {first.shown}", "for example 90s, 15m, 2h, 1h30m, 2 days")


BUSINESS_UNITS: Mapping[str, tuple[Literal["hours", "days"], Span]] = {
    "minute": ("hours", MINUTE),
    "minutes": ("hours", MINUTE),
    "hour": ("hours", HOUR),
    "hours": ("hours", HOUR),
    "day": ("days", DAY),
    "days": ("days", DAY),
}
"""Unit of business time -> how it is counted, and its length."""


def length(words: Words, directory: Directory) -> tuple[Span, Counted | None]:
    """D: a duration, or business time: `3 business hours in calendar C`, `1 business day` (on the calendar of the hub)."""
    if not (words.peek().kind == "number" and words.is_at("business", ahead=1)):
        return duration(words), None
    number = words.next()
    words.next()
    unit, each = BUSINESS_UNITS[words.one_of("R107", "unit of business time", BUSINESS_UNITS)]
    if not number.text.isdigit() or not 1 <= int(number.text[:9]) * each <= LONGEST:
        words.fail("R107", number, f"business time can not be {number.text}", "a whole number of business minutes, hours or days")
    calendar = calendar_name(words, directory) if words.eat("in") else None
    return int(number.text) * each, Counted(calendar, unit)


def counted_in(words: Words, directory: Directory, counted: Counted | None) -> Counted | None:
    """`counted in calendar C` behind a duration; what was counted so far if it does not stand there."""
    word = words.peek()
    if not words.eat("counted"):
        return counted
    words.need("in")
    if counted is not None:
        words.fail("R112", word, "business time is counted in a calendar already", "write for 3 business hours in calendar C")
    return Counted(calendar_name(words, directory))


def calendar_name(words: Words, directory: Directory) -> str:
    """`calendar C`, one of directory.yaml where it has any."""
    words.need("calendar", hint="for example in calendar weekdays")
    word = words.next()
    if word.kind in ("end", "comma"):
        words.fail("R023", word, f"expected the name of a calendar, found {word.shown}", suggestion("", directory.calendars))
    if directory.calendars and word.text not in directory.calendars:
        words.fail("R023", word, f'unknown calendar "{word.text}"', suggestion(word.text, directory.calendars))
    return word.text


def held(words: Words, directory: Directory) -> tuple[Span, Counted | None]:
    """The D of `for D`, or nothing."""
    return length(words, directory) if words.eat("for") else (0, None)


def number(words: Words, name: str) -> int:
    """A number of the fact, in its grain."""
    return amount(words, name)[0]


def amount(words: Words, name: str, beside: str | None = None) -> tuple[int, str | None]:
    """A number of the fact, in its grain, and its currency, or that of the number that it stands `beside`; None without one."""
    if _is_span(name):
        return duration(words), None
    written, unit, word = _quantity(words, name)
    currency = _currency(words, name, unit, word, beside)
    return _grains(words, name, written, unit or (beside or "").casefold(), word), currency


def number_range(words: Words, name: str) -> tuple[int, int, str | None]:
    """`A and B`, and their currency; a unit behind B counts for A too."""
    if _is_span(name):
        low = duration(words)
        words.need("and")
        return low, duration(words), None
    first, first_unit, first_word = _quantity(words, name)
    words.need("and")
    last, last_unit, last_word = _quantity(words, name)
    low = _grains(words, name, first, first_unit or last_unit, first_word)
    currency = _currency(words, name, last_unit, last_word, _currency(words, name, first_unit, first_word, None))
    unit = last_unit or first_unit if currency else last_unit
    return low, _grains(words, name, last, unit, last_word), currency


def refuse_late(words: Words, first: str | None, currency: str | None) -> None:
    """Fails where an amount without a currency stands before one with it, and does not count in the minor units of that one."""
    if currency and first is None and DECIMALS[currency] != USUAL:
        said = f"it is not clear what the amounts before {currency} are in"
        words.fail("R106", words.peek(-1), said, f"write {currency} behind the first amount")


def _currency(words: Words, name: str, unit: str, word: Word, beside: str | None) -> str | None:
    """What an amount is in; fails where that is not what the one beside it is in."""
    found = unit.upper() if unit and VOCABULARY[name].units is MONEY else None
    if found and beside and found != beside:
        said = f"amounts in {beside} and {found} cannot be compared with one {name}"
        words.fail("R106", word, said, f"write all of them in {beside}, or a rule for each currency")
    return found or beside


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
    if not unit and words.peek().kind == "word" and after not in _AFTER_NUMBER:
        words.next()
        unit = after
    return amount, unit, word


_AFTER_NUMBER = ("and", "for", "or")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ%°"


def _grains(words: Words, name: str, amount: str, unit: str, word: Word) -> int:
    units = VOCABULARY[name].units or {}
    if unit not in units:
        said = f'"{name}" is not measured in {unit}' if unit else f'"{name}" needs a unit'
        words.fail("R106", word, said, _unit_hint(name))
    grains = Decimal(amount) * units[unit]
    if grains != grains.to_integral_value():
        words.fail("R106", word, f'"{name}" is not measured as finely as {word.text}', "use fewer decimals")
    if abs(grains) > LARGEST_NUMBER or (grains < 0 and units in (COUNT, METRES)) or (units is PERCENT and not 0 <= grains <= 100):
        words.fail("R106", word, f'"{name}" can not be {word.text}', _unit_hint(name))
    return int(grains)


def _unit_hint(name: str) -> str:
    units = VOCABULARY[name].units
    if units == {}:
        return "for example 15m"
    if units is PERCENT:
        return "0% to 100%"
    if units is METRES:
        return "for example 300 m, or 2 km"
    named = [unit.upper() if units is not COUNT else unit for unit in units or {} if unit]
    return f"for example 20 {named[0]}" if named else "a whole number, for example 2"


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
