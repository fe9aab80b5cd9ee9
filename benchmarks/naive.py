"""What Doorstep would weigh if it were built as one is tempted to: an activity for each event, a timer armed anew after each.

The rules are ours, and nothing else is done: no copy, no search attributes, no details. That flatters it.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    import json

    from domain.delivery import delivery_of
    from domain.instant import Instant
    from domain.status import FINAL
    from rules.book import Rulebook
    from rules.compile import compile_book
    from rules.watch import Watch, look
    from workflows.events import DeliveryEvent
    from workflows.orders import DeliveryOrder

SOON = timedelta(seconds=30)


@dataclass
class Told:
    """All that is known of a delivery: its order, what was reported, and since when it is watched."""

    order: dict[str, Any]
    started_at: Instant
    now: Instant
    reports: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Judged:
    """Rules with an open incident, whether the delivery has ended, and when to look again."""

    open: list[str]
    is_over: bool
    wake_at: Instant | None


class Judging:
    """The activities, with the book that they judge by."""

    def __init__(self, book: Rulebook) -> None:
        self._book = compile_book(book)

    @activity.defn
    async def judge(self, told: Told) -> Judged:
        """Plays all reports again."""
        delivery = delivery_of(DeliveryOrder.model_validate_json(json.dumps(told.order)).order(), told.started_at)
        looked = look(Watch(delivery, 1, "naive", looked_at=told.started_at), self._book, (), told.started_at)
        for report in told.reports:
            event = DeliveryEvent.model_validate_json(json.dumps(report)).event(told.now)
            looked = look(looked.watch, self._book, (event,), max(event.occurred_at, looked.watch.looked_at))
        looked = look(looked.watch, self._book, (), max(told.now, looked.watch.looked_at))
        watch = looked.watch
        is_over = watch.delivery.facts.status in FINAL
        return Judged([one.rule for one in watch.incidents if one.is_open], is_over, looked.wake.at if looked.wake else None)

    @activity.defn
    async def act(self, rule: str) -> None:
        """What a rule asks for."""


@workflow.defn(name="Naive")
class Naive:
    """One delivery, judged anew whenever something comes or a timer rings."""

    def __init__(self) -> None:
        self._reports: list[dict[str, Any]] = []

    @workflow.run
    async def run(self, order: dict[str, Any]) -> int:
        """Returns how many incidents there were."""
        told, acted = Told(order, _now(), _now()), set[str]()
        while True:
            told = Told(order, told.started_at, _now(), list(self._reports))
            judged = await workflow.execute_activity_method(Judging.judge, told, start_to_close_timeout=SOON)
            for rule in sorted(set(judged.open) - acted):
                await workflow.execute_activity_method(Judging.act, rule, start_to_close_timeout=SOON)
                acted.add(rule)
            if judged.is_over:
                return len(acted)
            await self._something(len(told.reports), judged.wake_at)

    async def _something(self, known: int, wake_at: Instant | None) -> None:
        left = None if wake_at is None else timedelta(milliseconds=max(1, wake_at - _now()))
        try:
            await workflow.wait_condition(lambda: len(self._reports) > known, timeout=left)
        except TimeoutError:
            return

    @workflow.signal
    def report(self, report: dict[str, Any]) -> None:
        """Takes note."""
        self._reports.append(report)


def _now() -> Instant:
    return workflow.time_ns() // 1_000_000
