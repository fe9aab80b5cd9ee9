"""A ground for looking at the Temporal UI: a server with its UI, and workflows of every kind in the states that operators look for."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio import workflow
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.disruption import Notice
from domain.incident import Mode, Severity
from domain.instant import HOUR
from rules.book import Rule, Rulebook, Step
from rules.tree import Is
from tests.temporal import temporal_server
from tests.workflows.assigning import Town, town
from tests.workflows.books import FAILED, TELL, a_book, a_rule
from tests.workflows.stage import Stage, a_status, an_event, from_now, stage
from tests.workflows.test_disruption import ground as places
from workflows.client import RefusedError
from workflows.clock import wall_clock
from workflows.places import DisruptedPlaces

AT_ONCE = ("--dynamic-config-value", "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1")
"""A failing task is told after its first failure, not after the fifth."""

OTHERS = Step("reassign", {"to": ["nearby_driver"], "accept_within": HOUR})


@workflow.defn(name="Broken", sandboxed=False)
class Broken:
    """A workflow with a fault in its code."""

    @workflow.run
    async def run(self) -> None:
        raise RuntimeError("a fault in the code")


def _when(status: str, id: str, **keys: Any) -> Rule:
    return a_rule(id, Is("status", (status,), text=f"status is {status}"), **keys)


def the_book() -> Rulebook:
    """A rule for each thing that is looked for."""
    return a_book(
        a_rule("asking", FAILED, mode=Mode.PROPOSE, propose_for=HOUR, severity=Severity.HIGH, do=(TELL,)),
        _when("damaged", "damaged", severity=Severity.CRITICAL, do=(TELL,)),
        _when("on_hold", "breakdown", do=(OTHERS,)),
        final_grace=HOUR,
    )


@dataclass(frozen=True, slots=True)
class Ground:
    """Where to look, and the workflow ids of what is to be found: `late`, `at_risk`, ..."""

    server: WorkflowEnvironment
    ui: str
    stage: Stage
    ids: dict[str, str]

    @property
    def client(self) -> Client:
        return self.server.client

    async def found(self, query: str, wanted: Iterable[str]) -> set[str]:
        """The ids that Temporal lists for a query, once they are those wanted, or else after a while: it lists with a delay."""
        for _ in range(200):
            listed = {one.id async for one in self.client.list_workflows(query)}
            if listed == set(wanted):
                break
            await asyncio.sleep(0.1)
        return listed

    async def details(self, name: str, *wanted: str) -> str:
        """The current details of a workflow, once they have all that is wanted, or else after a while."""
        handle = self.client.get_workflow_handle(self.ids[name])
        for _ in range(100):
            told = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
            if all(part in told.current_details for part in wanted):
                break
            await asyncio.sleep(0.1)
        return str(told.current_details)


@asynccontextmanager
async def looking(folder: Path, ui_port: int) -> AsyncIterator[Ground]:
    """Everything is in its state inside."""
    async with (
        temporal_server(*AT_ONCE, ui_port=ui_port) as server,
        town(folder) as town_,
        stage(server.client, the_book(), **town_.asking()) as on,
        places(server.client, town_.database) as disrupted,
        Worker(server.client, task_queue="broken", workflows=[Broken]),
    ):
        at = DisruptedPlaces(server.client, disrupted.queue)
        await at.opened(Notice("hub", disrupted.key, "Kim", wall_clock(), "down", wall_clock() + HOUR, "no power"))
        await at.opened(Notice("feed", "acme", "feed acme", wall_clock(), "silent"))
        await server.client.start_workflow("Broken", id="broken", task_queue="broken")
        ids = {**await _deliveries(on, town_), "hub": f"disruption-hub-{disrupted.key}", "feed": "disruption-feed-acme"}
        yield Ground(server, f"http://127.0.0.1:{ui_port}", on, {**ids, "broken": "broken"})


async def _deliveries(on: Stage, around: Town) -> dict[str, str]:
    ids = {
        "healthy": await on.start(),
        "late": await on.start(promised={"end": from_now(minutes=-30)}),
        "late_and_there": await on.start(promised={"end": from_now(minutes=-30)}),
        "at_risk": await on.start(zone="north-2", promised={"end": from_now(hours=1)}),
        "asking": await on.start(),
        "decided": await on.start(),
        "damaged": await on.start(),
        "breakdown": await on.start(route_id="R1", driver_id="V1"),
    }
    await around.has_driver(1, ids["breakdown"])
    await around.has_driver(2)
    report = on.deliveries.report
    await report(ids["late"], [a_status("out_for_delivery")])
    await report(ids["late_and_there"], [a_status("delivered")])
    await report(ids["at_risk"], [an_event("eta", eta=from_now(hours=1, minutes=20))])
    for one in ("asking", "decided"):
        await report(ids[one], [an_event("attempt_failed")])
    await report(ids["damaged"], [a_status("damaged")])
    await report(ids["breakdown"], [a_status("on_hold")])
    asked = await on.until(ids["decided"], lambda snapshot: bool(snapshot["proposals"]))
    decision = {"proposal_id": asked["proposals"][0]["proposal_id"], "approve": True, "by": "Kim"}
    await on.deliveries.ask(ids["decided"], "decide", decision)
    with suppress(RefusedError):
        await on.deliveries.start({"delivery_id": "D-refused"})
    named = {name: f"delivery-{delivery_id}" for name, delivery_id in ids.items()}
    return {**named, "refused": "delivery-D-refused", "offers": f"assignment-{ids['breakdown']}:1:breakdown:1-1"}
