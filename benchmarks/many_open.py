"""`python -m benchmarks.many_open`: 100,000 open deliveries on the embedded server, and what grows meanwhile. Takes most of an hour."""

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
AT_ONCE = 250
"""Started before the worker has to have taken them on: a longer queue is written to disk and read again, which costs the server more."""
TAKEN_ON_WITHIN_S = 60
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Step:
    """With so many deliveries open, each taken on by the worker: how many a second since the step before, and MB of disk and memory."""

    open: int
    taken_on_a_second: float
    server_disk: float
    store_disk: float
    server_memory: float
    worker_memory: float

    def render(self) -> str:
        return (
            f"{self.open:8,} open, {self.taken_on_a_second:4.0f} taken on a second; on disk {self.server_disk:6.0f} MB of the server and "
            f"{self.store_disk:5.0f} of the store; in memory {self.server_memory:5.0f} MB of the server and {self.worker_memory:5.0f} of the worker"
        )


async def measure(deliveries: int = DELIVERIES, step: int = STEP) -> tuple[Step, ...]:
    """One worker process, which keeps at most 5,000 deliveries in its cache, so that its memory grows until then and not after."""
    steps: list[Step] = []
    async with ground(books=[books.due()]) as here, worker_process(here) as process:
        began, at_once = time.perf_counter(), min(AT_ONCE, step)
        for before in range(0, deliveries, at_once):
            now_open = min(before + at_once, deliveries)
            await due.started(here, [due.order(wall_clock() + 48 * HOUR) for _ in range(before, now_open)])
            await due.taken_on(here, now_open, TAKEN_ON_WITHIN_S)
            if now_open % step == 0 or now_open == deliveries:
                rate = (now_open - (steps[-1].open if steps else 0)) / (time.perf_counter() - began)
                steps.append(_step(here, process.pid, now_open, rate))
                print(steps[-1].render(), flush=True)
                began = time.perf_counter()
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
