"""`doorstep delivery mute`: until when, as people say it."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cli.connection import deliveries_of
from cli.deliveries import update_delivery
from cli.errors import InputError
from domain.instant import HOUR, MINUTE, Instant, instant, iso
from rules.clock import edge, local_day, zone
from rules.clock_times import UTC_ZONE
from rules.durations import DurationError, span_of
from settings import read_settings

FORMS = "18:00 (the recipient's clock), 2026-11-23T18:00:00+02:00, or how long: 2h, 90m"

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


async def mute_rule(delivery_id: str, rule: str, until: str | None, lasting: str | None, reason: str, by: str) -> int:
    """Mutes a rule, or prints why that was refused. Raises InputError for an end that cannot be read."""
    if (until is None) == (lasting is None):
        raise InputError(f"say either --until or --for: --until takes {FORMS}; --for takes 2h, 90m")
    deliveries = await deliveries_of(read_settings())
    snapshot = await deliveries.query(delivery_id, "snapshot")
    end = _after(str(lasting), snapshot, "--for") if until is None else end_of(until, snapshot)
    request = {"rule": rule, "until": iso(end), "reason": reason, "by": by}
    return await update_delivery(delivery_id, "mute", json.dumps(request))


def end_of(until: str, snapshot: Mapping[str, Any]) -> Instant:
    """The instant that is meant: a clock time is the next one of the recipient, so is a date and time without an offset theirs."""
    if _CLOCK.fullmatch(until.strip()):
        return _next(until.strip(), snapshot)
    try:
        wall = datetime.fromisoformat(until.strip())
    except ValueError:
        return _after(until, snapshot, "--until")
    if len(until.strip()) <= len("2026-11-23"):
        raise InputError(f"--until {until} has no time of day; write for example {wall:%Y-%m-%d}T18:00")
    return instant(wall if wall.tzinfo else wall.replace(tzinfo=zone(snapshot["timezone"]) or UTC_ZONE))


def _next(clock_time: str, snapshot: Mapping[str, Any]) -> Instant:
    """When the recipient's clocks show it next."""
    local, now = zone(snapshot["timezone"]) or UTC_ZONE, _as_of(snapshot)
    hours, minutes = clock_time.split(":")
    today, at = local_day(local, now), int(hours) * HOUR + int(minutes) * MINUTE
    return next(found for day in (today, today + 1, today + 2) if (found := edge(local, day, at)) > now)


def _after(duration: str, snapshot: Mapping[str, Any], option: str) -> Instant:
    try:
        return _as_of(snapshot) + span_of(duration)
    except DurationError as error:
        allowed = FORMS if option == "--until" else "for example 2h, 90m, 1h30m"
        raise InputError(f"{option} {duration} cannot be read: {error}; allowed: {allowed}") from None


def _as_of(snapshot: Mapping[str, Any]) -> Instant:
    return instant(datetime.fromisoformat(snapshot["as_of"]))
