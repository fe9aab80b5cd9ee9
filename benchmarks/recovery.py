"""A worker is killed with many deliveries open, some things fall due, a worker is started: how long until they are begun?"""

import asyncio
from dataclasses import dataclass

from benchmarks import books, due
from benchmarks.ground import ground
from benchmarks.processes import crashed, start_worker
from domain.instant import HOUR, SECOND
from workflows.clock import wall_clock

TAKEN_ON_WITHIN_S = 900


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds from the start of the new worker process, its own start included."""

    open: int
    due: int
    ready_s: float
    first_s: float
    all_s: float

    def render(self) -> str:
        return (
            f"a worker started with {self.open:,} open deliveries, {self.due} of them due: ready after {self.ready_s:.1f} s, "
            f"first action after {self.first_s:.1f} s, all of them after {self.all_s:.1f} s"
        )


async def measure(deliveries: int = 10_000, falling_due: int = 200, lead_s: float = 15) -> Recovery:
    """Those due fall due while no worker is there."""
    async with ground(books=[books.due()]) as here:
        process = await start_worker(here)
        try:
            await due.started(here, [due.order(wall_clock() + 24 * HOUR) for _ in range(deliveries - falling_due)])
            await due.taken_on(here, deliveries - falling_due, TAKEN_ON_WITHIN_S)
            at = wall_clock() + round(lead_s * SECOND)
            waiting = [due.order(at) for _ in range(falling_due)]
            await due.started(here, waiting)
            await due.taken_on(here, deliveries, TAKEN_ON_WITHIN_S)
            if wall_clock() >= at:
                raise RuntimeError(f"taking on {falling_due} deliveries took longer than the {lead_s:g} s until they fell due")
            await crashed(process)
            await asyncio.sleep(max(0, at - wall_clock()) / 1000 + 1)
            began = wall_clock()
            process = await start_worker(here)
            ready = wall_clock()
            found = await due.begun(here, [order["delivery_id"] for order in waiting], 600)
        finally:
            await crashed(process)
    seconds = sorted((claimed - began) / 1000 for claimed in found.values())
    return Recovery(deliveries, falling_due, (ready - began) / 1000, seconds[0], seconds[-1])


if __name__ == "__main__":
    print(asyncio.run(measure()).render())
