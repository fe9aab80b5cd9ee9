"""A site with everything on by which it can be watched, a little of a day played on it, and what was seen of it.

The collector of traces, the mail server and the ticket desk are in this process; worker and gateway are processes of their own.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from httpx import AsyncClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from cli.site import Site
from cli.standins.mail_catcher import MailCatcher, catching
from settings import Settings, read_settings
from tests.endpoints import Recorder, recording
from tests.ports import free_port
from tests.workflows.stage import an_order

TOKEN, API_KEY = "twilio-token", "a-key-of-the-order-system"
PERSONAL = ("Aino", "Virtanen", "aino@example.test", "401234567", "Mannerheimintie")
"""What no metric, no span and no log line may hold."""

SECRETS = (TOKEN, API_KEY, "a-secret-of-the-desk")

COUNTED = 'doorstep_effects_total{action="update_ticket"'
"""The last thing that is done: the ticket hears that the customer was told."""

BOOK = {
    "rulebook": "standard",
    "owner": "ops@example.test",
    "defaults": {"final_grace": "1h"},
    "rules": [
        {
            "id": "not-reached",
            "says": "A message did not arrive",
            "when": ["undelivered received"],
            "severity": "high",
            "do": [
                {"notify": {"who": "customer", "template": "running-late", "channels": ["email"]}},
                {"open_ticket": {"queue": "hub-ops"}},
            ],
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Span:
    """A span as it came."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent: str
    attributes: dict[str, str]
    whole: str


@dataclass
class Collector:
    """Takes spans by OTLP over HTTP, as a collector does."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for resource in sent.resource_spans:
            service = next(pair.value.string_value for pair in resource.resource.attributes if pair.key == "service.name")
            self.spans.extend(_span(service, span) for scope in resource.scope_spans for span in scope.spans)
        return web.Response(body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf")

    def ancestors(self, span: Span) -> list[str]:
        """The names of a span's parents, the nearest first."""
        known = {one.span_id: one for one in self.spans if one.trace_id == span.trace_id}
        names = list[str]()
        while span.parent in known:
            span = known[span.parent]
            names.append(span.name)
        return names


def _span(service: str, span: Any) -> Span:
    attributes = {pair.key: str(pair.value.string_value or pair.value.int_value) for pair in span.attributes}
    return Span(service, span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), attributes, str(span))


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on a free port."""
    collector, app = Collector(), web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    collector.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    try:
        yield collector
    finally:
        await runner.cleanup()


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was to be seen of the day."""

    delivery_id: str
    collector: Collector
    desk: Recorder
    mail: MailCatcher
    worker_metrics: str
    gateway_metrics: str
    worker_log: str
    gateway_log: str

    @property
    def logged(self) -> list[dict[str, Any]]:
        """Every line of worker and gateway that is JSON; both also print a few words for people when they start."""
        lines = (self.worker_log + self.gateway_log).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


async def a_watched_day(folder: Path) -> Seen:
    """An order by HTTP, a message that did not arrive, and what was refused."""
    order = an_order(customer={"name": "Aino Virtanen", "email": "aino@example.test", "phone": "+358401234567"})
    order["destination"] |= {"address": "Mannerheimintie 1"}
    (folder / "mails").mkdir()
    async with collecting() as collector, recording() as desk, catching(folder / "mails") as mail:
        settings = _settings(folder, collector, desk, mail)
        async with Site(settings, lambda news: None) as site, AsyncClient(timeout=30) as client:
            gateway, worker = f"http://127.0.0.1:{settings.port}", f"http://{settings.metrics_bind}"
            await _play(client, gateway, site.settings.public_url, order)
            await _until(lambda: bool(mail.mails and desk.calls))
            await _until_counted(client, worker)
            worker_metrics = (await client.get(f"{worker}/metrics")).text
            gateway_metrics = (await client.get(f"{gateway}/metrics")).text
        logs = [(settings.home / "logs" / f"{name}.log").read_text() for name in ("worker", "gateway")]
    return Seen(order["delivery_id"], collector, desk, mail, worker_metrics, gateway_metrics, *logs)


def _settings(folder: Path, collector: Collector, desk: Recorder, mail: MailCatcher) -> Settings:
    rules = folder / "rules"
    rules.mkdir()
    (rules / "standard.yaml").write_text(yaml.safe_dump(BOOK))
    (rules / "directory.yaml").write_text("queues: [hub-ops]\n")
    told = {
        "DOORSTEP_HOME": str(folder / "site"),
        "DOORSTEP_TEMPORAL_PORT": str(free_port(also=1000)),
        "DOORSTEP_PORT": str(free_port()),
        "DOORSTEP_RULES": str(rules),
        "DOORSTEP_SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
        "DOORSTEP_TICKETS": "webhook",
        "DOORSTEP_TICKETS_URL": desk.url,
        "DOORSTEP_TICKETS_SECRET": "a-secret-of-the-desk",
        "DOORSTEP_API_KEYS": API_KEY,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "DOORSTEP_METRICS_BIND": f"127.0.0.1:{free_port()}",
        "DOORSTEP_LOG": "json",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
    }
    return read_settings(told, folder / "none.toml")


async def _play(client: AsyncClient, gateway: str, public: str, order: dict[str, Any]) -> None:
    bearer = {"Authorization": f"Bearer {API_KEY}"}
    for headers, body in (({}, order), (bearer, {"delivery_id": 7}), (bearer, order)):
        await client.post(f"{gateway}/v1/deliveries", json=body, headers=headers)
    await client.get(f"{gateway}/nowhere/aino@example.test")
    path = f"/v1/twilio/status?effect={order['delivery_id']}/1/late/1/do.0/0/sms"
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "To": "+358401234567"}
    signature = RequestValidator(TOKEN).compute_signature(public + path, form)
    answer = await client.post(gateway + path, data=form, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 204, answer.text


async def _until(holds: Any, within: float = 60) -> None:
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - other processes have no event of ours to set
            await asyncio.sleep(0.1)


async def _until_counted(client: AsyncClient, worker: str) -> None:
    """The delivery hears of an effect a moment after it is done."""
    async with asyncio.timeout(60):
        while COUNTED not in (await client.get(f"{worker}/metrics")).text:  # noqa: ASYNC110 - Prometheus asks like this too
            await asyncio.sleep(0.2)
