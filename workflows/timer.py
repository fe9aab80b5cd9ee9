"""One durable timer that is kept: it is replaced only by an earlier one, since one that rings too early does no harm."""

import asyncio
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.instant import NEVER, Instant, iso
    from rules.evaluate import Wake


def now() -> Instant:
    """Workflow time."""
    return workflow.time_ns() // 1_000_000


class KeptTimer:
    """Rings at or before the instant that it was last set to; `rang` stays true until it is heard."""

    def __init__(self) -> None:
        self.rang = False
        self._at: Instant = NEVER
        self._task: asyncio.Task[None] | None = None

    def set(self, wake: Wake) -> None:
        if wake.at >= self._at:
            return
        if self._task is not None:
            self._task.cancel()
        self._at = wake.at
        self._task = asyncio.create_task(self._ring(wake))

    def heard(self) -> None:
        self.rang = False

    async def _ring(self, wake: Wake) -> None:
        # At least a millisecond, so that an instant that has just passed is looked at in a new task.
        await workflow.sleep(timedelta(milliseconds=max(1, wake.at - now())), summary=f"{wake.because} at {iso(wake.at)}"[:200])
        self._task, self._at, self.rang = None, NEVER, True
