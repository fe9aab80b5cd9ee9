"""What rolling restarts stand on: a database and a task queue of their own, worker processes, deliveries under way all the time,
and the count at the end."""

import asyncio
import os
import signal
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory

from cli.publishing import publish
from cli.rules import templates_for
from rules.check import check
from settings import read_settings
from store.database import Database
from store.migrate import migrate
from store.tickets import Desk
from tests.workflows.stage import a_status, an_event, an_order
from worker import ENDS_WITHIN
from workflows.client import Deliveries
from workflows.contract import delivery_workflow_id

ROOT = Path(__file__).parents[2]

BOOK = """\
rulebook: standard
rules:
  - id: held
    says: It is held up
    when: status is on_hold
    do:
      - open_ticket: {queue: hub-ops}
"""

TROUBLE = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
)
"""What no restart may cause. A task that a stopped worker had kept for itself may time out: another takes it."""

ENDS_LATEST_S = ENDS_WITHIN.total_seconds() + 30
"""The stated time, and what a busy machine needs besides."""


@dataclass
class Ground:
    """A site without a gateway, on somebody's Temporal server."""

    client: Client
    database: Database
    home: Path
    queue: str = field(default_factory=lambda: f"rolling-{uuid.uuid4().hex[:8]}")
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    @property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.client, self.queue)

    async def begins(self, name: str, code: str, **settings: str) -> None:
        """Starts a worker process and waits until it works."""
        plain = {key: value for key, value in os.environ.items() if not key.startswith(("DOORSTEP_", "TEMPORAL_", "TWILIO_"))}
        ours = {
            "DOORSTEP_HOME": str(self.home / name),
            "DOORSTEP_DATABASE_URL": f"sqlite:///{self.home / 'store.db'}",
            "DOORSTEP_RULES": str(self.home / "rules"),
            "TEMPORAL_ADDRESS": self.client.service_client.config.target_host,
            "PYTHONPATH": str(ROOT),
        }
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.end_to_end.rolling_worker", code, self.queue,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log, cwd=ROOT,
                env={**plain, **ours, **settings},
            )  # fmt: skip
        assert process.stdout is not None
        async with asyncio.timeout(120):
            assert (await process.stdout.readline()).strip() == b"ready", (self.home / f"{name}.log").read_text()

    async def ends(self, name: str) -> int:
        """Stops a worker as the machine's own supervisor would, and returns its exit code."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(ENDS_LATEST_S):
            return await process.wait()

    async def ticketed(self) -> set[str]:
        """Who has a ticket."""
        tickets = await Desk(self.database).tickets(limit=100_000)
        return {str(ticket.external_id).partition(":")[0].partition("/")[0] for ticket in tickets}

    async def history(self, delivery_id: str) -> WorkflowHistory:
        return await self.client.get_workflow_handle(delivery_workflow_id(delivery_id)).fetch_history()


@asynccontextmanager
async def ground(client: Client, folder: Path) -> AsyncIterator[Ground]:
    rules = folder / "rules"
    rules.mkdir()
    (rules / "standard.yaml").write_text(BOOK)
    (rules / "directory.yaml").write_text("queues: [hub-ops]\n")
    settings = read_settings({"DOORSTEP_HOME": str(folder), "DOORSTEP_DATABASE_URL": f"sqlite:///{folder / 'store.db'}"})
    await migrate(settings.database_url)
    database = Database(settings.database_url)
    await publish(check(rules, templates_for(rules)), database)
    on = Ground(client, database, folder)
    try:
        yield on
    finally:
        for process in on.processes.values():
            process.kill()
            await process.wait()
        await database.close()


@asynccontextmanager
async def load(on: Ground, apart_s: float) -> AsyncIterator[None]:
    """Deliveries that begin, are held up and handed over all the while, and go on to the end afterwards."""
    stopping, lives = asyncio.Event(), set[asyncio.Task[None]]()

    async def begin() -> None:
        while not stopping.is_set():
            lives.add(asyncio.create_task(_life(on, stopping)))
            await asyncio.sleep(apart_s)

    beginning = asyncio.create_task(begin())
    try:
        yield
    finally:
        stopping.set()
        await beginning
        async with asyncio.timeout(120):
            await asyncio.gather(*lives)


async def _life(on: Ground, stopping: asyncio.Event) -> None:
    """Every third delivery is under way until the restarts are over; the others take a few seconds."""
    order = an_order(promised={"end": "2099-01-01T12:00:00+02:00"})
    delivery_id, waits = str(order["delivery_id"]), len(on.sent) % 3 == 0
    on.sent.append(delivery_id)
    await on.deliveries.start(order)
    for told in (an_event("scan"), a_status("on_hold"), an_event("scan")):
        await on.deliveries.report(delivery_id, [told])
        await asyncio.sleep(0.3)
    while delivery_id not in await on.ticketed():  # noqa: ASYNC110 - reported at once with the rest it would never have been held up
        await asyncio.sleep(0.5)
    await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
    if waits:
        await stopping.wait()
    await on.deliveries.report(delivery_id, [a_status("delivered")])
    result: Mapping[str, Any] = await on.deliveries.handle(delivery_id).result()
    assert (result["status"], result["incidents"]) == ("delivered", 1), (delivery_id, result)
    on.ended.append(delivery_id)


@dataclass(frozen=True, slots=True)
class Count:
    """What there is at the end. `troubles` are events that no restart may cause, `patched` deliveries for which the change counted."""

    sent: int
    ended: int
    tickets: Mapping[str, int]
    troubles: Mapping[str, int]
    failing: int
    patched: int
    builds: Mapping[str, int]


async def counted(on: Ground) -> Count:
    histories = [await on.history(delivery_id) for delivery_id in on.sent]
    events = [event for history in histories for event in history.events]
    failing = f"TaskQueue = '{on.queue}' AND TemporalReportedProblems IN ('category=WorkflowTaskFailed')"
    tickets = Counter(ticket.external_id for ticket in await Desk(on.database).tickets(limit=100_000))
    done = [event.workflow_task_completed_event_attributes for event in events]
    return Count(
        sent=len(on.sent),
        ended=len(on.ended),
        tickets=tickets,
        troubles=Counter(EventType.Name(event.event_type) for event in events if event.event_type in TROUBLE),
        failing=(await on.client.count_workflows(failing)).count,
        patched=sum(event.marker_recorded_event_attributes.marker_name == "core_patch" for event in events),
        builds=Counter(attributes.deployment_version.build_id for attributes in done),
    )
