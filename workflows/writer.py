"""Keeps the store's copy of a delivery up to date without ever standing in the workflow's way."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.record import Recording
    from domain.copy import DeliveryCopy
    from workflows.words import CONDITIONS, STATUSES, short

QUICKLY = timedelta(seconds=2)
"""What a local activity gets before its work is moved off the workflow's way."""

UNTIL_DONE = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))


class CopyWriter:
    """Writes one copy at a time; what changes meanwhile is written next, whatever came between is skipped.

    `written` is told of the last one, when nothing is left to write.
    """

    def __init__(self, newest: Callable[[], DeliveryCopy], written: Callable[[DeliveryCopy], None]) -> None:
        self._newest = newest
        self._written = written
        self._task: asyncio.Task[None] | None = None
        self._stale = False

    @property
    def idle(self) -> bool:
        return self._task is None

    def write(self) -> None:
        self._stale = True
        if self._task is None:
            self._task = asyncio.create_task(self._write_all())

    async def _write_all(self) -> None:
        while self._stale:
            self._stale = False
            copy = self._newest()
            await self._write_one(copy)
        self._task = None
        self._written(copy)

    async def _write_one(self, copy: DeliveryCopy) -> None:
        try:
            await workflow.execute_local_activity_method(
                Recording.record,
                copy,
                schedule_to_close_timeout=QUICKLY,
                retry_policy=RetryPolicy(maximum_attempts=1),
                summary=short(f"tells the boards: it {STATUSES[copy.status]}, {CONDITIONS[copy.condition]}"),
            )
        except FailureError:  # a local activity's failure comes as it is, or wrapped in an ActivityError
            await workflow.execute_activity_method(
                Recording.record,
                copy,
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=UNTIL_DONE,
                summary=short(
                    f"tells the boards, which were slow or away: it {STATUSES[copy.status]}, {CONDITIONS[copy.condition]}"
                ),
            )
