"""`GET /metrics` of the gateway, for Prometheus: what its doors counted, and what stands open in the store."""

import asyncio
import time
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, ProcessCollector, generate_latest

from domain.instant import SECOND, Instant
from domain.metrics import INBOX_OLDEST, INBOX_WAITING, OPEN_DELIVERIES, OPEN_INCIDENTS, STORE_ANSWERS, Metric
from store.database import Database
from store.errors import StoreError
from store.gauges import Gauges, gauges

FRESH_S = 5.0
"""How long what was read from the store is shown again: whoever asks for the page all the time costs the store nothing."""


def add_metrics(app: FastAPI, registry: CollectorRegistry, database: Database, clock: Callable[[], Instant]) -> None:
    """The page, with what the process itself takes of the machine (`process_*`)."""
    ProcessCollector(registry=registry)
    app.add_api_route("/metrics", MetricsPage(registry, database, clock).show, include_in_schema=False)


class MetricsPage:
    """Reads the store when it is asked, at most every few seconds."""

    def __init__(self, registry: CollectorRegistry, database: Database, clock: Callable[[], Instant]) -> None:
        self._registry, self._database, self._clock = registry, database, clock
        self._turn, self._read_at = asyncio.Lock(), -FRESH_S
        self._waiting, self._oldest = (_gauge(metric, registry) for metric in (INBOX_WAITING, INBOX_OLDEST))
        self._incidents, self._deliveries = (_gauge(metric, registry) for metric in (OPEN_INCIDENTS, OPEN_DELIVERIES))
        self._answers = _gauge(STORE_ANSWERS, registry)

    async def show(self) -> Response:
        """All figures as text."""
        async with self._turn:
            if time.monotonic() - self._read_at >= FRESH_S:
                await self._read()
                self._read_at = time.monotonic()
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def _read(self) -> None:
        try:
            self._set(await gauges(self._database, self._clock()))
        except StoreError:
            self._forget()

    def _set(self, now: Gauges) -> None:
        self._answers.set(1)
        self._waiting.set(now.waiting)
        self._oldest.set(now.oldest / SECOND)
        for severity, count in now.incidents.items():
            self._incidents.labels(severity.value).set(count)
        for condition, count in now.deliveries.items():
            self._deliveries.labels(condition.value).set(count)

    def _forget(self) -> None:
        """What was true when the store answered last is not shown as if it still were."""
        self._answers.set(0)
        for alone in (self._waiting, self._oldest):
            alone.set(float("nan"))
        self._incidents.clear()
        self._deliveries.clear()


def _gauge(metric: Metric, registry: CollectorRegistry) -> Gauge:
    return Gauge(metric.name, metric.meaning, metric.labels, registry=registry)
