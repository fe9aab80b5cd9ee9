"""The values of directory.yaml: times, places, money, addresses. What cannot be read is told of, and left out."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from domain.currencies import DECIMALS, minor_units
from domain.instant import Span
from rules import fields
from rules.business import knows_holidays
from rules.quantities import DAY_NAMES, clock_span
from rules.source import Node, Pairs, Source

_MONEY = re.compile(r"(\d{1,9}(?:\.\d{1,4})?) ([A-Z]{3})")
_HOURS = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")
_PHONE = re.compile(r"\+[0-9 ().-]{5,20}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_URL = re.compile(r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?(?:/[^\s#@]*)?")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,99}")
_DEGREES = re.compile(r"-?\d{1,3}(?:\.\d{1,9})?")


def row_values(source: Source, row: Pairs, what: str, read: Mapping[str, Callable[[Source, Node, str], Any]]) -> dict[str, Any]:
    fields.check_keys(source, row, what, read)
    found = {key.value: read[key.value](source, value, key.value) for key, value in row.pairs if key.value in read}
    return {key: value for key, value in found.items() if value is not None}


def web_address(source: Source, node: Node, what: str) -> str | None:
    """An address with http or https and a host. A password in it would end up in logs: secrets are named, not written."""
    found = fields.text(source, node, what)
    match = _URL.fullmatch(found) if found else None
    if found and match is None:
        source.at_node("R025", node, f'{what} can not be "{found}"', "for example https://orders.example.test/doorstep")
    return match[0] if match else None


def secret_name(source: Source, node: Node, what: str) -> str | None:
    """The name of an environment variable; what does not look like one may be the secret itself, and is not repeated."""
    found = fields.text(source, node, what)
    if found and not _VARIABLE.fullmatch(found):
        hint = "name the environment variable that holds it, for example ORDER_SYSTEM_SECRET"
        source.at_node("R025", node, "a secret is named here, not written", hint)
        return None
    return found


def timezone(source: Source, node: Node, what: str) -> str | None:
    found = fields.text(source, node, what)
    if found is None:
        return None
    try:
        ZoneInfo(found)
    except (OSError, ValueError, KeyError):
        source.at_node("R025", node, f'"{found}" is not a time zone', "use an IANA name such as Europe/Helsinki")
        return None
    return found


def clock_time(source: Source, node: Node, what: str) -> Span | None:
    found = fields.text(source, node, what)
    at = clock_span(found) if found else None
    if found and at is None:
        source.at_node("R025", node, f'{what}: "{found}" is not a time of day', 'for example "20:00"')
    return at


def _matched(source: Source, node: Node, what: str, pattern: re.Pattern[str], example: str) -> re.Match[str] | None:
    found = fields.text(source, node, what)
    match = pattern.fullmatch(found) if found else None
    if found and match is None:
        source.at_node("R025", node, f'{what} can not be "{found}"', f"for example {example}")
    return match


def degrees(source: Source, node: Node, what: str) -> float | None:
    match = _matched(source, node, what, _DEGREES, "60.2")
    if match and abs(float(match[0])) > (90 if what == "lat" else 180):
        source.at_node("R025", node, f"{what} can not be {match[0]}", "degrees, WGS 84")
        return None
    return float(match[0]) if match else None


def mail_address(source: Source, node: Node, what: str) -> str | None:
    match = _matched(source, node, what, _EMAIL, "lead@example.test")
    return match[0] if match else None


def phone_number(source: Source, node: Node, what: str) -> str | None:
    match = _matched(source, node, what, _PHONE, '"+358401234567", in quotes')
    return re.sub("[^+0-9]", "", match[0]) if match else None


def feed_cadence(source: Source, node: Node, what: str) -> Span | None:
    row = fields.pairs(source, node, what)
    values = row_values(source, row, "a feed", {"cadence": fields.span}) if row is not None else {}
    return values.get("cadence")


def backups(source: Source, node: Node, what: str) -> tuple[str, ...]:
    found = [fields.text(source, item, what) for item in fields.items(node)]
    return tuple(name for name in found if name)


def money(source: Source, node: Node, what: str) -> tuple[int, str] | None:
    """Minor units and currency of `6.50 EUR`."""
    match = _matched(source, node, what, _MONEY, "6.50 EUR")
    if match is None:
        return None
    if match[2] not in DECIMALS:
        source.at_node("R025", node, f"{what}: there is no currency {match[2]}", "an ISO 4217 code, for example 6.50 EUR")
        return None
    amount = minor_units(Decimal(match[1]), match[2])
    if amount != amount.to_integral_value():
        source.at_node("R025", node, f"{match[2]} has no amount as fine as {match[1]}", f"at most {DECIMALS[match[2]]} decimals")
        return None
    return int(amount), match[2]


def weekdays(source: Source, node: Node, what: str) -> tuple[int, ...]:
    found = [fields.word(source, item, what, DAY_NAMES) for item in fields.items(node)]
    return tuple(sorted({DAY_NAMES[day] for day in found if day}))


def opening_hours(source: Source, node: Node, what: str) -> tuple[Span, Span] | None:
    match = _matched(source, node, what, _HOURS, '"09:00-17:00"')
    opens, closes = (clock_span(match[1]), clock_span(match[2])) if match else (None, None)
    if match and (opens is None or closes is None or opens >= closes):
        source.at_node("R025", node, f'{what} can not be "{match[0]}"', "from an earlier to a later time of one day")
        return None
    return (opens, closes) if opens is not None and closes is not None else None


def holiday_country(source: Source, node: Node, what: str) -> str | None:
    match = _matched(source, node, what, re.compile("[A-Z]{2}(?:-[A-Z0-9]{1,3})?"), "FI")
    if match and not knows_holidays(match[0]):
        source.at_node("R025", node, f"{what}: no holidays are known of {match[0]}", "a country (FI) or a part of one (DE-BY)")
        return None
    return match[0] if match else None
