"""A rulebook's first run, before anybody relies on it: compiled, matched, and played over the days of a few deliveries.

It runs in a process of its own (`python -m rules.rehearsal durable`, the canonical JSON of a book on each line of its input), so
that a book over which the C extension crashes, or which takes for ever, harms nobody. The name of each book is printed before
its turn.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

from domain.delivery import Delivery, delivery_of
from domain.event import Event, Place
from domain.instant import DAY, HOUR, MINUTE, Instant
from domain.order import Destination, Money, Order, Window
from domain.reasons import Reason
from domain.status import Kind, Status
from rules.book import from_canonical
from rules.compile import CompiledBook, compile_book
from rules.matcher import Atoms
from rules.scene import Scene
from rules.watch import Watch, look

MORNING: Instant = 1_795_413_600_000
"""2026-11-23T06:00:00Z, a Monday: any day would do, but always the same one."""

MOST_LOOKS = 100
"""Wake-ups that are played for one delivery."""


class RehearsalError(RuntimeError):
    """A book does not behave as its rules say."""


def rehearse(book: CompiledBook) -> None:
    """Raises RehearsalError where durable_rules does not answer as the reference does; whatever a part of the book raises else."""
    for atoms in _every_kind(len(book.atoms)):
        if not book.match.agrees(atoms):
            raise RehearsalError(f"{book.matcher} and the reference matcher do not agree on what holds")
    for order in _orders():
        _play(book, order)


def _every_kind(count: int) -> Iterator[Atoms]:
    """Nothing known, everything true or false, and each sentence alone otherwise than the rest."""
    yield (None,) * count
    for rest, alone in ((0, 1), (1, 0)):
        yield (rest,) * count
        yield from ((rest,) * place + (alone,) + (rest,) * (count - place - 1) for place in range(count))


def _orders() -> tuple[Order, ...]:
    """One with as little as an order may have, and one with all that rules read often."""
    plain = Order("D-1", "acme", Window(None, MORNING + 8 * HOUR), Destination("UTC"))
    window = Window(MORNING + 6 * HOUR, MORNING + 8 * HOUR)
    full = replace(plain, promised=window, destination=Destination("Europe/Helsinki", 60.17, 24.94), zone="north-1")
    return plain, replace(full, hub="HEL1", route_id="R1", cod=Money(4_000, "EUR"), value=Money(60_000, "EUR"))


def _day(order: Order) -> Iterator[Event]:
    """What may become known of it: a day with a failed attempt, which ends well."""
    end = order.promised.end
    told: tuple[tuple[Kind, Status | None, dict[str, object]], ...] = (
        (Kind.SCAN, Status.AT_HUB, {"location": Place("HEL1")}),
        (Kind.STATUS, Status.OUT_FOR_DELIVERY, {}),
        (Kind.ETA, None, {"eta": end + HOUR, "confidence": 80}),
        (Kind.STOPPED, None, {"location": Place(None, 60.1, 24.9)}),
        (Kind.ATTEMPT_FAILED, None, {"reason": Reason.CONSIGNEE_NOT_HOME}),
        (Kind.SENSOR, None, {"detail": {"name": "temperature", "value": "9", "unit": "C"}}),
        (Kind.STATUS, Status.DELIVERED, {}),
    )
    for number, (kind, status, more) in enumerate(told):
        at = MORNING + number * 90 * MINUTE
        yield replace(Event(f"e{number}", kind, at, at, "acme", status), **more)  # type: ignore[arg-type]


def _play(book: CompiledBook, order: Order) -> None:
    """Each rule's sentences are asked at each event, also of rules for others; the delivery itself is watched to its end."""
    watch = Watch(delivery_of(order, MORNING - HOUR), 1, "", MORNING - HOUR)
    for event in _day(order):
        looked = look(watch, book, (event,), event.recorded_at, answers=None)
        watch = looked.watch
        _ask_every_rule(book, watch.delivery, event.recorded_at)
    _play_on(watch, book, MORNING + 2 * DAY)


def _ask_every_rule(book: CompiledBook, delivery: Delivery, at: Instant) -> None:
    scene = Scene(delivery)
    for rule in book.rules:
        for condition in (rule.when, rule.only_when, rule.clears_when, *rule.stages):
            if condition is not None:
                condition.step(scene, at)


def _play_on(watch: Watch, book: CompiledBook, until: Instant) -> None:
    at = watch.looked_at
    for _ in range(MOST_LOOKS):
        looked = look(watch, book, (), at, answers=None)
        if looked.wake is None or looked.wake.at > until:
            return
        watch, at = looked.watch, looked.wake.at


def main(lines: Iterable[str], matcher: str) -> None:
    """Rehearses the book of each line."""
    for line in lines:
        book = from_canonical(line)
        sys.stdout.write(f"{book.name}\n")
        sys.stdout.flush()
        rehearse(compile_book(book, matcher))


if __name__ == "__main__":
    main(sys.stdin, sys.argv[1])
