"""Durations as people write them (`90s`, `1h30m`, `2 days`) and as milliseconds. A unit is always required."""

import re
from difflib import get_close_matches

from domain.instant import DAY, HOUR, MINUTE, SECOND, Span

UNITS: dict[str, Span] = {
    "ms": 1,
    "s": SECOND,
    "sec": SECOND,
    "second": SECOND,
    "seconds": SECOND,
    "m": MINUTE,
    "min": MINUTE,
    "minute": MINUTE,
    "minutes": MINUTE,
    "h": HOUR,
    "hour": HOUR,
    "hours": HOUR,
    "d": DAY,
    "day": DAY,
    "days": DAY,
}
"""Unit -> milliseconds."""

LONGEST: Span = 366 * DAY
"""A longer duration is taken for a slip of the pen."""

_SHORT: tuple[tuple[str, Span], ...] = (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1))
_PART = re.compile(r"(\d+)\s*([a-z]+)")
_WHOLE = re.compile(r"(?:\d+\s*[a-z]+\s*)+")
_BARE = re.compile(r"\d+(?:\.\d+)?")


class DurationError(ValueError):
    """A text that is no duration. `hint` says what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def span_of(text: str) -> Span:
    """Milliseconds of `90s`, `1h30m`, `2 days`; raises DurationError."""
    written = text.strip().casefold()
    if _BARE.fullmatch(written):
        raise DurationError(f"a duration needs a unit, {text.strip()} has none", bare_hint(written))
    if not written.isascii() or not _WHOLE.fullmatch(written):
        raise DurationError(f'"{text.strip()}" is not a duration', "for example 90s, 15m, 2h, 1h30m, 2 days")
    return _checked(text.strip(), sum(_part(number, unit) for number, unit in _PART.findall(written)))


def bare_hint(number: str) -> str:
    """What a bare number may have meant."""
    return "write 0s" if number == "0" else f"write {number}s, {number}m, {number}h or {number} days"


def text_of(span: Span) -> str:
    """The shortest text that reads back as the same span: `2h`, `1h30m`, `0s`."""
    if span <= 0:
        return "0s" if span == 0 else f"-{text_of(-span)}"
    parts = []
    for unit, length in _SHORT:
        count, span = divmod(span, length)
        parts.append(f"{count}{unit}" if count else "")
    return "".join(parts)


def unit_hint(unit: str) -> str:
    """What a word that is no unit may have meant: `minuts` is minutes, `hrs` is hours."""
    near = get_close_matches(unit.casefold(), UNITS, n=1)
    return f'did you mean "{near[0]}"?' if near else "units: ms, s, m, h, days"


def _part(number: str, unit: str) -> Span:
    if unit not in UNITS:
        raise DurationError(f'"{unit}" is not a unit of time', unit_hint(unit))
    return int(number[:18]) * UNITS[unit]


def _checked(text: str, span: Span) -> Span:
    if span > LONGEST:
        raise DurationError(f'"{text}" is longer than a year', "the longest duration is 366 days")
    return span
