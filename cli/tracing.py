"""Traces of a long-running program, sent by OTLP over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT. Without it nothing is set up.

What the SDK's own variables say (OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, ...) counts as well.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status, StatusCode
from temporalio.client import Interceptor

from settings import Settings
from workflows.tracing import Tracing

ERROR_TYPE = "exception.type"


class Discreet(SpanExporter):
    """Leaves out what errors say, which may quote what was sent: their type stays."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([discreet(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


@contextmanager
def tracing(settings: Settings, program: str) -> Iterator[tuple[Interceptor, ...]]:
    """What the program's Temporal client needs to trace; what is still to be sent is sent at the end. Raises SettingsError."""
    if not settings.traces_to:
        yield ()
        return
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: f"doorstep-{program}"}))
    provider.add_span_processor(BatchSpanProcessor(Discreet(OTLPSpanExporter(f"{settings.traces_to}/v1/traces"))))
    trace.set_tracer_provider(provider)
    try:
        yield (Tracing(provider.get_tracer("doorstep")),)
    finally:
        provider.shutdown()


def discreet(span: ReadableSpan) -> ReadableSpan:
    """The span without the words of errors."""
    if not span.events and span.status.description is None:
        return span
    kind = (span.status.description or "").partition(":")[0] or None
    return ReadableSpan(
        span.name,
        span.context,
        span.parent,
        span.resource,
        span.attributes,
        [_discreet(event) for event in span.events],
        span.links,
        span.kind,
        status=Status(span.status.status_code, kind if span.status.status_code is StatusCode.ERROR else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _discreet(event: Event) -> Event:
    kept = {name: value for name, value in (event.attributes or {}).items() if name == ERROR_TYPE}
    return Event(event.name, kept, event.timestamp)
