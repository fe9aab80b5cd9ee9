"""The lines of a test's timeline: `09:40 scan at STOP7 (happened 09:20) (id s7)`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from domain.event import Place
from domain.instant import Instant
from domain.status import Status
from rules.clock_times import read_time
from rules.happenings import WHATS
from rules.line_setting import Setting, Told
from rules.simulate import Line, Reported
from rules.words import SentenceError, Words

_SUFFIX = re.compile(r"\(\s*(happened|id|at)\s+([^()]*?)\s*\)\s*$")
_CLOCK_FIRST = re.compile(r"\s*(?:[+-]\d+d\s+)?\S+\s+")
_DEGREES = re.compile(r"-?\d{1,3}(?:\.\d+)?")


def read_line(text: str, number: int, setting: Setting) -> Line:
    """The line of a timeline; raises SentenceError at its first mistake. Ids of events are kept in the setting."""
    body, suffixes = _without_suffixes(text)
    words = Words(_clock_part(body) if _is_json(body) else body)
    known, days = read_time(words, setting.calendar)
    told = _told(known, days, number, suffixes, setting)
    line = _json_event(body, told) if _is_json(body) else _what(words, told)
    if isinstance(line, Reported):
        setting.ids.add(line.event.event_id)
    return line


_STATUSES = frozenset(status.value for status in Status) - WHATS.keys()


def _what(words: Words, told: Told) -> Line:
    word = words.peek()
    if word.low in _STATUSES:
        words.fail("R104", word, f"{word.shown} is a status", f"write status {word.low}, or scan {word.low}")
    name = words.one_of("R104", "thing to happen", WHATS)
    line = WHATS[name](words, told)
    words.end()
    return line


# Suffixes


@dataclass(frozen=True, slots=True)
class _Suffix:
    """`(id X)` and its like: where its value stands in the line."""

    value: str
    at: int


def _without_suffixes(text: str) -> tuple[str, dict[str, _Suffix]]:
    """The line without `(happened ...)`, `(id ...)` and `(at ...)` at its end; offsets in what remains are those of the line."""
    found: dict[str, _Suffix] = {}
    while match := _SUFFIX.search(text):
        if match[1] in found:
            raise SentenceError(
                "R101", match.start(), len(match[0].rstrip()), f"({match[1]} ...) stands twice", "keep one of them"
            )
        found[match[1]] = _Suffix(match[2], match.start(2))
        text = text[: match.start()]
    return text, found


def _told(known: Instant, days: int, number: int, suffixes: Mapping[str, _Suffix], setting: Setting) -> Told:
    happened = _happened(suffixes["happened"], known, days, setting) if "happened" in suffixes else known
    event_id = suffixes["id"].value if "id" in suffixes else f"line-{number}"
    point = _point(suffixes["at"]) if "at" in suffixes else None
    return Told(known, happened, event_id, point, setting)


def _happened(suffix: _Suffix, known: Instant, days: int, setting: Setting) -> Instant:
    words = Words(suffix.value)
    try:
        happened, _ = read_time(words, setting.calendar, days)
        words.end()
    except SentenceError as error:
        raise SentenceError(error.code, suffix.at + error.at, error.length, error.message, error.hint) from None
    if happened > known:
        said = "it cannot become known before it happened"
        day_before = f"it stands on the line's day; for the day before write (happened {days - 1:+}d {suffix.value})"
        hint = day_before if days and "d" not in suffix.value else "the line begins with when it becomes known"
        raise SentenceError("R108", suffix.at, len(suffix.value), said, hint)
    return happened


def _point(suffix: _Suffix) -> Place:
    parts = [part.strip() for part in suffix.value.split(",")]
    if len(parts) != 2 or not all(_DEGREES.fullmatch(part) for part in parts):
        raise SentenceError(
            "R100", suffix.at, len(suffix.value), f'"{suffix.value}" is no position', "for example (at 60.17,24.94)"
        )
    return Place(lat=float(parts[0]), lon=float(parts[1]))


# JSON


def _is_json(body: str) -> bool:
    return _after_clock(body).casefold().startswith("event")


def _after_clock(body: str) -> str:
    match = _CLOCK_FIRST.match(body)
    return body[match.end() :] if match else ""


def _clock_part(body: str) -> str:
    return body[: len(body) - len(_after_clock(body))]


def _json_event(body: str, told: Told) -> Line:
    after_word = len(_clock_part(body)) + len("event ")
    start = body.index("{") if "{" in body else min(after_word, len(body.rstrip()))
    length = max(1, len(body.rstrip()) - start)
    try:
        sent = json.loads(body[start:])
        return Reported(told.known, told.setting.read_event({**_of_line(told), **_mapping(sent)}, told.known))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "event"
        raise SentenceError(
            "R012", start, length, f"{where}: {first['msg'].removeprefix('Value error, ')}", "see docs/schema for DeliveryEvent"
        ) from None
    except (ValueError, RecursionError) as error:
        hint = 'for example 09:00 event {"kind": "note"}'
        raise SentenceError("R012", start, length, f"not a DeliveryEvent as JSON: {error}", hint) from None


def _of_line(told: Told) -> dict[str, Any]:
    """What a JSON event need not repeat."""
    at = told.setting.calendar.iso(told.happened)
    return {"event_id": told.event_id, "occurred_at": at, "source": told.setting.source}


def _mapping(sent: Any) -> Mapping[str, Any]:
    if not isinstance(sent, dict):
        raise ValueError("an event is an object in { }")
    return sent
