"""Traces at the gateway: each request is a span, and what waits in the inbox is handed on in the trace by which it came."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake.counting import METHODS, door_of

TRACER = trace.get_tracer("doorstep")
"""Of what the program set up; nothing is traced where it did not."""

W3C = TraceContextTextMapPropagator()


class TracedDoors:
    """ASGI middleware around the whole gateway, while traces are wanted. It notes the door, never what was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "other"
        with TRACER.start_as_current_span(method, _sent_along(scope), SpanKind.SERVER, record_exception=False) as span:
            span.set_attribute("http.request.method", method)

            async def answered(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            try:
                await self._app(scope, receive, answered)
            finally:
                span.update_name(f"{method} {door_of(scope)}")
                span.set_attribute("http.route", door_of(scope))


@contextmanager
def in_trace(traceparent: str | None, name: str) -> Iterator[None]:
    """Within a span of an earlier trace; of none, if there was none."""
    if traceparent is None:
        yield
        return
    token = otel.attach(W3C.extract({"traceparent": traceparent}, otel.Context()))
    try:
        with TRACER.start_as_current_span(name, kind=SpanKind.CONSUMER, record_exception=False, set_status_on_exception=False):
            yield
    finally:
        otel.detach(token)


def _sent_along(scope: Scope) -> otel.Context:
    """The trace that the caller sent along."""
    headers = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name.decode("latin-1") in W3C.fields
    }
    return W3C.extract(headers, otel.Context())
