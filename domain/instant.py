"""Instants and spans: whole milliseconds, so that no float ever decides when a rule opens."""

from datetime import UTC, date, datetime
from typing import TypeAlias, TypeVar

Instant: TypeAlias = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

Span: TypeAlias = int
"""A length of time in milliseconds."""

SECOND: Span = 1_000
MINUTE: Span = 60 * SECOND
HOUR: Span = 60 * MINUTE
DAY: Span = 24 * HOUR

NEVER: Instant = 1 << 62
"""Later than every instant: "not, if nothing new happens"."""

YEARS = range(2000, 2100)
"""Instants outside are mistakes, and some could not be shown or added to."""

Day = TypeVar("Day", bound=date)


def of_our_time(when: Day) -> Day:
    """The same date or datetime; raises ValueError for one that is a mistake."""
    if when.year not in YEARS:
        raise ValueError(f"the year must lie between {YEARS[0]} and {YEARS[-1]}")
    return when


def instant(moment: datetime) -> Instant:
    """The instant of an aware datetime; raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no offset; write for example {moment.isoformat()}+02:00")
    delta = moment - _EPOCH
    return delta.days * DAY + delta.seconds * SECOND + delta.microseconds // 1000


def moment(at: Instant) -> datetime:
    """The UTC datetime of an instant."""
    return datetime.fromtimestamp(at // 1000, UTC).replace(microsecond=at % 1000 * 1000)


def from_iso(text: str) -> Instant:
    """The instant of a time with an offset, as `iso` writes it; raises ValueError."""
    return instant(datetime.fromisoformat(text))


def iso(at: Instant | None) -> str | None:
    """ISO 8601 in UTC with seconds (and milliseconds where there are some); None stays None."""
    if at is None:
        return None
    text = moment(at).isoformat(timespec="milliseconds" if at % 1000 else "seconds")
    return text.replace("+00:00", "Z")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
