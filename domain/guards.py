"""Guards: questions about something outside the delivery, asked only when the rest of a rule is true, and their answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from domain.event import Event
from domain.instant import Instant, Span
from domain.order import Destination
from domain.status import Kind


class About(StrEnum):
    """What a question is about."""

    FEED_STALE = "feed_stale"
    FEED_SILENT = "feed_silent"
    DISRUPTION = "disruption"
    WEATHER = "weather"
    TRAFFIC = "traffic"


Scope: TypeAlias = Literal["hub", "carrier", "route", "zone"]
"""What a disruption may be on."""

LEVELS = ("yellow", "orange", "red")
"""Levels of weather warnings (meteoalarm.org), the least first."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `subject` is the name of a feed, `hub:HEL1` for a disruption, a zone, a route; `detail` the kind of a disruption
    ("" for any) or the least level of a warning; `span` how long a feed has to be stale, or what a delay has to exceed.

    `cadence` is how often a feed reports when all is well, by the directory of the rulebook (None: it does not say).
    """

    about: About
    subject: str
    detail: str = ""
    span: Span = 0
    cadence: Span | None = None

    @property
    def key(self) -> str:
        """Its name among what is known."""
        return f"{self.about}|{self.subject}|{self.detail}|{self.span}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found: true, false, or None where nobody knows; `note` says what was seen, for people."""

    question: Question
    truth: bool | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class LookOut:
    """What the look outside is handed: all questions of a batch, and what they are about."""

    delivery_id: str
    at: Instant
    questions: tuple[Question, ...]
    destination: Destination


@dataclass(frozen=True, slots=True)
class FeedState:
    """When a feed was last heard of (None: never), and how often it reports when all is well (None: nobody said)."""

    last_seen: Instant | None = None
    cadence: Span | None = None


def is_silent(feed: FeedState, at: Instant) -> bool | None:
    """Whether a feed has been silent for longer than its cadence allows. One without a cadence never is."""
    if feed.cadence is None:
        return False
    return None if feed.last_seen is None else at - feed.last_seen > feed.cadence


def is_stale(feed: FeedState, span: Span, at: Instant) -> bool | None:
    """Whether a feed that should have reported has not for a span (inclusive). One without a cadence never is."""
    if feed.cadence is None:
        return False
    return None if feed.last_seen is None else at - feed.last_seen >= max(span, feed.cadence)


def is_at_least(level: str, least: str) -> bool:
    """Whether a warning is of a level, or of a higher one."""
    return level in LEVELS and LEVELS.index(level) >= LEVELS.index(least)


def found_event(
    known: Mapping[str, bool | None], answers: tuple[Answer, ...], at: Instant, now: Instant, source: str
) -> tuple[Event, ...]:
    """The event that tells what is found and was not known before, and is known now; none if there is nothing new."""
    news = [answer for answer in answers if _is_news(known, answer)]
    if not news:
        return ()
    told = {answer.question.key: {"truth": answer.truth, "note": answer.note} for answer in news}
    return (Event(f"found:{now}:{len(news)}:{news[0].question.key}"[:200], Kind.FOUND, at, now, source, detail=told),)


def _is_news(known: Mapping[str, bool | None], answer: Answer) -> bool:
    """That a feed is not silent goes without saying."""
    key, about = answer.question.key, answer.question.about
    if about is About.FEED_SILENT and key not in known:
        return bool(answer.truth)
    return key not in known or known[key] is not answer.truth
