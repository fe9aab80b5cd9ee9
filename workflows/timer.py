"""One durable timer that is kept: it is replaced only by an earlier one, since one that rings too early does no harm."""

import asyncio
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.instant import NEVER, Instant
    from rules.evaluate import Wake
    from workflows.words import timer_label, zone_of


def now() -> Instant:
    """Workflow time."""
    return workflow.time_ns() // 1_000_000


class KeptTimer:
    """Rings at or before the instant that it was last set to; `rang` stays true until it is heard. Its label tells the instant by
    the clock of a timezone."""

    def __init__(self) -> None:
        self.rang = False
        self._at: Instant = NEVER
        self._task: asyncio.Task[None] | None = None

    def set(self, wake: Wake, timezone: str) -> None:
        if wake.at >= self._at:
            return
        if self._task is not None:
            self._task.cancel()
        self._at = wake.at
        self._task = asyncio.create_task(self._ring(wake, timezone))

    def heard(self) -> None:
        self.rang = False

    async def _ring(self, wake: Wake, timezone: str) -> None:
        # At least a millisecond, so that an instant that has just passed is looked at in a new task.
        await workflow.sleep(timedelta(milliseconds=max(1, wake.at - now())), summary=timer_label(wake, zone_of(timezone)))
        self._task, self._at, self.rang = None, NEVER, True
