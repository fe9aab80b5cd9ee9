"""What a worker process takes: idle, and for each open delivery that it has in its cache."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import healthy
from benchmarks.ground import Ground, ground
from workflows.client import Deliveries
from workflows.clock import wall_clock

ROOT = Path(__file__).parent.parent
MB = 1024 * 1024
REPORTS = 6
"""How many of a healthy day's reports each delivery has got: it is on the van."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of one worker process, in MB."""

    idle: float
    per_delivery: float
    deliveries: int

    def render(self) -> str:
        return f"idle worker {self.idle:.0f} MB, {self.per_delivery:.3f} MB for each of {self.deliveries} cached deliveries"


async def measure(deliveries: int = 500, first: int = 50) -> Memory:
    """The first deliveries are not counted: with them come what is read and compiled once."""
    async with ground() as here, _worker(here) as process:
        idle = await _resident(process.pid)
        await _open(here, first)
        before = await _resident(process.pid)
        await _open(here, deliveries)
        after = await _resident(process.pid)
    return Memory(idle / MB, (after - before) / MB / deliveries, deliveries)


@asynccontextmanager
async def _worker(here: Ground) -> AsyncIterator[Process]:
    """`doorstep worker` in a process of its own; up when it says so."""
    told = {**os.environ, **here.settings.values, "TEMPORAL_ADDRESS": here.address, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "cli", "worker", stdout=PIPE, env=told)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while b"ready" not in await process.stdout.readline():
                pass
        yield process
    finally:
        process.terminate()
        await process.wait()


async def _open(here: Ground, deliveries: int) -> None:
    """So many open deliveries, a few at a time, each with its reports taken."""
    room = asyncio.Semaphore(20)

    async def one() -> None:
        async with room:
            await _one(here)

    await asyncio.gather(*(one() for _ in range(deliveries)))


async def _one(here: Ground) -> None:
    deliveries = Deliveries(here.client)
    order = healthy.order(wall_clock())
    await deliveries.start(order)
    for number, report in enumerate(healthy.REPORTS[:REPORTS]):
        await deliveries.report(order["delivery_id"], [healthy.sent(number, *report, wall_clock())])
    await deliveries.query(order["delivery_id"], "snapshot")  # answered when everything before it was taken


async def _resident(pid: int) -> int:
    """Bytes, once it is at rest."""
    await asyncio.sleep(2)
    return int(psutil.Process(pid).memory_info().rss)


if __name__ == "__main__":
    print(asyncio.run(measure()).render())
