"""No personal data gets out: not into logs, search attributes, memos, ids, summaries or metrics. And what is sealed can be read in
the Temporal UI and by its command line, by who has the token."""

import asyncio
import json
import shutil
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from google.protobuf.json_format import MessageToDict
from httpx import AsyncClient, Response
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from cli.connection import client_of
from cli.site import Site
from cli.temporal_server import temporal_binary
from settings import read_settings
from tests.ports import free_port
from tests.workflows.garbage import JSON, send_signal, send_start
from tests.workflows.stage import an_event, an_order
from workflows.client import Deliveries
from workflows.contract import TASK_QUEUE, delivery_workflow_id

pytestmark = [pytest.mark.temporal, pytest.mark.slow, pytest.mark.timeout(300)]

NAME, ADDRESS = "Zyxwuvtswine Markerlainen", "Zyxwuvtskatu 77 Q"
TEXT, DOOR_CODE = "the key is under Zyxwuvtspot", "zyxwuvtscode 4711"
MAIL, LATER, PHONE = "zyxwuvts.marker@example.test", "later.zyxwuvts@example.test", "+358409998877"
MARKERS = ("zyxwuvts", "409998877")
"""What stands in everything personal of this test, and nowhere else. In small letters, and so many of them that they do not come by
chance in what is sealed: three letters stood in one of a few dozen sealed failures."""

KEYS = "k1:" + "A" * 43 + "="
API_KEY = "a-key-of-the-order-system"


