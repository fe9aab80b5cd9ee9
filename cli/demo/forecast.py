"""When the rules will open on each delivery if exactly what is written down is reported: the deadlines of the demo.

The pure rules are asked on a perfect clock, so that what the demo measures is the machinery around them: signals, timers,
workers, restarts.
"""

from collections.abc import Iterator

from cli.demo.faults import FAULTS
from cli.demo.scenario import Life, Scenario
from domain.delivery import delivery_of
from domain.instant import Instant
from rules.compile import CompiledBook
from rules.evaluate import ChangeKind
from rules.watch import Watch, look
from workflows.orders import DeliveryOrder

Opening = tuple[str, Instant]
"""A rule and when it opens."""


def openings(book: CompiledBook, life: Life, known_at: Instant) -> Iterator[Opening]:
    """Every opening of a delivery whose actions change nothing, in order of time."""
    order = DeliveryOrder.model_validate_json(life.order_json).order()
    watch = Watch(delivery_of(order, known_at), 1, "", looked_at=known_at)
    waiting = list(life.reports)
    now = known_at
    while True:
        batch = [report.event for report in waiting if report.at <= now]
        waiting = [report for report in waiting if report.at > now]
        looked = look(watch, book, batch, now, answers=None)  # on a perfect clock, with feeds that are alive
        watch = looked.watch
        yield from ((change.rule, change.at) for change in looked.changes if change.kind is ChangeKind.OPENED)
        if watch.delivery.facts.final:
            return
        due = [report.at for report in waiting] + ([looked.wake.at] if looked.wake is not None else [])
        if not due:
            return
        now = max(now + 1, min(due))


def due_at(book: CompiledBook, life: Life, known_at: Instant) -> Instant:
    """When the rule that is to notice a delivery's fault opens; raises LookupError if by the rules it never does."""
    if life.fault is None:
        raise ValueError(f"{life.delivery_id} is healthy: nothing is due")
    wanted = FAULTS[life.fault].rule
    found = next((at for rule, at in openings(book, life, known_at) if rule == wanted), None)
    if found is None:
        raise LookupError(
            f"by the rulebook, {wanted} never opens on {life.delivery_id} ({life.fault}); mend the story or the rule"
        )
    return found


def deadlines(book: CompiledBook, scenario: Scenario) -> dict[str, Instant]:
    """Delivery -> when its fault is due to be noticed."""
    begins = scenario.day.begins
    return {life.delivery_id: due_at(book, life, begins) for life in scenario.lives if life.fault is not None}
