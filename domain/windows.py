"""Promised windows as people say them, and the same window on a later day. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.instant import Instant, instant, moment
from domain.order import Window

WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "fi": ("ma", "ti", "ke", "to", "pe", "la", "su"),
    "de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

BY: Mapping[str, str] = {"en": "by", "fi": "viimeistään", "de": "bis"}


def spoken(language: str) -> str:
    """The language of ours in which somebody is spoken to: English if theirs is none of them."""
    return language[:2] if language[:2] in WEEKDAYS else "en"


def day_words(local: datetime, language: str) -> str:
    """`Tue 24 Nov`, `ti 24.11.`, `Di 24.11.`."""
    weekday = WEEKDAYS[spoken(language)][local.weekday()]
    return (
        f"{weekday} {local.day} {MONTHS[local.month - 1]}"
        if spoken(language) == "en"
        else f"{weekday} {local.day}.{local.month}."
    )


def window_words(window: Window, timezone: str, language: str) -> str:
    """`Tue 24 Nov 14:00-16:00`; of a promise without a start `Tue 24 Nov by 16:00`."""
    end = moment(window.end).astimezone(ZoneInfo(timezone))
    if window.start is None:
        return f"{day_words(end, language)} {BY[spoken(language)]} {end:%H:%M}"
    start = moment(window.start).astimezone(ZoneInfo(timezone))
    if start.date() != end.date():
        return f"{day_words(start, language)} {start:%H:%M} - {day_words(end, language)} {end:%H:%M}"
    return f"{day_words(start, language)} {start:%H:%M}-{end:%H:%M}"


def later_windows(window: Window, timezone: str, now: Instant) -> Iterator[Window]:
    """The same window by the clock on each later day, from the first that is neither today nor before the promise."""
    zone, days = ZoneInfo(timezone), 0
    first = max(moment(window.end).astimezone(zone).date(), moment(now).astimezone(zone).date())
    promised = moment(window.end).astimezone(zone).date()
    while True:
        days += 1
        ahead = (first - promised).days + days
        start = None if window.start is None else _days_on(window.start, ahead, zone)
        yield Window(start, _days_on(window.end, ahead, zone), window.window_type)


def _days_on(at: Instant, days: int, zone: ZoneInfo) -> Instant:
    """The same clock time some days on, also across a change of clocks."""
    return instant(moment(at).astimezone(zone) + timedelta(days=days))
