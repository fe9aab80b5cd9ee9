"""Liquid filters for times: instants become words in the delivery's timezone and the reader's language."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from liquid import RenderContext
from liquid.exceptions import FilterArgumentError
from liquid.filter import with_context

from domain.instant import MINUTE, moment
from domain.windows import day_words

TIMEZONE, LANGUAGE, NOW = "timezone", "language", "now"
"""Names in the render context that the filters read."""


@with_context
def local_time(value: object, *, context: RenderContext) -> str:
    """`14:05` where the delivery goes; an unknown time is an empty text."""
    local = _local(value, context)
    return f"{local:%H:%M}" if local else ""


@with_context
def local_date(value: object, *, context: RenderContext) -> str:
    """`Tue 24 Nov`, `ti 24.11.`, `Di 24.11.`; an unknown time is an empty text."""
    local = _local(value, context)
    if local is None:
        return ""
    return day_words(local, str(context.resolve(LANGUAGE)))


@with_context
def minutes_until(value: object, *, context: RenderContext) -> int | str:
    """Whole minutes from the moment that the message speaks of, rounded up, 0 if past; an unknown time is an empty text."""
    at = _instant(value)
    return "" if at is None else max(0, -((context.resolve(NOW) - at) // MINUTE))


FILTERS: dict[str, Any] = {"local_time": local_time, "local_date": local_date, "minutes_until": minutes_until}


def _local(value: object, context: RenderContext) -> datetime | None:
    at = _instant(value)
    return None if at is None else moment(at).astimezone(ZoneInfo(context.resolve(TIMEZONE)))


def _instant(value: object) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, int):
        return value
    raise FilterArgumentError(f"a time is expected, not {type(value).__name__}", token=None)
