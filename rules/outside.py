"""What is outside the deliveries of a test: feeds, disruptions, weather and traffic, and what a look at them finds."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from domain.guards import About, Answer, FeedState, Question, is_at_least, is_silent, is_stale
from domain.instant import Instant, Span, iso
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
class Outside:
    """How things stand outside. Feeds that are not carriers of the directory are taken to have a cadence."""

    given: Given
    carriers: Collection[str]
    silent_since: dict[str, Instant] = field(default_factory=dict)
    disruptions: set[tuple[str, str]] = field(default_factory=set)

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
            self.disruptions.add((turned.place, turned.kind or ""))
            return
        closed = {one for one in self.disruptions if one[0] == turned.place and turned.kind in (None, one[1])}
        self.disruptions -= closed

    def answer(self, question: Question, at: Instant) -> Answer:
        """What a look finds."""
        truth, note = ANSWERS[question.about](self, question, at)
        return Answer(question, truth, note)

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

    def disrupted(self, question: Question, at: Instant) -> tuple[bool | None, str]:
        kinds = sorted(kind for place, kind in self.disruptions if place == question.subject)
        fits = bool(kinds) and question.detail in ("", *kinds)
        return fits, ", ".join(filter(None, kinds))

    def warned(self, question: Question, at: Instant) -> tuple[bool | None, str]:
        level = self.given.weather
        return (None, "") if level is None else (is_at_least(level, question.detail), level)

    def delayed(self, question: Question, at: Instant) -> tuple[bool | None, str]:
        delay = self.given.traffic
        return (None, "") if delay is None else (delay > question.span, f"{delay // 1000} s")


ANSWERS: Mapping[About, Callable[[Outside, Question, Instant], tuple[bool | None, str]]] = {
    About.FEED_STALE: Outside.stale,
    About.FEED_SILENT: Outside.silent,
    About.DISRUPTION: Outside.disrupted,
    About.WEATHER: Outside.warned,
    About.TRAFFIC: Outside.delayed,
}
"""What a question is about -> how it is answered."""
