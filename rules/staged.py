"""One delivery of a simulation: its agenda of what is to come, how it stands, and the moments so far."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

from domain.actions import ActionResult, Outcome
from domain.delivery import delivery_of
from domain.event import Event
from domain.guards import Answer
from domain.incident import Resolution
from domain.instant import NEVER, Instant
from domain.order import Order
from rules.alarms import is_called, is_parked, stale_after
from rules.book import canonical_json, public_name, sha256
from rules.compile import CompiledBook, compile_book
from rules.deeds import Deed
from rules.expiry import expires_at, expiry
from rules.grace import longest_grace
from rules.outside import DisruptionTurned, FeedTurned, Outside
from rules.people import acknowledged, claimed, muted, settled_by_hand
from rules.people import decided as decide
from rules.reaching import came_of, events_of
from rules.reload import adopted as take_up
from rules.reload import book_of
from rules.results import with_outcome
from rules.telling import Adopted, Decided, Line, Moment, Muted, Reported, Told
from rules.watch import Look, Watch, look

MOST_LOOKS = 10_000
"""A delivery that by time alone is looked at more often than this, because of none of its reports, does not come to rest."""

SOMEBODY = "operator"

FIRST = "simulated"
"""The version of the book that a simulation begins with; later ones have their hash."""

Outcomes = Callable[[Deed], Outcome]
"""What comes of a deed."""


def all_succeed(deed: Deed) -> Outcome:
    return Outcome.DONE


class EndlessError(Exception):
    """A rulebook that wakes up again and again and never comes to rest."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the deliveries of a simulation: its order, when that is known, and what it is told."""

    order: Order
    known_at: Instant
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answered:
    """The outcome of a deed that nobody answered, at its timeout."""

    deed: Deed


@dataclass(frozen=True, slots=True)
class _Alarm:
    """Deliveries with rules of guards alone are called to look at a feed."""

    feed: str


@dataclass(frozen=True, slots=True)
class _Called:
    """The delivery is called to look again: its group has come together."""


_Item: TypeAlias = "Line | _Answered | _Alarm | _Called"


