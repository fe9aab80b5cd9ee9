"""What a worker process takes: idle, and for each open delivery that it has in its cache."""

import asyncio
from dataclasses import dataclass

from benchmarks import healthy
from benchmarks.ground import Ground, ground
from benchmarks.processes import resident, worker_process
from workflows.client import Deliveries
from workflows.clock import wall_clock

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
    async with ground() as here, worker_process(here) as process:
        idle = await _resident(process.pid)
        await _open(here, first)
        before = await _resident(process.pid)
        await _open(here, deliveries)
        after = await _resident(process.pid)
    return Memory(idle / MB, (after - before) / MB / deliveries, deliveries)


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
    return resident(pid)


if __name__ == "__main__":
    print(asyncio.run(measure()).render())
