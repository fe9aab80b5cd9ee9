"""Calls to other systems, as spans of the trace that led to them: where to, and how long it took, never what was said."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACER = trace.get_tracer("doorstep")
"""Of what the program set up; nothing is traced where it did not."""


@contextmanager
def outgoing(what: str, server: str) -> Iterator[None]:
    """One call: `SMTP send`, to a host. What went wrong is told by its type: words may quote addresses."""
    about = {"server.address": server}
    with TRACER.start_as_current_span(
        what, None, SpanKind.CLIENT, about, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def host_of(url: str) -> str:
    """The host of an address, without user, path and query, which may hold secrets."""
    return urlsplit(url).hostname or ""


def trace_headers() -> dict[str, str]:
    """`traceparent` for a call to a system that may go on with the trace; empty while nothing is traced."""
    carrier = dict[str, str]()
    TraceContextTextMapPropagator().inject(carrier)
    return carrier