class Staged:
    """The delivery, its agenda of what is to come, and the moments so far."""

    def __init__(self, book: CompiledBook, part: Part, outcomes: Outcomes, outside: Outside) -> None:
        self._versions, self._outcomes, self._known_at = {FIRST: book}, outcomes, part.known_at
        self._agenda: list[tuple[Instant, int, _Item]] = []
        self._outside = outside
        self._number = count()
        self._wake_at = part.known_at
        self._unanswered = 0
        self._alone = 0
        self.watch = Watch(delivery_of(part.order, part.known_at), 1, FIRST, looked_at=part.known_at)
        self.moments: list[Moment] = []
        self._told = Told()
        for line in part.lines:
            self._add(line.at, line)

    @property
    def _book(self) -> CompiledBook:
        """The delivery's book, without what is still in force of earlier ones."""
        return self._versions[self.watch.book]

    def next_instant(self) -> Instant:
        """When something is known or due next; NEVER once the grace after a final status has ended it all."""
        first = self._agenda[0][0] if self._agenda else NEVER
        expires_at = NEVER if self.watch.final_since is not None else self._expires_at()
        at = min(max(first, self._known_at), self._wake_at, expires_at)
        return NEVER if self._is_over(at) else at

    def _is_over(self, at: Instant) -> bool:
        """Whether the workflow has ended before an instant: nothing is folded or done any more."""
        since = self.watch.final_since
        if since is None or self._unanswered or self.watch.has_put_off:
            return False
        return at > since + longest_grace(book_of(self.watch, self._versions.__getitem__), self.watch.delivery)

    def play(self, at: Instant) -> None:
        """Everything that comes and is due at an instant, and what follows from it at once."""
        events: list[Event] = []
        items = list(self._due(at))
        self._alone += not items
        if self._alone > MOST_LOOKS:
            raise EndlessError(f"the rulebook {self._book.rulebook.name} looked at one delivery {MOST_LOOKS} times by time alone")
        called = [self._is_called(item) for item in items]
        if items and not any(called) and at < min(self._wake_at, self._expires_at()):
            return
        told = self._told_at(at)
        for item in items:
            events = self._take(item, events, at, told)
        self._look(events, at, told)
        if expired := expiry(
            self.watch.delivery, self._book, at
        ):  # only now: what was reported in time, a new promise say, comes first
            self._look(expired, at, told)
        self.moments.append(told.moment(at, self.watch, self._versions.__getitem__))

    def _told_at(self, at: Instant) -> Told:
        """What was seen of the instant so far: a delivery that is called looks at it once more."""
        if self.moments and self.moments[-1].at == at:
            self.moments.pop()
            return self._told
        self._told = Told()
        return self._told

    def call_if_waited_for(self, at: Instant) -> None:
        """Has the delivery look again, if what another one found is news for it."""
        delivery_id = self.watch.delivery.order.delivery_id
        versions = self._versions.__getitem__
        if delivery_id in self._outside.called or any(is_called(self.watch, versions, place) for place in self._outside.turned):
            self._outside.called.discard(delivery_id)
            self._add(at, _Called())

    def _add(self, at: Instant, item: _Item) -> None:
        heappush(self._agenda, (at, next(self._number), item))

    def _due(self, at: Instant) -> Iterable[_Item]:
        while self._agenda and self._agenda[0][0] <= at:
            yield heappop(self._agenda)[2]

    def _take(self, item: _Item, events: list[Event], at: Instant, told: Told) -> list[Event]:
        """Reports are gathered; what a person decides sees what came before it."""
        if isinstance(item, Reported):
            return [*events, item.event]
        if isinstance(item, FeedTurned | DisruptionTurned | _Alarm | _Called):
            return events
        if isinstance(item, Decided):
            self._look(events, at, told)
            self._decide(item, at, told)
            return []
        if isinstance(item, Muted):
            self._look(events, at, told)
            self.watch = muted(self.watch, item.rule, item.until, SOMEBODY, "", at)
            return []
        if isinstance(item, Adopted):
            self._look(events, at, told)
            self._adopt(item, at)
            return []
        self._unanswered -= 1
        self.watch = with_outcome(self.watch, item.deed, ActionResult(Outcome.UNANSWERED), at)
        return events

    def _is_called(self, item: _Item) -> bool:
        """Whether the delivery hears of it; what changes outside calls only those that have a rule of guards alone."""
        delivery = self.watch.delivery
        if isinstance(item, DisruptionTurned):
            self._outside.turn(item)
            return is_called(self.watch, self._versions.__getitem__, item.place)
        if isinstance(item, _Alarm):
            return item.feed in self._outside.silent_since
        if not isinstance(item, FeedTurned):
            return True
        self._outside.turn(item)
        alarms = set(stale_after(self._book, delivery, item.feed))
        if item.alive:
            return bool(alarms) or is_parked(delivery, item.feed)
        for span in sorted(alarms):
            self._add(item.at + span, _Alarm(item.feed))
        return False

    def _decide(self, decided: Decided, at: Instant, told: Told) -> None:
        is_decision = decided.what in ("approve", "reject")
        mine = [one for one in self.watch.incidents if one.is_open and public_name(one.rule) == decided.rule]
        incident = next((one for one in mine if one.awaiting or not is_decision), None)
        if incident is None:
            told.idle.append(decided)
        elif is_decision:
            path = incident.awaiting[0][0]
            self.watch = decide(self.watch, incident, path, decided.what == "approve", SOMEBODY, at)
        elif decided.what == "acknowledge":
            self.watch = acknowledged(self.watch, incident, SOMEBODY, at)
        elif decided.what == "claim":
            self.watch = claimed(self.watch, incident, SOMEBODY, SOMEBODY, at)
        else:
            self.watch = settled_by_hand(self.watch, incident, Resolution.HANDLED, "", at)
            told.resolved[decided.rule] = Resolution.HANDLED

    def _adopt(self, adopted: Adopted, at: Instant) -> None:
        version = sha256(canonical_json(adopted.book))
        self._versions.setdefault(version, compile_book(adopted.book, "reference"))
        self.watch = take_up(self.watch, version, self._versions.__getitem__, at)

    def _look(self, events: list[Event], at: Instant, told: Told) -> None:
        """Looks, does what is due, and looks again for as long as outcomes make more due."""
        while True:
            before = self.watch
            looked = self._looked(events, at)
            self.watch = looked.watch
            self._wake_at = looked.wake.at if looked.wake else NEVER
            told.note(before, looked)
            ended = [(deed, result) for deed in looked.deeds if (result := self._do(deed, at)) is not None]
            if not ended:
                return
            events = [event for deed, result in ended for event in events_of(deed, result, at)]

    def _looked(self, events: list[Event], at: Instant) -> Look:
        """A look, after all that it asks has been looked up."""
        answers: tuple[Answer, ...] = ()
        while (looked := self._look_with(answers, events, at)).asks:
            answers += tuple(
                self._outside.answer(question, at, self.watch.delivery.order.delivery_id) for question in looked.asks
            )
        return looked

    def _look_with(self, answers: tuple[Answer, ...], events: list[Event], at: Instant) -> Look:
        return look(self.watch, self._book, events, at, versions=self._versions.__getitem__, answers=answers)

    def _do(self, deed: Deed, at: Instant) -> ActionResult | None:
        """Keeps the outcome of a deed, or when it will be; None where it is not known at once."""
        outcome = self._outcomes(deed)
        wait = deed.request.args.get("accept_within") or 0
        if outcome is Outcome.UNANSWERED and wait:
            self._unanswered += 1
            self._add(at + wait, _Answered(deed))
            return None
        result = came_of(deed, outcome, at)
        self.watch = with_outcome(self.watch, deed, result, at)
        return result

    def _expires_at(self) -> Instant:
        return expires_at(self.watch.delivery, self._book)
