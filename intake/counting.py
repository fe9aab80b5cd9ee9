"""What goes through the gateway's doors: counted, timed, and every refusal logged, with the door and the status but not what was sent."""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from http import HTTPStatus
from logging import ERROR, INFO, WARNING, getLogger

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.metrics import REJECTED, REQUEST_SECONDS, REQUESTS, Metric

LOG = getLogger("doorstep.doors")

UNKNOWN = "unknown"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

LEVELS: Mapping[HTTPStatus, int] = {
    HTTPStatus.UNAUTHORIZED: WARNING,
    HTTPStatus.FORBIDDEN: WARNING,
    HTTPStatus.TOO_MANY_REQUESTS: WARNING,
    HTTPStatus.SERVICE_UNAVAILABLE: WARNING,
}
"""Refusals that somebody should look at if they are many. What else was wrong with a request is its sender's to mend."""

BECAUSE: ContextVar[list[str] | None] = ContextVar("because", default=None)
"""Where a door says in fixed words why it refuses: see intake.problems."""


class DoorFigures:
    """Figures of the doors, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody reads
        self._requests = _counter(REQUESTS, registry)
        self._rejected = _counter(REJECTED, registry)
        self._seconds = Histogram(
            REQUEST_SECONDS.name,
            REQUEST_SECONDS.meaning,
            REQUEST_SECONDS.labels,
            buckets=REQUEST_SECONDS.buckets,
            registry=registry,
        )

    def answered(self, door: str, method: str, status: int, seconds: float) -> None:
        """One request."""
        self._requests.labels(door, method if method in METHODS else "other", str(status)).inc()
        self._seconds.labels(door).observe(seconds)
        if 400 <= status < 500:
            self._rejected.labels(door, type_of(status)).inc()


class CountedDoors:
    """ASGI middleware around the whole gateway."""

    def __init__(self, app: ASGIApp, figures: DoorFigures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began, because = HTTPStatus.INTERNAL_SERVER_ERROR.value, time.perf_counter(), list[str]()

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = BECAUSE.set(because)
        try:
            await self._app(scope, receive, sent)
        finally:
            BECAUSE.reset(token)
            door = door_of(scope)
            self._figures.answered(door, scope["method"], status, time.perf_counter() - began)
            if status >= 400:
                _log(door, scope["method"], status, because)


def door_of(scope: Scope) -> str:
    """The path as it is declared, `/v1/deliveries/{delivery_id}/links`: what was asked for may name people."""
    return str(getattr(scope.get("route"), "path", UNKNOWN)) or UNKNOWN


def type_of(status: int) -> str:
    """An HTTP status in words: `unprocessable_entity`."""
    try:
        return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
    except ValueError:
        return "other"


def _log(door: str, method: str, status: int, because: list[str]) -> None:
    level = LEVELS.get(HTTPStatus(status), ERROR if status >= 500 else INFO) if status in HTTPStatus._value2member_map_ else INFO
    why = f": {because[-1]}" if because else ""
    LOG.log(
        level,
        "%s %s refused, %s %s%s",
        method if method in METHODS else "other",
        door,
        status,
        type_of(status),
        why,
        extra={"door": door, "status": status},
    )


def _counter(metric: Metric, registry: CollectorRegistry) -> Counter:
    return Counter(metric.name, metric.meaning, metric.labels, registry=registry)
