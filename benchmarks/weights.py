"""What one delivery leaves on the server, counted in its history: by a bare workflow, by ours, and as one is tempted to build it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from benchmarks import books, healthy
from benchmarks.bare import bare_worker
from benchmarks.ground import ground
from benchmarks.naive import Judging, Naive
from benchmarks.pace import Pace
from benchmarks.throughput import BARE, REAL, Subject, Weight, weight_of
from domain.instant import HOUR, iso
from rules.book import Rulebook
from worker import RUNNER, working
from workflows.clock import wall_clock
from workflows.contract import delivery_workflow_id

MOST_ACTIONS, MOST_EVENTS = 20, 65
"""What a healthy delivery of eight reports may take at the most."""

NAIVE = Subject("Naive", "naive")

BEHIND = ("late", "on_time")
"""Two ETAs in place of the last report: the first opens an incident, the second resolves it."""

SPACED_S = 0.5
"""Between two reports: an activity of the one before has ended."""


@dataclass(frozen=True, slots=True)
class Weights:
    """By workflow, of a delivery on which nothing goes wrong, and of one with an incident and its ticket."""

    healthy: dict[str, Weight]
    incident: dict[str, Weight]

    def render(self) -> str:
        rows = [
            f"{what}: {', '.join(f'{name} {one.billed_actions} billed actions, {one.history_events} events' for name, one in all_.items())}"
            for what, all_ in (("healthy", self.healthy), ("with an incident", self.incident))
        ]
        return "\n".join(rows)


async def measure(spaced_s: float = SPACED_S) -> Weights:
    """Each lives alone, with its reports spaced."""
    pace = Pace()
    async with ground([pace], [books.behind()]) as here, working(here.client, here.settings), bare_worker(here.client):
        told = (("standard", books.shipped(), _healthy()), ("behind", books.behind(), _with_incident()))
        found = []
        for name, book, reports in told:
            async with naive_worker(here.client, book):
                subjects = (BARE, REAL, NAIVE)
                ids = [await _live(here.client, pace, subject, name, reports, spaced_s) for subject in subjects]
                found.append({one.workflow: await weight_of(here.client, id) for one, id in zip(subjects, ids, strict=True)})
    return Weights(*found)


@asynccontextmanager
async def naive_worker(client: Client, book: Rulebook) -> AsyncIterator[None]:
    judging = Judging(book)
    activities: list[Callable[..., Any]] = [judging.judge, judging.act]
    async with Worker(client, task_queue=NAIVE.queue, workflows=[Naive], activities=activities, workflow_runner=RUNNER):
        yield


def _healthy() -> Sequence[dict[str, Any]]:
    now = wall_clock()
    return [healthy.sent(number, *report, now) for number, report in enumerate(healthy.reports())]


def _with_incident() -> Sequence[dict[str, Any]]:
    now, reports = wall_clock(), list(_healthy())
    etas = [{**_eta(name), "eta": iso(now + hours * HOUR)} for name, hours in zip(BEHIND, (5, 3), strict=True)]
    return [*reports[:6], *etas, reports[-1]]


def _eta(name: str) -> dict[str, Any]:
    return {"event_id": f"eta-{name}", "kind": "eta", "occurred_at": iso(wall_clock()), "source": "acme"}


async def _live(
    client: Client, pace: Pace, subject: Subject, book: str, reports: Sequence[dict[str, Any]], spaced_s: float
) -> str:
    order = {**healthy.order(wall_clock()), "rulebook": book}
    workflow_id = delivery_workflow_id(order["delivery_id"])
    handle = await client.start_workflow(subject.workflow, order, id=workflow_id, task_queue=subject.queue)
    for report in reports:
        await asyncio.sleep(spaced_s)
        taken = pace.next(workflow_id)
        await handle.signal("report", {**report, "occurred_at": iso(wall_clock())})
        await taken.wait()
    await handle.result()
    return workflow_id


if __name__ == "__main__":
    print(asyncio.run(measure()).render())