class Refusing:
    """A mail server whose refusals quote whom they are about, as many do."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        return f"{'451 4.2.1' if address == LATER else '550 5.1.1'} <{address}> is not here"


@dataclass
class Ground:
    """The running site and what was said on the way."""

    site: Site
    client: Client
    http: AsyncClient
    delivery_ids: list[str] = field(default_factory=list)

    @property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.client, patience=30)


@pytest.fixture(scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    home = tmp_path_factory.mktemp("private") / "site"
    mail = Controller(Refusing(), hostname="127.0.0.1", port=free_port())
    mail.start()
    temporal_port, closed = free_port(also=1000), free_port()
    told = {
        "DOORSTEP_HOME": str(home), "DOORSTEP_TEMPORAL_PORT": str(temporal_port), "DOORSTEP_TEMPORAL_HTTP_PORT": str(free_port()),
        "DOORSTEP_PORT": str(free_port()), "DOORSTEP_SMTP_URL": f"smtp://127.0.0.1:{mail.port}", "DOORSTEP_CODEC_KEYS": KEYS,
        "DOORSTEP_API_KEYS": API_KEY, "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "token",
        "DOORSTEP_TWILIO_BASE_URL": f"http://127.0.0.1:{closed}", "DOORSTEP_TWILIO_FROM": "+15005550006",
    }  # fmt: skip
    settings = read_settings(told)
    try:
        async with Site(settings, lambda line: None) as site:
            base = f"http://127.0.0.1:{site.settings.port}"
            async with AsyncClient(base_url=base, timeout=60, headers={"Authorization": f"Bearer {API_KEY}"}) as http:
                on = Ground(site, await client_of(site.settings, site.address), http)
                await play(on)
                yield on
    finally:
        mail.stop()


async def play(on: Ground) -> None:
    """Two deliveries with a failed attempt, one of whose mails is refused for good; words of people; and garbage with names in it."""
    for address in (MAIL, LATER):
        order = personal_order(address)
        accepted = await on.deliveries.start(order)
        delivery_id = str(accepted["delivery_id"])
        on.delivery_ids.append(delivery_id)
        await on.deliveries.report(delivery_id, [failed_attempt()])
        await on.deliveries.ask(delivery_id, "instruct", {"text": TEXT, "safe_place": DOOR_CODE, "by": "customer"})
        await on.deliveries.ask(delivery_id, "amend", {"patch": {"customer": {"phone": PHONE}}, "by": "shop"})
    by_http = personal_order(MAIL)
    assert (await post(on, "/v1/deliveries", by_http)).status_code == 202
    on.delivery_ids.append(by_http["delivery_id"])
    await garbage(on)
    for delivery_id in on.delivery_ids[:2]:
        await incidents_tried(on, delivery_id)


def personal_order(mail: str) -> dict[str, Any]:
    return an_order(
        rulebook="standard",
        customer={"name": NAME, "email": mail, "phone": PHONE},
        destination={"timezone": "Europe/Helsinki", "address": ADDRESS},
    )


def failed_attempt() -> Mapping[str, Any]:
    return an_event("attempt_failed", reason="consignee_not_home", location={"name": ADDRESS}, detail={"text": TEXT})


async def incidents_tried(on: Ground, delivery_id: str) -> None:
    """Waits until an incident is open and its mail has been tried."""
    async with asyncio.timeout(90):
        while True:
            snapshot = await on.deliveries.query(delivery_id, "snapshot")
            if snapshot["incidents"]:
                break
            await asyncio.sleep(0.2)
    effects = (await on.http.get("/")).text
    async with asyncio.timeout(90):
        while delivery_id not in effects:
            await asyncio.sleep(0.2)
            effects = (await on.http.get("/")).text


async def garbage(on: Ground) -> None:
    """Names, mails and addresses where they do not belong."""
    words = json.dumps({"name": NAME, "customer": MAIL, "delivery_id": 7, "note": TEXT}).encode()
    bad = [
        Payload(metadata=JSON, data=words),
        Payload(metadata=JSON, data=words[:-2]),
        Payload(metadata={"encoding": b"x"}, data=words),
    ]
    workflow_id = delivery_workflow_id(on.delivery_ids[0])
    for payload in bad:
        await send_signal(on.client, workflow_id, "report", [payload])
        await send_signal(on.client, workflow_id, "answer", [payload, payload])
        await send_start(on.client, TASK_QUEUE, [payload])
    for path in (
        "/v1/deliveries",
        f"/v1/deliveries/{on.delivery_ids[0]}/amend",
        "/v1/mail/bounces",
        "/v1/twilio/inbound",
        "/codec/decode",
    ):
        await on.http.post(path, content=words, headers={"Content-Type": "application/json"})
        await post(on, path, {"customer": {"name": NAME, "email": "no mail of Zyxwuvts"}, "destination": {"address": ADDRESS}})
    await on.http.get("/track/zyxwuvts-token-of-Markerlainen")
    await on.http.get("/v1/deliveries/Zyxwuvtswine", params={"mail": MAIL})


async def post(on: Ground, path: str, body: Mapping[str, Any]) -> Response:
    return await on.http.post(path, json=body, headers={"Idempotency-Key": uuid.uuid4().hex})


def found(where: str, text: str) -> list[str]:
    """Each line in which a marker stands."""
    return [f"{where}: {line[:300]}" for line in text.splitlines() if any(marker in line.lower() for marker in MARKERS)]


async def test_no_log_names_anybody(ground: Ground) -> None:
    logs = {log.name: log.read_text("utf-8", "replace") for log in ground.site.logs.glob("*.log")}

    assert {"worker.log", "gateway.log", "temporal.log"} <= set(logs)
    assert "notify" in logs["worker.log"]
    assert [line for name, text in logs.items() for line in found(name, text)] == []


async def test_nothing_that_can_be_listed_in_temporal_names_anybody(ground: Ground) -> None:
    seen, workflows = list[str](), 0
    async for one in ground.client.list_workflows(""):
        workflows += 1
        handle = ground.client.get_workflow_handle(one.id, run_id=one.run_id)
        described = await handle.describe()
        seen += found(f"{one.id} search attributes", json.dumps(MessageToDict(described.raw_description.workflow_execution_info)))
        seen += found(f"{one.id} memo", str(await described.memo()))
        seen += found(f"{one.id} summary", f"{await described.static_summary()} {await described.static_details()}")
        seen += found(
            f"{one.id} pending",
            str(MessageToDict(described.raw_description)["pendingActivities"])
            if described.raw_description.pending_activities
            else "",
        )
        seen += await summaries(ground, one.id, one.run_id)

    assert workflows >= 6
    assert seen == []


async def summaries(ground: Ground, id: str, run_id: str) -> list[str]:
    """Markers in what the UI shows beside the events of a history: labels of timers and activities."""
    seen = list[str]()
    async for event in ground.client.get_workflow_handle(id, run_id=run_id).fetch_history_events():
        for label in (event.user_metadata.summary, event.user_metadata.details):
            if label.data:
                [text] = await ground.client.data_converter.decode([label])
                seen += found(f"{id} event {event.event_id}", str(text))
    return seen


async def test_no_page_for_operations_and_no_metric_names_anybody(ground: Ground) -> None:
    pages = {path: await ground.http.get(path) for path in ("/", "/metrics", "/healthz", "/readyz", "/openapi.json")}

    assert [line for path, page in pages.items() for line in found(path, page.text)] == []


async def test_what_a_support_agent_reads_aloud_names_nobody(ground: Ground) -> None:
    seen = list[str]()
    for delivery_id in ground.delivery_ids[:2]:
        told = await ground.deliveries.handle(delivery_id).query("__temporal_workflow_metadata")
        seen += found(delivery_id, json.dumps(MessageToDict(told)) if hasattr(told, "DESCRIPTOR") else str(told))

    assert seen == []


async def test_the_command_line_of_temporal_reads_what_is_sealed_with_the_token_only(ground: Ground) -> None:
    with_token = await shown_by_cli(ground, f"Bearer {ground.site.settings['DOORSTEP_CODEC_TOKEN']}")
    without = await shown_by_cli(ground, "Bearer somebody-else-altogether")

    assert NAME in with_token
    assert NAME not in without


async def shown_by_cli(ground: Ground, bearer: str) -> str:
    workflow_id = delivery_workflow_id(ground.delivery_ids[0])
    codec = ("--codec-endpoint", f"http://127.0.0.1:{ground.site.settings.port}/codec", "--codec-auth", bearer)
    asked = ("workflow", "query", "--address", ground.site.address, "-w", workflow_id, "--name", "history")
    command = (temporal_binary(), *asked, *codec)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    out, _ = await process.communicate()
    return out.decode()


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium (Debian: apt-get install chromium)")
async def test_the_temporal_ui_shows_what_is_sealed(ground: Ground, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.async_api", reason="needs playwright (make setup installs it)")
    workflow_id = delivery_workflow_id(ground.delivery_ids[0])
    url = f"http://127.0.0.1:{ground.site.settings.ui_port}/namespaces/default/workflows/{workflow_id}"
    async with playwright.async_playwright() as running:
        browser = await running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(url)
        await page.get_by_text(NAME).first.wait_for(timeout=60_000)
        await browser.close()
