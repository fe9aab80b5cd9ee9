"""Plays the day: starts every delivery and reports everything at its instant, through the client that everybody uses."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from temporalio.service import RPCError, RPCStatusCode

from cli.demo.scenario import Life, Scenario
from domain.event import Event
from domain.instant import Instant
from workflows.client import Deliveries
from workflows.clock import wall_clock

AT_ONCE = 2
"""Deliveries that are started side by side. A first timer runs from the end of its task, so a queue of starts makes it late."""

PAUSE_S = 0.2
"""Between two tries to reach a server that is away."""

PATIENCE_MS = 60_000

AWAY = (
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.UNKNOWN,
    RPCStatusCode.ABORTED,
)
"""What a client is told while the server is being started again."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A process that is killed (SIGKILL) in the middle of the day, so many real milliseconds after a time of the day's clock."""

    at: str
    what: str
    pid: Callable[[], int | None]
    after_ms: int = 0


@dataclass(slots=True)
class Played:
    """What was played: how many reports were sent, and which ones nobody took (delivery, event)."""

    sent: int = 0
    begun: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    interrupted: list[str] = field(default_factory=list)


class Player:
    """One performance of a scenario."""

    def __init__(
        self,
        scenario: Scenario,
        deliveries: Deliveries,
        tell: Callable[[str], None],
        interruptions: Sequence[Interruption] = (),
        clock: Callable[[], Instant] = wall_clock,
    ) -> None:
        self._scenario = scenario
        self._deliveries = deliveries
        self._tell = tell
        self._interruptions = interruptions
        self._clock = clock
        self._starting = asyncio.Semaphore(AT_ONCE)
        self.played = Played()

    async def play(self) -> Played:
        """Returns when everything was reported; raises the first error that nothing can be done about."""
        try:
            async with asyncio.TaskGroup() as group:
                for life in self._scenario.lives:
                    group.create_task(self._live(life))
                for interruption in self._interruptions:
                    group.create_task(self._interrupt(interruption))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        return self.played

    async def _live(self, life: Life) -> None:
        async with self._starting:
            await self._until_reached(lambda: self._deliveries.start(life.order))
            self.played.begun += 1
        for at, events in batches(life):
            await self._sleep_until(at)
            await self._report(life.delivery_id, events)

    async def _report(self, delivery_id: str, events: Sequence[Event]) -> None:
        try:
            await self._until_reached(lambda: self._deliveries.report(delivery_id, events))
        except LookupError:
            self.played.refused += [(delivery_id, event.event_id) for event in events]
        self.played.sent += len(events)

    async def _interrupt(self, interruption: Interruption) -> None:
        await self._sleep_until(self._scenario.day.at(interruption.at) + interruption.after_ms)
        pid = interruption.pid()
        if pid is None:
            raise RuntimeError(f"{interruption.what} is not running, so it cannot be killed")
        os.kill(pid, signal.SIGKILL)
        self.played.interrupted.append(interruption.what)
        self._tell(f"{interruption.at}: {interruption.what} (process {pid}) was killed on purpose")

    async def _until_reached(self, call: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """A report is never dropped because a server is away: its event id makes it safe to send again."""
        give_up_at = self._clock() + PATIENCE_MS
        while True:
            try:
                await call()
            except RPCError as error:
                if error.status not in AWAY or self._clock() > give_up_at:
                    raise
                await asyncio.sleep(PAUSE_S)
            else:
                return

    async def _sleep_until(self, at: Instant) -> None:
        await asyncio.sleep(max(0, at - self._clock()) / 1000)


def batches(life: Life) -> Iterator[tuple[Instant, list[Event]]]:
    """What is reported at the same instant goes into one signal."""
    for at, reports in groupby(life.reports, key=lambda report: report.at):
        yield at, [report.event for report in reports]
