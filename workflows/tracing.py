"""Traces from what came in to what was done: one trace leads from a signal or an update over what it made a delivery do to the
messages that went out.

Stands on the SDK's TracingInterceptor, which puts the trace into headers. What differs: what a signal makes a delivery do belongs to
the trace by which the signal came, not to that of the order. Headers come from outside; one that cannot be read is none. No command
depends on a header, so that histories replay with tracing and without it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from typing import Any, TypeAlias

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from temporalio.converter import DefaultPayloadConverter
from temporalio.worker import HandleSignalInput, HandleUpdateInput, WorkflowInterceptorClassInput

Carrier: TypeAlias = Mapping[str, str]
"""W3C Trace Context: `traceparent`, and `tracestate` where there is one."""

SPAN = "doorstep_span"
W3C = TraceContextTextMapPropagator()
LONGEST = 512
"""Characters of a `tracestate`; a longer one is left behind."""

NOTHING: AbstractContextManager[None] = nullcontext()

CAME_BY: ContextVar[Carrier | None] = ContextVar("came_by", default=None)
"""The trace by which what is being handled came; None where nothing is traced."""


class TraceHeaders(DefaultPayloadConverter):
    """Reads trace headers that anybody may have written: what is none is an empty one, and never an error."""

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        return [self._carrier(payload) for payload in payloads]

    def _carrier(self, payload: Payload) -> dict[str, str]:
        try:
            (told,) = super().from_payloads([payload])
        except Exception:  # whatever a sender's bytes make a converter raise
            return {}
        known = told.items() if isinstance(told, dict) else ()
        return {name: text for name, text in known if name in W3C.fields and isinstance(text, str) and len(text) <= LONGEST}


class Tracing(TracingInterceptor):
    """Belongs to the client of gateway and worker while traces are wanted; a worker has that of its client."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__(tracer)
        self.text_map_propagator = W3C
        self.payload_converter = TraceHeaders()

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[TracingWorkflowInboundInterceptor]:
        super().workflow_interceptor_class(input)
        input.unsafe_extern_functions[SPAN] = self._span
        return TracedWorkflow

    def _span(self, name: str, parents: Sequence[Carrier], time_ns: int, attributes: Mapping[str, str]) -> Carrier:
        """A span of no duration, child of the last of its parents and linked to the others; how what follows names it."""
        context = W3C.extract(parents[-1])
        others = [trace.get_current_span(W3C.extract(parent)).get_span_context() for parent in parents[:-1]]
        span = self.tracer.start_span(
            name, context, SpanKind.SERVER, attributes, [Link(other) for other in others if other.is_valid], time_ns
        )
        span.end(time_ns)
        carrier = dict[str, str]()
        W3C.inject(carrier, trace.set_span_in_context(span, context))
        return carrier


class TracedWorkflow(TracingWorkflowInboundInterceptor):
    """Signals and updates are handled in the trace by which they came."""

    def __init__(self, next: Any) -> None:
        super().__init__(next)
        self.text_map_propagator = W3C
        self.payload_converter = TraceHeaders()

    async def handle_signal(self, input: HandleSignalInput) -> None:
        with self._in_trace_of(input.headers, f"HandleSignal:{input.signal[:40]}"):
            await self.next.handle_signal(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        with self._in_trace_of(input.headers, f"HandleUpdate:{input.update[:40]}"):
            return await self.next.handle_update_handler(input)

    def _in_trace_of(self, headers: Mapping[str, Payload], name: str) -> AbstractContextManager[None]:
        sent = headers.get(self.header_key)
        came_by = self.payload_converter.from_payloads([sent])[0] if sent is not None else None
        return _within(completed(name, [came_by])) if came_by else NOTHING


def followed(items: Iterable[object]) -> AbstractContextManager[None]:
    """What is done within belongs to the trace by which the last of these items came, if one did; the others' traces are linked."""
    came_by = [carrier for item in items if (carrier := getattr(item, "came_by", None))]
    return _within(completed("Evaluate", came_by)) if came_by else NOTHING


def completed(name: str, parents: Sequence[Carrier]) -> Carrier:
    """Notes a step of a workflow; how what follows names it. A replay notes nothing, and goes on with the last parent."""
    note = workflow.extern_functions().get(SPAN)
    if note is None or workflow.unsafe.is_replaying():
        return parents[-1]
    info = workflow.info()
    about = {"temporalWorkflowID": info.workflow_id, "temporalRunID": info.run_id}
    carrier: Carrier = note(name, parents, workflow.time_ns(), about)
    return carrier


@contextmanager
def _within(came_by: Carrier) -> Iterator[None]:
    known = CAME_BY.set(came_by)
    attached = otel.attach(W3C.extract(came_by, otel.get_current()))
    try:
        yield
    finally:
        # Put out of memory, a workflow leaves in another context than it entered, where there is nothing to put back.
        with suppress(ValueError):
            CAME_BY.reset(known)
            attached.var.reset(attached)
