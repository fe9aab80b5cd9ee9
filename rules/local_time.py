"""Instants as the recipient's clocks show them, for people: the time zone and its offset are said once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.instant import instant, moment
from rules.clock import zone
from rules.clock_times import UTC_ZONE

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z")


@dataclass(frozen=True, slots=True)
class LocalClock:
    """The day and the offset that a text is told in: times of that day stand without a date."""

    as_of: datetime

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "LocalClock":
        """That of an answer with `as_of` and `timezone`; UTC where the zone is not known here."""
        return cls(_local(answer["as_of"], zone(answer.get("timezone") or "") or UTC_ZONE))

    @property
    def head(self) -> str:
        """`as of 2026-11-23 11:05:00, times are of Europe/Helsinki (UTC+02:00)`."""
        return f"as of {self.as_of:%Y-%m-%d %H:%M:%S}, times are of {self.as_of.tzinfo} ({_offset(self.as_of)})"

    def told(self, text: str) -> str:
        """A text with every instant in it as these clocks show it; another day has its date, another offset is said."""
        return _INSTANT.sub(lambda found: self._clock_time(found.group()), text)

    def _clock_time(self, told: str) -> str:
        local = _local(told, ZoneInfo(str(self.as_of.tzinfo)))
        day = "" if local.date() == self.as_of.date() else f"{local:%Y-%m-%d} "
        part = f".{local.microsecond // 1000:03}" if local.microsecond else ""
        offset = "" if local.utcoffset() == self.as_of.utcoffset() else f" ({_offset(local)})"
        return f"{day}{local:%H:%M:%S}{part}{offset}"


def _local(told: str, local: ZoneInfo) -> datetime:
    return moment(instant(datetime.fromisoformat(told))).astimezone(local)


def _offset(local: datetime) -> str:
    text = f"{local:%z}"
    return f"UTC{text[:3]}:{text[3:]}"
