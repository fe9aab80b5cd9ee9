"""What is outside the deliveries of a test: feeds, disruptions, weather and traffic, and what a look at them finds."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from domain.guards import (
    About,
    Answer,
    Disrupted,
    FeedState,
    Leading,
    Question,
    is_at_least,
    is_silent,
    is_stale,
    is_together,
    of_disruptions,
    together_note,
)  # fmt: skip
from domain.instant import NEVER, Instant, Span, iso
from rules.tree import Value

ALWAYS: Instant = 0
"""A feed that is stale when a test begins has been so for ever."""


@dataclass(frozen=True, slots=True)
class FeedTurned:
    """From here on nothing more comes in from a feed, or it is alive again."""

    at: Instant
    feed: str
    alive: bool


@dataclass(frozen=True, slots=True)
class DisruptionTurned:
    """A disruption opens, or those of its place (and kind) close. `place` is `hub:HEL1`."""

    at: Instant
    place: str
    opens: bool
    kind: str | None = None
    until: Instant | None = None
    """When it ends by itself (exclusive); None: when somebody closes it."""


Turned = FeedTurned | DisruptionTurned


@dataclass(frozen=True, slots=True)
class Given:
    """How things stand when a test begins; None where nobody knows. Feeds are alive, nothing is disrupted. `facts` are those of
    the delivery that no report carries."""

    turned: tuple[Turned, ...] = ()
    weather: str | None = None
    traffic: Span | None = None
    facts: Mapping[str, Value | None] = field(default_factory=dict)


NOTHING_GIVEN = Given()


@dataclass
class Gathering:
    """The members of a group and since when, and its open disruption; `opened` counts those that there were."""

    since: dict[str, Instant] = field(default_factory=dict)
    leading: Leading | None = None
    least: int = 0
    opened: int = 0

    def joined(self, delivery_id: str, question: Question, at: Instant, number: int) -> None:
        """One more member; a disruption that opens has this number, and this member leads it. Who has left leads no more."""
        self.since.setdefault(delivery_id, at)
        self.least = question.at_least
        if not is_together(self.leading is not None, len(self.since), self._lately(question.span, at), self.least):
            return
        if self.leading is None:
            self.leading, self.opened = Leading(number, delivery_id), self.opened + 1
        elif self.leading.delivery_id not in self.since:
            self.leading = replace(self.leading, delivery_id=delivery_id)

    def left(self, delivery_id: str, at: Instant) -> None:
        self.since.pop(delivery_id, None)
        if not is_together(self.leading is not None, len(self.since), 0, self.least):
            self.leading = None

    def answer(self, question: Question, at: Instant) -> Answer:
        if question.about is About.APART:
            return Answer(question, True, "left")
        note = together_note(self._lately(question.span, at), question)
        return Answer(question, self.leading is not None, note, str(self.leading or ""))

    def _lately(self, span: Span, at: Instant) -> int:
        return sum(not span or since >= at - span for since in self.since.values())


@dataclass
class Outside:
    """How things stand outside. Feeds that are not carriers of the directory are taken to have a cadence."""

    given: Given
    carriers: Collection[str]
    silent_since: dict[str, Instant] = field(default_factory=dict)
    disruptions: dict[tuple[str, str], Instant] = field(default_factory=dict)
    """Place and kind -> when it ends by itself; NEVER: when somebody closes it."""
    groups: dict[tuple[str, str], Gathering] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    """The deliveries that have to look again, since their group has come together."""
    turned: set[str] = field(default_factory=set)
    """The places on which the disruption of a group has opened or ended."""

    def __post_init__(self) -> None:
        for turned in self.given.turned:
            self.turn(turned)

    def turn(self, turned: Turned) -> None:
        """Something changes."""
        if isinstance(turned, DisruptionTurned):
            self._disrupt(turned)
        elif turned.alive:
            self.silent_since.pop(turned.feed, None)
        else:
            self.silent_since.setdefault(turned.feed, turned.at)

    def _disrupt(self, turned: DisruptionTurned) -> None:
        if turned.opens:
            self.disruptions[turned.place, turned.kind or ""] = NEVER if turned.until is None else turned.until
            return
        for one in [one for one in self.disruptions if one[0] == turned.place and turned.kind in (None, one[1])]:
            del self.disruptions[one]

    def answer(self, question: Question, at: Instant, delivery_id: str = "") -> Answer:
        """What a look finds for a delivery."""
        if question.about in (About.TOGETHER, About.APART):
            return self._grouped(question, at, delivery_id)
        if question.about is About.DISRUPTION:
            return self.disrupted(question, at)
        truth, note = ANSWERS[question.about](self, question, at)
        return Answer(question, truth, note)

    def _grouped(self, question: Question, at: Instant, delivery_id: str) -> Answer:
        group = self.groups.setdefault((question.subject, question.detail), Gathering())
        was = group.leading
        if question.about is About.APART:
            group.left(delivery_id, at)
        else:
            group.joined(delivery_id, question, at, 1 + sum(one.opened for one in self.groups.values()))
        place, kind = question.subject, question.detail.rpartition("/")[2]
        if (was is None) is not (group.leading is None):
            self._disrupt(DisruptionTurned(at, place, group.leading is not None, kind))
            self.turned.add(place)
            self.called |= {one for one in group.since if one != delivery_id} if group.leading else set()
        return group.answer(question, at)

    def _feed(self, question: Question, at: Instant) -> FeedState:
        is_silent_for_ever = question.cadence is None and question.subject in self.carriers
        cadence = None if is_silent_for_ever else question.cadence or 0
        return FeedState(self.silent_since.get(question.subject, at), cadence)

    def stale(self, question: Question, at: Instant) -> tuple[bool | None, str]:
        feed = self._feed(question, at)
        return is_stale(feed, question.span, at), f"last heard of at {iso(feed.last_seen)}"

    def silent(self, question: Question, at: Instant) -> tuple[bool | None, str]:
        feed = self._feed(question, at)
        return is_silent(feed, at), f"last heard of at {iso(feed.last_seen)}"

    def disrupted(self, question: Question, at: Instant) -> Answer:
        here = sorted((kind, until) for (place, kind), until in self.disruptions.items() if place == question.subject)
        open_now = [Disrupted(kind, None if until == NEVER else until) for kind, until in here if at < until]
        return of_disruptions(question, open_now)

    def warned(self, question: Question, at: Instant) -> tuple[bool | None, str]:
        level = self.given.weather
        return (None, "") if level is None else (is_at_least(level, question.detail), level)

    def delayed(self, question: Question, at: Instant) -> tuple[bool | None, str]:
        delay = self.given.traffic
        return (None, "") if delay is None else (delay > question.span, f"{delay // 1000} s")


ANSWERS: Mapping[About, Callable[[Outside, Question, Instant], tuple[bool | None, str]]] = {
    About.FEED_STALE: Outside.stale,
    About.FEED_SILENT: Outside.silent,
    About.WEATHER: Outside.warned,
    About.TRAFFIC: Outside.delayed,
}
"""What a question is about -> how it is answered; disruptions apart, which may have an end."""
