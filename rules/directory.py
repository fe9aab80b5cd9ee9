"""directory.yaml: the hubs, queues, carriers, zones and calendars that rules may name. Every section may be missing.

People are not part of it: their addresses are personal data and stay with the worker that writes to them. Of endpoints it has
the names only: where they are, and the names of their secrets, is the worker's business too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.instant import Span


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub. `cutoff` is in milliseconds since local midnight."""

    timezone: str | None = None
    cutoff: Span | None = None
    calendar: str | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier: how often its feed reports when all is well, who stands in for it, and the endpoint that takes what is asked of
    it. Cost in minor units of `currency`."""

    cadence: Span | None = None
    backup: tuple[str, ...] = ()
    cost_per_drop: int | None = None
    currency: str | None = None
    requests: str | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days (Monday is 0), hours (milliseconds since local midnight) and the country whose holidays are off.

    `days_off` are the dates of those holidays, as days since 1970-01-01: they are published with the book, so that what a rule
    decides never depends on the library that is installed. None: the calendar was written, or published, without them.
    """

    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    opens: Span = 0
    closes: Span = 86_400_000
    holidays: str | None = None
    days_off: tuple[int, ...] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Directory:
    """What rules may name. A rulebook is published together with the directory that it was checked against."""

    hubs: Mapping[str, Hub] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    carriers: Mapping[str, Carrier] = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ()
