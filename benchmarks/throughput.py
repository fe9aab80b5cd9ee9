"""Whole deliveries a second: the real workflow against a bare one, on one server, in turns, so that noise hits both.

Server, worker and client share this machine's cores; a delivery is a start, eight reports and a final one, each its own
signal and its own workflow task.
"""

import asyncio
import time
from dataclasses import dataclass
from statistics import median

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from benchmarks import healthy
from benchmarks.bare import BARE_QUEUE, bare_worker
from benchmarks.ground import Ground, ground
from benchmarks.pace import Pace
from worker import spare_what_stays, working
from workflows.clock import wall_clock
from workflows.contract import DELIVERY, TASK_QUEUE, delivery_workflow_id

BILLED = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
)
"""What Temporal Cloud bills an action for; and one for all local activities of a workflow task."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A workflow type under measurement, and the queue that its worker polls."""

    workflow: str
    queue: str


BARE, REAL = Subject("Bare", BARE_QUEUE), Subject(DELIVERY, TASK_QUEUE)


@dataclass(frozen=True, slots=True)
class Weight:
    """What one delivery leaves on the server."""

    history_events: int
    billed_actions: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """Deliveries a second of each round, and what one delivery weighs."""

    bare: tuple[float, ...]
    real: tuple[float, ...]
    bare_weight: Weight
    real_weight: Weight

    @property
    def ratio(self) -> float:
        """The median over rounds of real to the bare ones before and after it."""
        neighbours = zip(self.bare, self.bare[1:], strict=False)
        return median(real / ((one + two) / 2) for real, (one, two) in zip(self.real, neighbours, strict=True))

    def render(self) -> str:
        bare, real = median(self.bare), median(self.real)
        return "\n".join(
            [
                f"bare {bare:5.1f} deliveries/s, {_weighs(self.bare_weight)}",
                f"real {real:5.1f} deliveries/s, {_weighs(self.real_weight)}",
                f"ratio {self.ratio:.2f} over {len(self.real)} rounds",
            ]
        )


def _weighs(weight: Weight) -> str:
    return f"{weight.history_events} history events and {weight.billed_actions} billed actions each"


async def measure(deliveries: int = 120, rounds: int = 5, at_once: int = 40) -> Throughput:
    """Bare, real, bare, real, ..., bare."""
    pace = Pace()
    async with ground([pace]) as here, working(here.client, here.settings), bare_worker(here.client):
        for subject in (BARE, REAL):
            await _round(here, pace, subject, min(deliveries, at_once), at_once)  # what is read and compiled once
        spare_what_stays()  # as a worker process does
        bare, real = [], []
        for _ in range(rounds):
            bare.append(await _round(here, pace, BARE, deliveries, at_once))
            real.append(await _round(here, pace, REAL, deliveries, at_once))
        bare.append(await _round(here, pace, BARE, deliveries, at_once))
        weights = [await weight_of(here.client, await _live(here, pace, subject)) for subject in (BARE, REAL)]
    return Throughput(tuple(bare), tuple(real), *weights)


async def _round(here: Ground, pace: Pace, subject: Subject, deliveries: int, at_once: int) -> float:
    """Deliveries a second."""
    room = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with room:
            await _live(here, pace, subject)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(deliveries)))
    return deliveries / (time.perf_counter() - began)


async def _live(here: Ground, pace: Pace, subject: Subject) -> str:
    """One whole delivery; returns its workflow id."""
    order = healthy.order(wall_clock())
    workflow_id = delivery_workflow_id(order["delivery_id"])
    handle = await here.client.start_workflow(subject.workflow, order, id=workflow_id, task_queue=subject.queue)
    for number, report in enumerate(healthy.reports()):
        taken = pace.next(workflow_id)
        await handle.signal("report", healthy.sent(number, *report, wall_clock()))
        await taken.wait()
    await handle.result()
    return workflow_id


async def weight_of(client: Client, workflow_id: str) -> Weight:
    """Counted in its history."""
    events = [event async for event in client.get_workflow_handle(workflow_id).fetch_history_events()]
    local = {
        event.marker_recorded_event_attributes.workflow_task_completed_event_id
        for event in events
        if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
    }
    return Weight(len(events), sum(event.event_type in BILLED for event in events) + len(local))


if __name__ == "__main__":
    print(asyncio.run(measure()).render())
