"""Traces through a delivery: what belongs to which, that histories are the same without them, and that no header does harm."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, Interceptor, OutboundInterceptor, SignalWorkflowInput, WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from tests.workflows.books import ATTEMPT, a_book
from tests.workflows.stage import Stage, an_event, stage
from tests.workflows.test_delivery import acted
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER
from workflows.tracing import Tracing

BOOK = a_book(ATTEMPT)


class Traces:
    """Spans in memory."""

    def __init__(self) -> None:
        self.exporter, self.provider = InMemorySpanExporter(), TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("tests")

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def ancestors(self, name: str) -> list[str]:
        known = {span.context.span_id: span for span in self.spans if span.context}
        span, names = self.named(name), list[str]()
        while span.parent is not None and span.parent.span_id in known:
            span = known[span.parent.span_id]
            names.append(span.name)
        return names


@pytest.fixture
def traces() -> Iterator[Traces]:
    traces = Traces()
    yield traces
    traces.provider.shutdown()


async def connected(temporal: WorkflowEnvironment, *interceptors: Interceptor) -> Client:
    address = temporal.client.service_client.config.target_host
    return await Client.connect(address, data_converter=DATA_CONVERTER, interceptors=interceptors)


async def a_failed_attempt(on: Stage, delivery_id: str) -> WorkflowHistory:
    await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
    await on.until(delivery_id, acted("notify.customer", "done"))
    await on.until(delivery_id, acted("open_ticket", "done"))
    return await on.deliveries.handle(delivery_id).fetch_history()


def counted(history: WorkflowHistory) -> Counter[str]:
    """Workflow tasks are left out: how many there are depends on how long things take."""
    return Counter(name for event in history.events if "WORKFLOW_TASK" not in (name := EventType.Name(event.event_type)))


async def test_what_a_report_makes_a_delivery_do_belongs_to_the_trace_of_the_report(
    temporal: WorkflowEnvironment, traces: Traces
) -> None:
    client = await connected(temporal, Tracing(traces.tracer))
    async with stage(client, BOOK) as on:
        delivery_id = await on.start()
        with traces.tracer.start_as_current_span("the carrier's call"):
            await a_failed_attempt(on, delivery_id)

    assert traces.ancestors("RunActivity:notify") == [
        "StartActivity:notify",
        "Evaluate",
        "HandleSignal:report",
        "SignalWorkflow:report",
        "the carrier's call",
    ]
    assert traces.ancestors("RunActivity:admit")[-1] == "StartUpdateWithStartWorkflow:Delivery"


async def test_a_decision_by_update_is_followed_too(temporal: WorkflowEnvironment, traces: Traces) -> None:
    client = await connected(temporal, Tracing(traces.tracer))
    async with stage(client, BOOK) as on:
        delivery_id = await on.start()
        await a_failed_attempt(on, delivery_id)
        (incident,) = (await on.snapshot(delivery_id))["open_incidents"]
        with traces.tracer.start_as_current_span("a person decides"):
            await on.deliveries.ask(
                delivery_id, "resolve", {"incident_id": incident["incident_id"], "resolution": "handled", "by": "Kim"}
            )
        await on.until(delivery_id, acted("solve_ticket", "done"))

    assert traces.ancestors("RunActivity:solve_ticket")[-2:] == ["StartWorkflowUpdate:resolve", "a person decides"]


async def test_a_history_is_the_same_with_traces_and_without(temporal: WorkflowEnvironment, traces: Traces) -> None:
    traced = await connected(temporal, Tracing(traces.tracer))
    async with stage(traced, BOOK) as on:
        with_traces = await a_failed_attempt(on, await on.start())
    async with stage(temporal.client, BOOK) as on:
        without = await a_failed_attempt(on, await on.start())

    assert counted(with_traces) == counted(without)


async def test_a_history_made_with_traces_replays_without_them_and_the_other_way_round(
    temporal: WorkflowEnvironment, traces: Traces
) -> None:
    traced = await connected(temporal, Tracing(traces.tracer))
    async with stage(traced, BOOK) as on:
        with_traces = await a_failed_attempt(on, await on.start())
    async with stage(temporal.client, BOOK) as on:
        without = await a_failed_attempt(on, await on.start())
    known = len(traces.spans)

    plain = Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER)
    tracing = Replayer(workflows=[Delivery], interceptors=[Guard(), Tracing(traces.tracer)], data_converter=DATA_CONVERTER)
    replayed = [await plain.replay_workflow(with_traces), *[await tracing.replay_workflow(one) for one in (with_traces, without)]]

    assert [one.replay_failure for one in replayed] == [None, None, None]
    assert len(traces.spans) == known, "a replay notes no span"


async def test_a_worker_that_takes_over_goes_on_with_the_trace_of_the_next_report(
    temporal: WorkflowEnvironment, traces: Traces
) -> None:
    client = await connected(temporal, Tracing(traces.tracer))
    async with stage(client, BOOK) as on:
        delivery_id, queue = await on.start(), on.queue
    async with stage(client, BOOK, queue=queue) as cold:
        with traces.tracer.start_as_current_span("a later call"):
            await a_failed_attempt(cold, delivery_id)

    assert traces.ancestors("RunActivity:notify")[-1] == "a later call"


class Sending(Interceptor):
    """A client that sends a trace header of its own with each signal."""

    def __init__(self, header: Payload) -> None:
        self.header = header

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Sending(next, self.header)


class _Sending(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, header: Payload) -> None:
        super().__init__(next)
        self._header = header

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:
        input.headers = {**input.headers, "_tracer-data": self._header}
        await super().signal_workflow(input)


def a_header(data: bytes, encoding: bytes = b"json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding}, data=data)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(a_header(b"{"), id="no JSON"),
        pytest.param(a_header(b'["traceparent"]'), id="a list"),
        pytest.param(a_header(b'{"traceparent": 7}'), id="a number"),
        pytest.param(a_header(b'{"traceparent": "00-00-00-zz"}'), id="no trace"),
        pytest.param(a_header(b"\xff\xfe", b"binary/encrypted"), id="unknown encoding"),
        pytest.param(a_header(b"", b"binary/null"), id="null"),
        pytest.param(Payload(), id="nothing"),
        pytest.param(a_header(b'{"traceparent": "' + b"0" * 10_000 + b'"}'), id="too long"),
    ],
)
async def test_a_header_that_is_none_does_no_harm(temporal: WorkflowEnvironment, traces: Traces, header: Payload) -> None:
    worker = await connected(temporal, Tracing(traces.tracer))
    async with stage(worker, BOOK) as on:
        delivery_id = await on.start()
        client = await connected(temporal, Sending(header))
        handle: Any = client.get_workflow_handle(f"delivery-{delivery_id}")

        await handle.signal("report", {"events": [an_event("attempt_failed")]})

        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))
        assert snapshot["rejected"]["count"] == 0
