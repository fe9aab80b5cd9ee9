"""Guards: questions about something outside the delivery, asked only when the rest of a rule is true, and their answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal, TypeAlias

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
    TOGETHER = "together"
    APART = "apart"


Scope: TypeAlias = Literal["hub", "carrier", "route", "zone"]
"""What a disruption may be on."""

LEVELS = ("yellow", "orange", "red")
"""Levels of weather warnings (meteoalarm.org), the least first."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `subject` is the name of a feed, `hub:HEL1` for a disruption, a zone, a route; `detail` the kind of a disruption
    ("" for any) or the least level of a warning; `span` how long a feed has to be stale, or what a delay has to exceed.

    Of a group `subject` is what its members share, `route:R7`, `detail` the rule, `span` how far apart they may join (0: however far)
    `at_least` how many it takes, and `instead` whether its rule acts for all of them. Asking whether it is TOGETHER joins it, asking whether the delivery is APART leaves it.

    `cadence` is how often a feed reports when all is well, by the directory of the rulebook (None: it does not say).
    """

    about: About
    subject: str
    detail: str = ""
    span: Span = 0
    cadence: Span | None = None
    at_least: int = 0
    instead: bool = False

    @property
    def key(self) -> str:
        """Its name among what is known."""
        return f"{self.about}|{self.subject}|{self.detail}|{self.span}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found: true, false, or None where nobody knows; `note` says what was seen, for people. `of` is the disruption of a
    group, with who leads it: see Leading.
    `until` is when what is true ends by itself (exclusive; None: nobody said)."""

    question: Question
    truth: bool | None
    note: str = ""
    of: str = ""
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Leading:
    """A group's disruption by its number, and the delivery that acts for it. As text `7 D-1001`."""

    number: int
    delivery_id: str

    def __str__(self) -> str:
        return f"{self.number} {self.delivery_id}"


def leading(text: str) -> Leading:
    """What `str` made of it."""
    number, _, delivery_id = text.partition(" ")
    return Leading(int(number), delivery_id)


def is_together(is_open: bool, members: int, lately: int, at_least: int) -> bool:
    """Whether a group's disruption is open once somebody joined or left: it opens when enough have joined lately, and stays so for as
    long as there are enough members."""
    return members >= at_least if is_open else lately >= at_least


def together_note(members: int, question: Question) -> str:
    """`2 of 3 on route R7`, for people."""
    by, _, key = question.subject.partition(":")
    return f"{members} of {question.at_least} on {by} {key}"


def joining(apart: Question) -> Question:
    """The question by which a delivery became a member of the group that it leaves."""
    return replace(apart, about=About.TOGETHER)


def leaving(key: str) -> Question | None:
    """The question by which a delivery leaves a group, by the key of the one by which it joined; None for keys of other guards."""
    about, *rest = key.split("|")
    if about != About.TOGETHER or len(rest) != 3:
        return None
    return Question(About.APART, rest[0], rest[1], int(rest[2]))


def is_member(guards: Iterable[str]) -> bool:
    """Whether a delivery has joined a group that it has not left yet, by the keys of what it knows of guards."""
    return any(leaving(key) is not None for key in guards)


@dataclass(frozen=True, slots=True)
class Disrupted:
    """A disruption that is open on a place: its kind ("" for none), and when it ends by itself (None: when somebody closes it)."""

    kind: str = ""
    until: Instant | None = None


def of_disruptions(question: Question, found: Iterable[Disrupted]) -> Answer:
    """Whether one of the disruptions that are open on a place is meant, and until when at least one is."""
    there = tuple(found)
    meant = [one for one in there if question.detail in ("", one.kind)]
    ends = [one.until for one in meant if one.until is not None]
    until = max(ends) if meant and len(ends) == len(meant) else None
    return Answer(question, bool(meant), ", ".join(one.kind for one in there if one.kind), until=until)


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
    known: Mapping[str, bool | None],
    ends: Mapping[str, Instant],
    answers: tuple[Answer, ...],
    at: Instant,
    now: Instant,
    source: str,
) -> tuple[Event, ...]:
    """The event that tells what is found and was not known before, and is known now; none if there is nothing new.
    `ends` says until when what is known holds."""
    news = [answer for answer in answers if _is_news(known, ends, answer)]
    if not news:
        return ()
    told = dict(_told(answer) for answer in news)
    # Of one instant there may be two, when a delivery is called at once: they differ in what was found.
    what = f"{news[0].truth}{news[0].of}:{news[0].question.key}"
    return (Event(f"found:{now}:{len(news)}:{what}"[:200], Kind.FOUND, at, now, source, detail=told),)


def _told(answer: Answer) -> tuple[str, Mapping[str, Any]]:
    if answer.question.about is About.APART:
        return joining(answer.question).key, {"truth": None, "note": answer.note, "gone": True}
    told = {"truth": answer.truth, "note": answer.note, **({"of": answer.of} if answer.of else {})}
    return answer.question.key, told if answer.until is None else {**told, "until": answer.until}


def _is_news(known: Mapping[str, bool | None], ends: Mapping[str, Instant], answer: Answer) -> bool:
    """That a feed is not silent goes without saying."""
    key, about = answer.question.key, answer.question.about
    if about is About.FEED_SILENT and key not in known:
        return bool(answer.truth)
    if about is About.TOGETHER and answer.of:
        return True  # somebody else may lead it by now
    if about is About.APART:
        return bool(answer.truth) and joining(answer.question).key in known
    return key not in known or known[key] is not answer.truth or ends.get(key) != answer.until
