"""The thresholds that stand in a rulebook, its table of params and its blueprints: where each is written, and what it may become.

A threshold is a length of time, a clock time, a number of a fact or a count. It is shifted by one grain: a second for
everything that is measured in time (a minute of business hours, a business day of business days), and for numbers the step of
GRAINS. Texts, scopes, priorities, shares (`rollout`) and what actions are told are none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.currencies import DECIMALS
from domain.instant import SECOND, Span
from rules.durations import UNITS, DurationError, span_of, text_of
from rules.quantities import clock_span
from rules.scalars import word_offsets
from rules.source import Items, Node, Pairs, Source, Text

GRAINS: Mapping[str, tuple[str, ...]] = {
    "%": ("1",),
    "percent": ("1",),
    "c": ("0.1",),
    "degrees": ("0.1",),
    "m": ("1",),
    "km": ("0.001",),
}
"""Unit of a number -> its grain: a percent, a tenth of a degree, a metre."""

OTHERWISE: tuple[str, ...] = ("0.01", "1")
"""The grain of money without a currency is a cent, and that of what cannot be divided so finely is one; money in a currency has
that of its minor unit."""

WHOLE_VALUES = frozenset(
    {
        "hold",
        "stay_clear",
        "cooldown",
        "final_grace",
        "expires_after",
        "acknowledge_expires",
        "propose_for",
        "after",
        "every",
        "within",
    }
    | {"gather", "accept_within", "answer_within", "at_least", "at_most", "cost", "window"}
)
"""Keys outside conditions whose value is a threshold."""

CONDITIONS = frozenset({"when", "only_when", "clears_when", "use", "with"})
"""Keys with thresholds in each of their texts; `use` and `with` fill the holes of a blueprint."""

_TIME = re.compile(r"(?<![\w.:])\d{1,2}:\d\d(?::\d\d)?(?![\w:])")
_BUSINESS = re.compile(r"(?<![\w.])(\d+)\s+business\s+(minutes?|hours?|days?)\b", re.IGNORECASE)
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_LENGTH = re.compile(rf"(?<![\w.])\d+\s*(?:{_UNIT})(?:\s*\d+\s*(?:{_UNIT}))*(?![a-z])", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.:])-?\d+(?:\.\d+)?(?![\w.:]*\d)\s*(%|°?[a-z]+)?", re.IGNORECASE)
_AMOUNT = re.compile(r"-?\d+(?:\.\d+)?")
_DAY = 24 * 60 * 60 * SECOND


@dataclass(frozen=True, slots=True)
class Threshold:
    """`start` and `end` are offsets in the file's text; `shifts` are the texts that may stand there instead, for each direction
    those that it may mean, the most likely first."""

    file: str
    start: int
    end: int
    written: str
    shifts: tuple[tuple[str, ...], tuple[str, ...]]


def thresholds(source: Source, node: Node) -> Iterator[Threshold]:
    """Those of a rulebook, or of a blueprint, in the order written."""
    yield from _within(source, node, everywhere=False)


def in_table(text: str, file: str, columns: frozenset[int]) -> Iterator[Threshold]:
    """Those of a table of params: the cells of some columns, below the header."""
    offset = 0
    for number, line in enumerate(text.splitlines(keepends=True)):
        cells, at = line.rstrip("\r\n").split(","), offset
        for column, cell in enumerate(cells):
            if number and column in columns:
                yield from (
                    Threshold(file, at + one.start, at + one.end, one.written, one.shifts) for one in _in_text(file, cell)
                )
            at += len(cell) + 1
        offset += len(line)


def _within(source: Source, node: Node, everywhere: bool) -> Iterator[Threshold]:
    """`everywhere`: within a condition, where every text counts."""
    if isinstance(node, Items):
        for item in node.items:
            yield from _within(source, item, everywhere)
    elif isinstance(node, Pairs):
        for key, value in node.pairs:
            if everywhere:
                yield from _of_text(source, key)
            is_threshold = isinstance(value, Text) and key.value in WHOLE_VALUES
            yield from _within(source, value, everywhere or key.value in CONDITIONS or key.value == "define" or is_threshold)
    elif everywhere:
        yield from _of_text(source, node)


def _of_text(source: Source, node: Text) -> Iterator[Threshold]:
    places = word_offsets(source.text, node)
    for found in _in_text(source.name, node.value):
        start, end = places[found.start], places[found.end - 1] + 1
        if source.text[start:end] == found.written:
            yield Threshold(source.name, start, end, found.written, found.shifts)


def _in_text(file: str, text: str) -> Iterator[Threshold]:
    """The thresholds in a text, with their places in it."""
    taken = [False] * (len(text) + 1)
    found = []
    for pattern, shifted in ((_TIME, _times), (_BUSINESS, _business), (_LENGTH, _lengths), (_NUMBER, _numbers)):
        for match in pattern.finditer(text):
            if not any(taken[match.start() : match.end()]):
                taken[match.start() : match.end()] = [True] * (match.end() - match.start())
                whole = match[0].rstrip()
                written = _amount(whole) if pattern is _NUMBER else whole
                shifts = shifted(whole)
                found.append(Threshold(file, match.start(), match.start() + len(written), written, shifts))
    yield from sorted(found, key=lambda one: one.start)


Shifts = tuple[tuple[str, ...], tuple[str, ...]]


def _times(written: str) -> Shifts:
    at = clock_span(written) or 0
    return (_clock((at - SECOND) % _DAY),), (_clock((at + SECOND) % _DAY),)


def _clock(at: Span) -> str:
    seconds = at // SECOND
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _business(written: str) -> Shifts:
    match = _BUSINESS.match(written)
    number, unit = (int(match[1]), match[2].casefold()) if match else (0, "")
    if unit.startswith("day"):
        return (f"{number - 1} business days",), (f"{number + 1} business days",)
    minutes = number * (60 if unit.startswith("hour") else 1)
    return (f"{minutes - 1} business minutes",), (f"{minutes + 1} business minutes",)


def _lengths(written: str) -> Shifts:
    """`300 m` may be minutes or metres: the fact tells, when the book is read."""
    try:
        span = span_of(written)
    except DurationError:
        span = 0
    amount = _amount(written)
    less, more = _numbers(written)
    rest = written[len(amount) :]
    shorter = (text_of(span - SECOND),) if span else ()
    return shorter + tuple(f"{one}{rest}" for one in less), (text_of(span + SECOND), *(f"{one}{rest}" for one in more))


def _numbers(written: str) -> Shifts:
    """The number alone, without its unit."""
    amount = Decimal(_amount(written))
    unit = written[len(_amount(written)) :].strip().casefold().removeprefix("°")
    grains = [Decimal(1).scaleb(-DECIMALS[unit.upper()])] if unit.upper() in DECIMALS else _grains(unit)
    return tuple(str(amount - grain) for grain in grains), tuple(str(amount + grain) for grain in grains)


def _grains(unit: str) -> list[Decimal]:
    return [Decimal(grain) for grain in GRAINS.get(unit, OTHERWISE)]


def _amount(written: str) -> str:
    found = _AMOUNT.match(written)
    return found[0] if found else "0"
