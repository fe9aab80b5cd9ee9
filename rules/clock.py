"""Local clock times: which instant a wall clock shows them at, across changes of clocks.

A day here is a number of days since 1970-01-01 on the local calendar, a clock time is milliseconds since local midnight.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.instant import DAY, Instant, Span

_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (a wall clock, on purpose)
_MILLISECOND = timedelta(milliseconds=1)


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name; None if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def offset_at(local: ZoneInfo, at: Instant) -> Span:
    """How far local clocks are ahead of UTC at an instant."""
    return _milliseconds(datetime.fromtimestamp(at // 1000, local))


def local_day(local: ZoneInfo, at: Instant) -> int:
    """The local day that an instant belongs to. Each midnight counts once: the first time clocks show it."""
    day = (at + offset_at(local, at)) // DAY
    return day + 1 if at >= edge(local, day + 1, 0) else day


def weekday(day: int) -> int:
    """Monday is 0; 1970-01-01 was a Thursday."""
    return (day + 3) % 7


@lru_cache(maxsize=16_384)
def edge(local: ZoneInfo, day: int, clock: Span) -> Instant:
    """The instant at which clocks first show a clock time on a day.

    A doubled hour is its first; a time that is skipped is where clocks jump over it.
    """
    wall = _LOCAL_EPOCH + timedelta(days=day, milliseconds=clock)
    shown = day * DAY + clock
    first = shown - _milliseconds(wall.replace(tzinfo=local, fold=0))
    if first + offset_at(local, first) == shown:
        return first
    return _jump(local, shown - _milliseconds(wall.replace(tzinfo=local, fold=1)), first)


@lru_cache(maxsize=16_384)
def windows(local: ZoneInfo, day: int, start: Span, end: Span) -> tuple[tuple[Instant, Instant], ...]:
    """A daily window on the day before, the day and the two after, in order; without those that a change of clocks swallows.

    `end` is past 24:00 for a window that crosses midnight.
    """
    days = range(day - 1, day + 3)
    found = ((edge(local, d, start), edge(local, d + end // DAY, end % DAY)) for d in days)
    return tuple((opens, closes) for opens, closes in found if opens < closes)


def _jump(local: ZoneInfo, before: Instant, after: Instant) -> Instant:
    """The instant between two at which clocks were changed."""
    changed = offset_at(local, after)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if offset_at(local, middle) == changed else (middle, after)
    return after


def _milliseconds(local: datetime) -> Span:
    return (local.utcoffset() or timedelta()) // _MILLISECOND
