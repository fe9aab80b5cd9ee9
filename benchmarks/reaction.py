"""From the instant at which something is due to its first action, on an idle system and under load, beside sweeps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks import books, due, healthy
from benchmarks.due import Delays
from benchmarks.ground import Ground, ground
from benchmarks.processes import worker_process
from domain.instant import MINUTE, Instant
from workflows.client import Deliveries
from workflows.clock import wall_clock
from workflows.contract import delivery_workflow_id

MOST_S = 2.0
"""p99 under load is to stay below."""

SWEEPS = {"every 60 s": MINUTE, "every 15 min": 15 * MINUTE}


@dataclass(frozen=True, slots=True)
class Reaction:
    """Delays in seconds; `load` is how many whole deliveries a second ran beside, each a start and nine reports."""

    idle: Delays
    loaded: Delays
    load: float
    sweeps: dict[str, Delays]

    def render(self) -> str:
        told = {"idle": self.idle, f"under {self.load:.1f} whole deliveries/s": self.loaded, **self.sweeps}
        return "\n".join(f"due to first action, {name}: p50 {one.p50:.3f} s, p99 {one.p99:.3f} s" for name, one in told.items())


@dataclass(slots=True)
class Load:
    """What senders that never rest have done, and whether they are to stop."""

    done: int = 0
    is_over: bool = False


async def measure(deliveries: int = 300, lead_s: float = 15, spread_s: float = 20, senders: int = 4) -> Reaction:
    """The deliveries are due evenly over the spread, after the lead in which they are started."""
    async with ground(books=[books.due()]) as here, worker_process(here):
        await _round(here, 5, 3, 1)  # what is read and compiled once
        instants, idle = await _round(here, deliveries, lead_s, spread_s)
        async with _load(here, senders) as load:
            began, before = wall_clock(), load.done
            _, loaded = await _round(here, deliveries, lead_s, spread_s)
            rate = (load.done - before) * 1000 / (wall_clock() - began)
    return Reaction(idle, loaded, rate, {name: due.swept(instants, period) for name, period in SWEEPS.items()})


async def _round(here: Ground, deliveries: int, lead_s: float, spread_s: float) -> tuple[list[Instant], Delays]:
    first = wall_clock() + round(lead_s * 1000)
    instants = [first + round(number * spread_s * 1000 / deliveries) for number in range(deliveries)]
    orders = [due.order(at) for at in instants]
    await due.started(here, orders)
    found = await due.begun(here, [order["delivery_id"] for order in orders], lead_s + spread_s + 300)
    late = [(found[order["delivery_id"]] - at) / 1000 for order, at in zip(orders, instants, strict=True)]
    return instants, due.delays(late)


@asynccontextmanager
async def _load(here: Ground, senders: int) -> AsyncIterator[Load]:
    load = Load()
    async with asyncio.TaskGroup() as group:
        for _ in range(senders):
            group.create_task(_send(here, load))
        try:
            yield load
        finally:
            load.is_over = True  # each still ends its last delivery


async def _send(here: Ground, load: Load) -> None:
    deliveries = Deliveries(here.client)
    while not load.is_over:
        order = healthy.order(wall_clock())
        await due.started(here, [order])
        for number, report in enumerate(healthy.reports()):
            await deliveries.report(order["delivery_id"], [healthy.sent(number, *report, wall_clock())])
        await here.client.get_workflow_handle(delivery_workflow_id(order["delivery_id"])).result()
        load.done += 1


if __name__ == "__main__":
    print(asyncio.run(measure()).render())
