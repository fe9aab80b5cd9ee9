"""A test that was played out, and the stretch of it that one expectation is about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from domain.instant import Instant
from rules.clock_times import Calendar
from rules.compile import CompiledBook
from rules.expectations import Expectation
from rules.reload import book_of
from rules.simulate import Moment, peeks
from rules.template_check import Templates
from rules.watch import Watch


@dataclass(frozen=True, slots=True)
class Played:
    """A test that was played out: its moments, and how to play it out up to an instant only (for forecasts)."""

    book: CompiledBook
    calendar: Calendar
    moments: tuple[Moment, ...]
    up_to: Callable[[Instant], tuple[Moment, ...]]
    templates: Templates | None = None

    def in_force(self, watch: Watch) -> CompiledBook:
        """The book by which a delivery was watched at some instant of the test."""
        return book_of(watch, self.moments[-1].versions) if self.moments else self.book


class Stretch:
    """The time that an expectation is about: after `start`, up to its own instant."""

    def __init__(self, played: Played, expectation: Expectation, start: Instant) -> None:
        self.played, self.expectation = played, expectation
        self.moments = [moment for moment in played.moments if start < moment.at <= expectation.at]
        self._before = [moment for moment in played.moments if moment.at <= start]
        self._start = start

    def states(self) -> Iterator[tuple[Instant, Moment]]:
        """How things stood at every instant, each state once, with the first instant of it."""
        at, known = self.expectation.at, self._before[-1:]
        if self.expectation.scope == "at":
            yield from ((at, moment) for moment in [*known, *self.moments][-1:])
            return
        if not self.moments or self.moments[0].at > self._start + 1:
            yield from ((self._start + 1, moment) for moment in known)
        yield from ((moment.at, moment) for moment in self.moments)

    def watches(self) -> Iterator[tuple[Instant, Watch]]:
        """The same, with the changes of phase that nobody had to wake up for."""
        states = list(self.states())
        ends = [at - 1 for at, _ in states[1:]] + [self.expectation.at]
        for (at, moment), end in zip(states, ends, strict=True):
            if at == moment.at:
                yield at, moment.watch
            for watch in peeks(moment, end):
                if watch.looked_at >= at and watch.looked_at > moment.at:
                    yield watch.looked_at, watch
