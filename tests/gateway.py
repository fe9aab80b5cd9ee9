"""The gateway as it is served, on a port of its own: what comes in from people."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import uvicorn
from httpx import AsyncClient, Response
from temporalio.testing import WorkflowEnvironment
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from cli.serve import application
from domain.conversation import Question
from domain.copy import DeliveryCopy
from domain.instant import HOUR, Instant, instant
from domain.status import Condition, Status
from settings import Settings, read_settings
from store.conversations import Conversations
from store.database import Database
from store.deliveries import Deliveries
from workflows.clock import wall_clock

TOKEN, PUBLIC, NUMBER = "twilio-token", "https://doorstep.example.test", "+358401234567"
PATH = "/v1/twilio/inbound"
SECRET, API_KEY = "signs the links of tests", "a-key-of-the-control-room"


@dataclass
class Gateway:
    """The gateway as it is served, and what it stands on."""

    client: AsyncClient
    database: Database
    settings: Settings

    async def says(self, text: str, sid: str = "SM1", number: str = NUMBER, **more: str) -> Response:
        """A message, as Twilio sends it."""
        form = {"MessageSid": sid, "From": number, "To": "+15005550006", "Body": text, "NumMedia": "0", **more}
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + PATH, form)
        return await self.client.post(PATH, data=form, headers={"X-Twilio-Signature": signature})

    async def asked(self, delivery_id: str, answers: tuple[str, ...] = ("yes", "no", "later"), language: str = "en") -> str:
        """Notes, as the worker does, that the customer is asked; the reply code."""
        question = Question(f"{delivery_id}/1/asking/1/do.0/0", answers, wall_clock() + HOUR)
        written = Conversations(self.database).written
        known = await written(
            NUMBER, delivery_id, language=language, timezone="Europe/Helsinki", now=wall_clock(), question=question
        )
        return known.code

    async def copied(self, order: Mapping[str, Any], finished_at: Instant | None = None) -> None:
        """The copy that the worker would have written."""
        promised = instant(datetime.fromisoformat(order["promised"]["end"]))
        await Deliveries(self.database).write(
            DeliveryCopy(
                delivery_id=order["delivery_id"],
                generation=1,
                run_id="run",
                status=Status.DELIVERED if finished_at else Status.OUT_FOR_DELIVERY,
                condition=Condition.ON_TIME,
                carrier="acme",
                promised_start=None,
                promised_end=promised,
                eta=None,
                attempts=1,
                first_promised_end=promised,
                rulebook="standard",
                rulebook_version="0" * 64,
                order=dict(order),
                started_at=1,
                finished_at=finished_at,
                revision=1,
            )
        )


@asynccontextmanager
async def serving(database: Database, temporal_port: int) -> AsyncIterator[Gateway]:
    """The gateway on a free port."""
    settings = read_settings(
        {
            "DOORSTEP_DATABASE_URL": str(database.url.render_as_string(hide_password=False)),
            "DOORSTEP_TEMPORAL_PORT": str(temporal_port),
            "TWILIO_AUTH_TOKEN": TOKEN,
            "DOORSTEP_PUBLIC_URL": PUBLIC,
            "DOORSTEP_SECRET_KEY": SECRET,
            "DOORSTEP_API_KEYS": API_KEY,
        }
    )
    server = uvicorn.Server(uvicorn.Config(application(settings), log_level="warning", access_log=False))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        running = asyncio.create_task(server.serve([bound]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.02)
        try:
            async with AsyncClient(base_url=f"http://127.0.0.1:{bound.getsockname()[1]}", timeout=30) as client:
                yield Gateway(client, database, settings)
        finally:
            server.should_exit = True
            await running


def port_of(temporal: WorkflowEnvironment) -> int:
    return int(temporal.client.service_client.config.target_host.rpartition(":")[2])


async def client_behind(proxy: str, forwarded_for: str, trusted: str) -> str:
    """Whom uvicorn takes for the client, of a call that came from `proxy`; `trusted` is its FORWARDED_ALLOW_IPS."""
    scope: Any = {"type": "http", "client": (proxy, 40000), "headers": [(b"x-forwarded-for", forwarded_for.encode())]}
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])

    await ProxyHeadersMiddleware(app, trusted)(scope, None, None)  # type: ignore[arg-type]
    return seen[0]
