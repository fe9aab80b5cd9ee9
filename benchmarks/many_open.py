"""`python -m benchmarks.many_open`: 100,000 open deliveries on the embedded server, and what grows meanwhile. Takes some 20 minutes."""

import asyncio
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import books, due
from benchmarks.ground import Ground, ground
from benchmarks.kept import keep
from benchmarks.processes import resident, server_pid, worker_process
from domain.instant import HOUR
from workflows.clock import wall_clock

DELIVERIES, STEP = 100_000, 10_000
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Step:
    """After so many deliveries: starts a second since the step before, and MB of disk and memory."""

    open: int
    starts_a_second: float
    server_disk: float
    store_disk: float
    server_memory: float
    worker_memory: float

    def render(self) -> str:
        return (
            f"{self.open:8,} open, {self.starts_a_second:4.0f} starts/s; on disk {self.server_disk:6.0f} MB of the server and "
            f"{self.store_disk:5.0f} of the store; in memory {self.server_memory:5.0f} MB of the server and {self.worker_memory:5.0f} of the worker"
        )


async def measure(deliveries: int = DELIVERIES, step: int = STEP) -> tuple[Step, ...]:
    """One worker process, which keeps at most 5,000 deliveries in its cache, so that its memory grows until then and not after."""
    steps: list[Step] = []
    async with ground(books=[books.due()]) as here, worker_process(here) as process:
        while not steps or steps[-1].open < deliveries:
            began, wanted = time.perf_counter(), min(step, deliveries - (steps[-1].open if steps else 0))
            await due.started(here, [due.order(wall_clock() + 48 * HOUR) for _ in range(wanted)])
            seconds = time.perf_counter() - began
            await asyncio.sleep(2)
            steps.append(_step(here, process.pid, (steps[-1].open if steps else 0) + wanted, wanted / seconds))
            print(steps[-1].render(), flush=True)
    return tuple(steps)


def _step(here: Ground, worker: int, open_ones: int, rate: float) -> Step:
    home = Path(here.settings.home)
    server = sum(path.stat().st_size for path in home.glob("temporal.db*"))
    store = sum(path.stat().st_size for path in home.glob("doorstep.db*"))
    return Step(open_ones, rate, server / MB, store / MB, resident(server_pid()) / MB, resident(worker) / MB)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else DELIVERIES
    keep("open", [asdict(step) for step in asyncio.run(measure(wanted, min(STEP, wanted)))])
    os._exit(0)  # as in __main__
