"""What is counted of deliveries: once, however often their history is replayed, and nothing that could grow without bound."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.runtime import BufferedMetricUpdate, MetricBuffer, Runtime, TelemetryConfig
from temporalio.testing import WorkflowEnvironment

from domain.incident import Mode
from domain.metrics import METRICS
from rules.book import Step
from tests.workflows.books import ATTEMPT, FAILED, a_book, a_rule
from tests.workflows.stage import Stage, a_status, an_event, an_order, stage
from tests.workflows.test_delivery import acted
from workflows.payloads import DATA_CONVERTER

SHADOW = a_rule("shadow", FAILED, mode=Mode.SHADOW, do=(Step("notify", {"who": "shift-lead", "template": "running-late"}),))
BOOK = a_book(ATTEMPT, SHADOW)

Labels = frozenset[tuple[str, str]]


@dataclass
class Counted:
    """What was counted since the start: by name and labels, without those that the SDK adds. Of spans how many, in milliseconds."""

    buffer: MetricBuffer
    counts: dict[tuple[str, Labels], int] = field(default_factory=dict)
    spans: list[tuple[str, int]] = field(default_factory=list)

    def of(self, name: str, **labels: str) -> int:
        self._read()
        return sum(n for (known, told), n in self.counts.items() if known == name and told >= frozenset(labels.items()))

    def labels(self, name: str) -> set[Labels]:
        self._read()
        return {labels for known, labels in self.counts if known == name}

    def _read(self) -> None:
        for update in self.buffer.retrieve_updates():
            if update.metric.name.startswith("doorstep_"):
                self._note(update)

    def _note(self, update: BufferedMetricUpdate) -> None:
        key = (update.metric.name, _own(update.attributes))
        is_span = update.metric.name.endswith("_seconds")
        self.counts[key] = self.counts.get(key, 0) + (1 if is_span else int(update.value))
        if is_span:
            self.spans.append((update.metric.name, int(update.value)))


def _own(attributes: Mapping[str, str | int | float | bool]) -> Labels:
    sdk = ("namespace", "task_queue", "workflow_type", "activity_type", "service_name")
    return frozenset((name, str(value)) for name, value in attributes.items() if name not in sdk)


@asynccontextmanager
async def counting(temporal: WorkflowEnvironment) -> AsyncIterator[tuple[Client, Counted]]:
    """A client whose workers count into a buffer."""
    buffer = MetricBuffer(10_000)
    runtime = Runtime(telemetry=TelemetryConfig(metrics=buffer))
    address = temporal.client.service_client.config.target_host
    client = await Client.connect(address, runtime=runtime, data_converter=DATA_CONVERTER)
    yield client, Counted(buffer)


async def a_failed_attempt(on: Stage) -> str:
    delivery_id = await on.start()
    await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
    await on.until(delivery_id, acted("notify.customer", "done"))
    await on.until(delivery_id, acted("open_ticket", "done"))
    return delivery_id


async def test_an_incident_is_counted_from_its_opening_to_its_cure(temporal: WorkflowEnvironment) -> None:
    async with counting(temporal) as (client, counted), stage(client, BOOK) as on:
        delivery_id = await a_failed_attempt(on)
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.until(delivery_id, lambda snapshot: not snapshot["open_incidents"])
        await on.deliveries.query(delivery_id, "snapshot")

    assert counted.of("doorstep_incidents_opened_total", rule="attempt", severity="medium", mode="live") == 1
    assert counted.of("doorstep_incidents_opened_total", rule="shadow", mode="shadow") == 1
    assert counted.of("doorstep_effects_total", action="notify", outcome="done") == 1
    assert counted.of("doorstep_effects_total", action="open_ticket", outcome="done") == 1
    assert counted.of("doorstep_effects_total", action="notify", outcome="skipped") == 1
    assert counted.of("doorstep_incidents_resolved_total", rule="attempt", resolution="cured") == 1
    assert counted.of("doorstep_detect_seconds") == 2
    assert counted.of("doorstep_first_action_seconds", rule="attempt") == 1
    assert counted.of("doorstep_cure_seconds", rule="attempt") == 1
    assert all(0 <= span < 60_000 for _, span in counted.spans), "milliseconds, of things that took seconds at most"


async def test_a_worker_that_replays_counts_nothing_twice(temporal: WorkflowEnvironment) -> None:
    """The second worker knows nothing of the delivery: it replays all of its history for the next event."""
    async with counting(temporal) as (client, counted):
        async with stage(client, BOOK) as on:
            delivery_id, queue = await a_failed_attempt(on), on.queue
        async with stage(client, BOOK, queue=queue) as cold:
            await cold.deliveries.report(delivery_id, [an_event("note")])
            await cold.until(delivery_id, lambda snapshot: snapshot["events_seen"] >= 2)

        assert counted.of("doorstep_incidents_opened_total", rule="attempt") == 1
        assert counted.of("doorstep_effects_total", action="notify", outcome="done") == 1
        assert counted.of("doorstep_detect_seconds") == 2


async def test_a_delivery_to_which_nothing_happens_counts_nothing(temporal: WorkflowEnvironment) -> None:
    async with counting(temporal) as (client, counted), stage(client, BOOK) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await on.deliveries.handle(delivery_id).result()

        counted.of("")
        assert counted.counts == {}


async def test_what_is_refused_is_counted_by_door_and_type(temporal: WorkflowEnvironment) -> None:
    async with counting(temporal) as (client, counted), stage(client, BOOK) as on:
        delivery_id = await on.start()
        handle = on.deliveries.handle(delivery_id)
        await handle.signal("report", {"kind": "nothing we know"})
        await handle.signal("Aino called", {})
        await handle.signal("answer", {})
        with pytest.raises(WorkflowUpdateFailedError, match="Workflow update failed"):
            await handle.execute_update("acknowledge", {"incident_id": "D:1:x:1"})
        with pytest.raises(WorkflowUpdateFailedError, match="Workflow update failed"):
            await handle.execute_update("acknowledge", {"incident_id": "D:1:x:1", "by": "Kim"})
        await on.until(delivery_id, lambda snapshot: snapshot["rejected"]["count"] == 3)
        await refused_order(on)

        rejected = {tuple(sorted(dict(labels).values())) for labels in counted.labels("doorstep_rejected_total")}
        assert rejected == {
            ("InvalidInput", "signal"),
            ("signal", "unknown_signal"),
            ("signal", "unusable"),
            ("InvalidInput", "update"),
            ("NotFound", "update"),
            ("InvalidInput", "start"),
        }


async def refused_order(on: Stage) -> None:
    order = an_order(rulebook="nope")
    start: WithStartWorkflowOperation[object, object] = WithStartWorkflowOperation(
        "Delivery",
        order,
        id=f"delivery-{order['delivery_id']}",
        task_queue=on.queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    with pytest.raises(WorkflowUpdateFailedError, match="Workflow update failed"):
        await on.client.execute_update_with_start_workflow("accepted", {}, start_workflow_operation=start)


async def test_labels_are_those_of_the_table_and_name_nobody(temporal: WorkflowEnvironment) -> None:
    async with counting(temporal) as (client, counted), stage(client, BOOK) as on:
        delivery_id = await a_failed_attempt(on)

        table = {metric.name: set(metric.labels) for metric in METRICS}
        counted.of("")
        assert counted.counts
        for name, labels in counted.counts:
            assert {label for label, _ in labels} == table[name]
            assert not any(delivery_id in value or "shift-lead" in value for _, value in labels)
