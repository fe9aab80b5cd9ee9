"""What a look costs: folding and evaluating a healthy day, as a ratio to folding alone."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import psutil

from benchmarks import books, healthy
from domain.delivery import Delivery
from domain.event import Event
from domain.instant import Instant
from rules.book import Rulebook, canonical_json, sha256
from rules.compile import CompiledBook, compile_book
from rules.watch import Watch, look

START: Instant = 1_795_424_400_000
"""A Monday, 09:00 UTC: nothing here reads a clock but the stopwatch."""

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one event, with a rulebook: microseconds to fold it, and to fold it and look. Medians of rounds."""

    book: str
    rules: int
    fold_us: float
    look_us: float

    @property
    def ratio(self) -> float:
        """How many times the fold alone."""
        return self.look_us / self.fold_us

    @property
    def events_per_second(self) -> float:
        return 1_000_000 / self.look_us

    def render(self) -> str:
        return (
            f"{self.book:9} {self.rules:3} rules: fold {self.fold_us:6.1f} us, fold and look {self.look_us:6.1f} us"
            f" = {self.ratio:4.1f} x the fold, {self.events_per_second:7,.0f} events/s"
        )


def measure(deliveries: int = 300, rounds: int = ROUNDS) -> tuple[Cost, ...]:
    """With the shipped book and with one of 50 rules."""
    return tuple(_cost(book, deliveries, rounds) for book in (books.shipped(), books.many()))


def grown(deliveries: int = 2000) -> float:
    """By how many MB this process grows while so many deliveries come and go under 50 rules; the first 500 are not counted."""
    book = books.many()
    compiled, version = compile_book(book), sha256(canonical_json(book))
    _come_and_go(compiled, version, 500)
    before = psutil.Process().memory_info().rss
    _come_and_go(compiled, version, deliveries)
    return float(psutil.Process().memory_info().rss - before) / 1024 / 1024


def _come_and_go(book: CompiledBook, version: str, deliveries: int) -> None:
    for _ in range(deliveries):
        watch_all(book, version, [(healthy.delivery(START), healthy.events(START))])


def _cost(book: Rulebook, deliveries: int, rounds: int) -> Cost:
    compiled, version = compile_book(book), sha256(canonical_json(book))
    days = [(healthy.delivery(START), healthy.events(START)) for _ in range(deliveries)]
    reports = sum(len(events) for _, events in days)
    watch_all(compiled, version, days[:1])  # the scope, the calendar and the matcher remember what they were asked
    folds, looks = [], []
    for _ in range(rounds):
        folds.append(_seconds(lambda: fold_all(days)))
        looks.append(_seconds(lambda: watch_all(compiled, version, days)))
    return Cost(book.name, len(compiled.rules), median(folds) / reports * 1e6, median(looks) / reports * 1e6)


Day = tuple[Delivery, Sequence[Event]]


def fold_all(days: Sequence[Day]) -> None:
    """Only what is known."""
    for delivery, events in days:
        for event in events:
            delivery = delivery.after(event)


def watch_all(book: CompiledBook, version: str, days: Sequence[Day]) -> int:
    """What is known, and what each rule makes of it, report by report. Returns how many incidents opened: none should."""
    opened = 0
    for delivery, events in days:
        watch = look(Watch(delivery, 1, version, looked_at=START), book, (), START).watch
        for event in events:
            watch = look(watch, book, (event,), event.occurred_at).watch
        opened += watch.incidents_seen
    return opened


def _seconds(work: Callable[[], object]) -> float:
    """Of this process on a processor: what else the machine does is not counted."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    for cost in measure():
        print(cost.render())
    print(f"2,000 deliveries that came and went left {grown():.1f} MB behind")
