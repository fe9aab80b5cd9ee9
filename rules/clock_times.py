"""Clock times as tests write them: `09:00`, `11:45:30`, `+1d 09:00`, on a day and in a timezone."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from domain.instant import DAY, Instant, Span, moment
from rules import clock, quantities
from rules.durations import text_of
from rules.words import SentenceError, Word, Words

UNIX_DAY = date(1970, 1, 1)

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The day that clock times stand on, as days since 1970-01-01, and whose clock shows them."""

    day: int
    zone: ZoneInfo

    @classmethod
    def on_day_of(cls, at: Instant, zone: ZoneInfo) -> "Calendar":
        """The calendar of the local day that an instant belongs to."""
        return cls(clock.local_day(zone, at), zone)

    def instant(self, days: int, at: Span) -> Instant | None:
        """The instant of a clock time so many days later; None for a time that the clocks skip. A doubled hour is its first."""
        found = clock.edge(self.zone, self.day + days, at)
        shown = found + clock.offset_at(self.zone, found)
        return found if shown == (self.day + days) * DAY + at else None

    def text(self, at: Instant) -> str:
        """How a test writes an instant: `11:45:00`, `+1d 09:00:00`; milliseconds where there are some."""
        local = moment(at).astimezone(self.zone)
        days = local.date().toordinal() - UNIX_DAY.toordinal() - self.day
        clock_time = f"{local:%H:%M:%S}" + (f".{at % 1000:03}" if at % 1000 else "")
        return f"{days:+}d {clock_time}" if days else clock_time

    def iso(self, at: Instant) -> str:
        """The instant with its offset, for orders."""
        return moment(at).astimezone(self.zone).isoformat()

    @property
    def date(self) -> date:
        return UNIX_DAY + timedelta(days=self.day)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - UNIX_DAY).days


def read_time(words: Words, calendar: Calendar, default_days: int = 0) -> tuple[Instant, int]:
    """The clock time that stands here and the days that it is later than the calendar's; raises SentenceError."""
    first = words.peek()
    days = _days(words, first) if _is_days(first) else default_days
    at = quantities.clock_time(words)
    found = calendar.instant(days, at)
    if found is None:
        length = words.peek(-1).at + words.peek(-1).length - first.at
        said = f"the clocks of {calendar.zone.key} skip {text_of(at)} after midnight on that day"
        raise SentenceError("R108", first.at, length, said, "choose another time of day")
    return found, days


def _is_days(word: Word) -> bool:
    low = word.low
    return len(low) > 2 and low[0] in "+-" and low[-1] == "d" and low[1:-1].isascii() and low[1:-1].isdigit()


def _days(words: Words, word: Word) -> int:
    words.next()
    days = int(word.low[:-1])
    if abs(days) > 366:
        words.fail("R108", word, f"{word.text} is more than a year away", "for example +1d 09:00")
    return days


def read_window(words: Words, calendar: Calendar) -> tuple[Instant | None, Instant]:
    """`14:00-16:00`, `+1d 14:00-16:00`, or `16:00` alone, by which it was promised; raises SentenceError."""
    first = words.peek()
    days = words.next().text if first.low.startswith(("+", "-")) else ""
    word = words.next()
    parts = word.text.split("-")
    if len(parts) > 2 or word.kind in ("end", "comma"):
        words.fail("R108", word, f"{word.shown} is not a window of time", 'for example "14:00-16:00"')
    instants = [_part_of_window(f"{days} {part}".strip(), word, calendar) for part in parts]
    if len(instants) == 2 and instants[0] > instants[1]:
        words.fail("R108", word, f"the window {word.text} ends before it starts", "from an earlier to a later time of one day")
    return (instants[0], instants[1]) if len(instants) == 2 else (None, instants[0])


def _part_of_window(text: str, word: Word, calendar: Calendar) -> Instant:
    try:
        return read_time(Words(text), calendar)[0]
    except SentenceError as error:
        raise SentenceError("R108", word.at, word.length, error.message, 'for example "14:00-16:00"') from None
