"""Business time: the windows in which a calendar works, and how long a span of working time takes.

A calendar's hours are read on a local clock; which one is for the caller to say.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from math import ceil
from zoneinfo import ZoneInfo

from holidays import country_holidays, list_supported_countries

from domain.instant import DAY, NEVER, Instant, Span
from rules import clock
from rules.clock_times import UNIX_DAY
from rules.directory import Calendar

FURTHEST_DAYS = 3_660
"""How many days a window is looked for: ten years without a working day are as good as never."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A calendar on a local clock."""

    calendar: Calendar
    zone: ZoneInfo

    def at(self, t: Instant) -> tuple[bool, Instant]:
        """Whether it works at an instant, and until when; the start is inside, the end outside."""
        for opens, closes in self._windows(t, 1):
            if t < closes:
                return t >= opens, closes if t >= opens else opens
        return False, NEVER

    def after(self, start: Instant, span: Span, in_days: bool) -> Instant:
        """The first instant at which a span of working time has passed since an instant; NEVER if it never has.

        `in_days`: each 24 hours of the span stand for one working day, from opening to closing.
        """
        return _after(self, start, span, in_days)

    def before(self, end: Instant, span: Span, in_days: bool) -> Instant:
        """The last instant from which a span of working time passes until an instant; 0 if there is none."""
        return _before(self, end, span, in_days)

    def _windows(self, t: Instant, step: int) -> Iterator[tuple[Instant, Instant]]:
        """The windows of working days, from around an instant on, forwards (1) or backwards (-1)."""
        today = clock.local_day(self.zone, t)
        for days in range(-1, FURTHEST_DAYS):
            window = _window(self, today + days * step)
            if window is not None:
                yield window


@lru_cache(maxsize=16_384)
def _window(hours: Hours, day: int) -> tuple[Instant, Instant] | None:
    """When a day's work begins and ends; None on a day off, and where a change of clocks swallows it."""
    calendar = hours.calendar
    if clock.weekday(day) not in calendar.days or is_day_off(calendar, day):
        return None
    start = clock.edge(hours.zone, day, calendar.opens)
    end = clock.edge(hours.zone, day + calendar.closes // DAY, calendar.closes % DAY)
    return (start, end) if start < end else None


@lru_cache(maxsize=16_384)
def _after(hours: Hours, start: Instant, span: Span, in_days: bool) -> Instant:
    left = Fraction(span, DAY if in_days else 1)
    for opens, closes in hours._windows(start, 1):
        begins, unit = max(opens, start), closes - opens if in_days else 1
        if begins < closes:
            has = Fraction(closes - begins, unit)
            if has >= left:
                return begins + ceil(left * unit)
            left -= has
    return NEVER


@lru_cache(maxsize=16_384)
def _before(hours: Hours, end: Instant, span: Span, in_days: bool) -> Instant:
    left = Fraction(span, DAY if in_days else 1)
    for opens, closes in hours._windows(end, -1):
        ends, unit = min(closes, end), closes - opens if in_days else 1
        if opens < ends:
            has = Fraction(ends - opens, unit)
            if has >= left:
                return ends - ceil(left * unit)
            left -= has
    return 0


def is_day_off(calendar: Calendar, day: int) -> bool:
    """Whether a day (counted from 1970-01-01) is one of the calendar's holidays."""
    if calendar.days_off is not None:
        return day in calendar.days_off
    year = (UNIX_DAY + timedelta(days=day)).year
    return calendar.holidays is not None and year in YEARS and day in _holidays(calendar.holidays, year)


YEARS = range(2015, 2041)
"""The years of which holidays are known: fixed, so that the same text has the same dates whenever it is published."""


def days_off(country: str) -> tuple[int, ...]:
    """The public holidays of a country (`FI`) or a part of one (`DE-BY`) in YEARS, by the library that is installed."""
    return tuple(sorted(frozenset[int]().union(*(_holidays(country, year) for year in YEARS))))


def load_holidays(calendars: Iterable[Calendar]) -> None:
    """Makes the holidays of calendars without dates known to this process: workflow code may not read the library's files."""
    for calendar in calendars:
        if calendar.holidays is not None and calendar.days_off is None:
            days_off(calendar.holidays)


def knows_holidays(country: str) -> bool:
    """Whether there are holidays for a country or a part of one."""
    code, _, part = country.partition("-")
    parts = list_supported_countries().get(code)
    return parts is not None and (not part or part in parts)


@lru_cache(maxsize=1_024)
def _holidays(country: str, year: int) -> frozenset[int]:
    code, _, part = country.partition("-")
    found = country_holidays(code, subdiv=part or None, years=year)
    return frozenset((day - UNIX_DAY).days for day in found)
