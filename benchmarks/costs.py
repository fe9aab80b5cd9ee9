"""What an event costs a worker, and how fast deliveries are started: ours beside a bare workflow, each in a process of its own."""

import asyncio
import time
from dataclasses import dataclass

from benchmarks import healthy
from benchmarks.ground import Ground, ground
from benchmarks.processes import cpu_s, worker_process
from benchmarks.throughput import BARE, REAL, Subject
from workflows.clock import wall_clock
from workflows.contract import delivery_workflow_id

EVENTS = len(healthy.REPORTS) + 2
"""Of a whole delivery: its start, eight reports, the final one."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of one core that the worker process takes for an event, and starts a second."""

    cpu_ms_an_event: float
    starts_a_second: float


@dataclass(frozen=True, slots=True)
class Costs:
    """Of both."""

    bare: Cost
    real: Cost

    @property
    def cpu_ratio(self) -> float:
        return self.real.cpu_ms_an_event / self.bare.cpu_ms_an_event

    def render(self) -> str:
        told = ((name, one) for name, one in (("bare", self.bare), ("real", self.real)))
        return "\n".join(
            f"{name} worker {one.cpu_ms_an_event:.2f} ms CPU an event, {one.starts_a_second:.0f} starts/s" for name, one in told
        )


async def measure(deliveries: int = 60, apart_s: float = 1.0, starts: int = 1_000) -> Costs:
    """Whole deliveries at once, their reports so far apart that no two share a workflow task; then starts, nothing else."""
    async with ground() as here:
        async with worker_process(here, "benchmarks.bare") as process:
            bare = await _cost(here, process.pid, BARE, deliveries, apart_s, starts)
        async with worker_process(here) as process:
            real = await _cost(here, process.pid, REAL, deliveries, apart_s, starts)
    return Costs(bare, real)


async def _cost(here: Ground, pid: int, subject: Subject, deliveries: int, apart_s: float, starts: int) -> Cost:
    await _live(here, subject, 0.1)  # what is read and compiled once
    before = cpu_s(pid)
    await asyncio.gather(*(_live(here, subject, apart_s, apart_s * number / deliveries) for number in range(deliveries)))
    taken = cpu_s(pid) - before
    return Cost(taken * 1000 / deliveries / EVENTS, await _start_rate(here, subject, starts))


async def _live(here: Ground, subject: Subject, apart_s: float, after_s: float = 0) -> None:
    await asyncio.sleep(after_s)
    order = healthy.order(wall_clock())
    workflow_id = delivery_workflow_id(order["delivery_id"])
    handle = await here.client.start_workflow(subject.workflow, order, id=workflow_id, task_queue=subject.queue)
    for number, report in enumerate(healthy.reports()):
        await asyncio.sleep(apart_s)
        await handle.signal("report", healthy.sent(number, *report, wall_clock()))
    await handle.result()


async def _start_rate(here: Ground, subject: Subject, starts: int, at_once: int = 40) -> float:
    room = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with room:
            order = healthy.order(wall_clock())
            workflow_id = delivery_workflow_id(order["delivery_id"])
            await here.client.start_workflow(subject.workflow, order, id=workflow_id, task_queue=subject.queue)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(starts)))
    return starts / (time.perf_counter() - began)


if __name__ == "__main__":
    print(asyncio.run(measure()).render())
