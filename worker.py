"""The worker: runs workflows and activities, and is where every part is wired to what it needs.

`python worker.py` or `doorstep worker`; more processes for more load.
"""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.admit import Admitting
from activities.ask_approver import AskingApprovers
from activities.ask_customer import Asking
from activities.assign import Reached
from activities.channels import Texts
from activities.glimpses import Glimpses, showing
from activities.load import Loading
from activities.look_out import LookingOut, NobodyKnows
from activities.notify import Notifying
from activities.open_ticket import Desk, Ticketing
from activities.record import Recording
from cli.connection import client_of
from cli.deployment import activates, edition_of, not_current, versioning_of
from cli.desks import desk_of
from cli.feeds import of_feeds, watch_feeds
from cli.heralds import Herald, of_disruptions
from cli.observing import observed
from cli.people import Contacts
from cli.planning import WorkflowsRunning, of_routes, of_takers, running_on, stand_ins_of, travel_of
from cli.probe import probing
from cli.requests import carriers_of, of_requests
from cli.senders import channels_of, links_of, sms_of, whatsapp_of
from domain.endpoint import DISPATCH
from domain.guards import Disrupted, FeedState
from domain.instant import Instant
from integrations.messaging.templates import Templates
from integrations.messaging.twilio import TwilioChannel
from integrations.webhooks.sender import Webhooks
from rules.directory_reader import DirectoryReading, read_directory_file
from settings import SHIPPED_RULES, Settings, read_settings, secret_named
from store.admissions import Admissions
from store.boards import Boards
from store.conversations import Conversations
from store.database import Database
from store.deliveries import Deliveries
from store.disruptions import Disruptions
from store.drivers import Drivers
from store.feeds import Feeds
from store.groups import Groups
from store.ledger import Ledger
from store.library import Library
from store.rulebooks import Rulebooks
from store.stand_ins import StandIns
from store.tickets import Desk as BuiltIn
from workflows.clock import wall_clock
from workflows.contract import TASK_QUEUE
from workflows.glimpses import Glimpsing
from workflows.guard import Guard
from workflows.registration import missing_attributes
from workflows.rulebooks import SHELF, nowhere
from workflows.runner import Runner
from workflows.workflow_types import WORKFLOW_TYPES

DIRECTORY = "directory.yaml"

STICKS = timedelta(seconds=2)
"""How long a task waits for the worker that has its delivery in memory. The SDK's 10 s would be how long the deliveries of a
worker that died react to nothing; for another worker a delivery's history is short to replay."""

ENDS_WITHIN = timedelta(seconds=12)
"""How long actions under way may take to end when the worker is told to stop: one cut off between its effect and the ledger's
row leaves an effect in doubt. Below the 15 s after which the supervisor ends the process."""

RUNNER = UnsandboxedWorkflowRunner()
"""The sandbox finds workflow code that is not deterministic; all tests run in it. In production it would cost a fifth of a
worker's time for finding nothing (docs/decisions/0007-no-sandbox-in-production.md)."""


class SetupError(RuntimeError):
    """The worker cannot work yet: what is missing and how to mend it."""


@dataclass(frozen=True, slots=True)
class Register:
    """What the store knows of what is outside the deliveries."""

    of_feeds: Feeds
    of_disruptions: Disruptions

    async def feeds(self, names: Collection[str]) -> Mapping[str, FeedState]:
        return await self.of_feeds.states(names)

    async def disruptions(self, places: Collection[str], at: Instant) -> Mapping[str, tuple[Disrupted, ...]]:
        return await self.of_disruptions.open_on(places, at)

    async def park(self, feeds: Collection[str], delivery_id: str, at: Instant) -> None:
        await self.of_feeds.park(feeds, delivery_id, now=at)


@dataclass(frozen=True, slots=True)
class Loader:
    """Makes a published rulebook ready in this process."""

    library: Library

    async def load(self, version: str) -> None:
        if not SHELF.holds(version):
            SHELF.put(version, await self.library.canonical(version))


def activities_of(
    settings: Settings,
    database: Database,
    library: Library,
    sms: Texts,
    whatsapp: Texts,
    read: DirectoryReading,
    webhooks: Webhooks,
    desk: Desk,
    running: WorkflowsRunning,
) -> list[object]:
    """Every activity, handed what it needs."""
    templates = Templates(settings.rules / "templates", SHIPPED_RULES / "templates")
    contacts = Contacts(Drivers(database), read.contacts, read.directory.calendars)
    stand_ins, travel = StandIns(database, stand_ins_of(read.directory)), travel_of(settings, database)
    ticketing = Ticketing(desk, templates, Ledger(database), wall_clock)
    channels = channels_of(settings, database, sms, whatsapp, templates, webhooks)
    notifying = Notifying(channels, Ledger(database), contacts, wall_clock)
    carriers = carriers_of(read.directory, webhooks)
    herald = Herald(Disruptions(database), running.places)
    edition = edition_of(settings)
    return [
        Admitting(Admissions(database), Loader(library), edition).admit,
        Loading(Loader(library), edition).load,
        Recording(Deliveries(database)).record,
        LookingOut(Register(Feeds(database), herald.rows), NobodyKnows(), NobodyKnows(), Groups(database), herald).look_out,
        *of_feeds(database, herald, running),
        *of_disruptions(database, herald, running.deliveries, read, desk, templates, notifying),
        notifying.notify,
        Asking(notifying, Conversations(database), wall_clock).ask_customer,
        AskingApprovers(notifying, links_of(settings)).ask_approver,
        ticketing.open_ticket,
        ticketing.update_ticket,
        ticketing.solve_ticket,
        *of_routes(settings, database, running, stand_ins, travel, webhooks),
        *of_takers(
            database,
            stand_ins,
            travel,
            Reached(carriers, webhooks, notifying, contacts),
            running.routes if webhooks.knows(DISPATCH) else None,
        ),
        *of_requests(database, carriers, templates, webhooks),
    ]


@contextlib.asynccontextmanager
async def working(client: Client, settings: Settings, task_queue: str = TASK_QUEUE) -> AsyncIterator[Worker]:
    """A running worker: checks the search attributes, loads the rulebooks of open deliveries, then polls."""
    await _refuse_missing_attributes(client)
    database, sms, whatsapp = Database(settings.database_url), sms_of(settings), whatsapp_of(settings)
    read = read_directory_file(settings.rules / DIRECTORY)
    webhooks = Webhooks(read.endpoints, secret_named, wall_clock)
    desk = desk_of(settings, database, wall_clock)
    library = Library(Rulebooks(database), settings.home / "rulebooks", settings.database_url)
    SHELF.fetch_from(library.fetch, settings.matcher)
    SHELF.edition = edition_of(settings)
    loader = Loader(library)
    for version in await Rulebooks(database).in_use():
        await loader.load(version)
    glimpses, running, runner = Glimpses(Boards(database)), running_on(client, task_queue), Runner(RUNNER)
    worker = Worker(
        client,
        task_queue=task_queue,
        workflows=WORKFLOW_TYPES,
        activities=activities_of(settings, database, library, sms, whatsapp, read, webhooks, desk, running),  # type: ignore[arg-type]
        activity_executor=ThreadPoolExecutor(4),
        interceptors=[Guard(), Glimpsing(glimpses.note)],
        max_cached_workflows=5_000,
        graceful_shutdown_timeout=ENDS_WITHIN,
        sticky_queue_schedule_to_start_timeout=STICKS,
        workflow_runner=runner,
        deployment_config=versioning_of(settings),
        patch_activation_callback=activates(settings),
    )
    runner.belongs_to(worker)
    try:
        async with showing(glimpses), worker:
            await Herald(Disruptions(database), running.places).tell()  # what was cut short before anybody was told
            await watch_feeds(read.directory, database, running)
            yield worker
    finally:
        for texts in (sms, whatsapp):
            if isinstance(texts, TwilioChannel):
                await texts.close()
        await webhooks.close()
        if not isinstance(desk, BuiltIn):
            await desk.close()
        SHELF.fetch_from(nowhere, settings.matcher)
        await database.close()


def spare_what_stays() -> None:
    """What is in memory by now (libraries, compiled rulebooks) stays: the garbage collector need not go through it again and again.
    Nor need it look at new objects every 700: most belong to a delivery, and live as long as that."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


async def _refuse_missing_attributes(client: Client) -> None:
    if missing := await missing_attributes(client):
        names = " ".join(f"--name {key.name}" for key in missing)
        raise SetupError(
            f"search attributes are not registered: {names}; `doorstep up` registers them, or deploy/create-search-attributes.sh"
        )


async def work_until_told(settings: Settings, task_queue: str = TASK_QUEUE) -> None:
    """Works until SIGTERM or Ctrl-C; what is under way then has ENDS_WITHIN to end."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    with observed(settings, "worker") as interceptors:
        async with probing(settings["DOORSTEP_HOST"], settings.worker_port) as probe:
            client = await client_of(settings, interceptors=interceptors)
            async with working(client, settings, task_queue):
                spare_what_stays()
                if waits := await not_current(client, settings):
                    print(waits, file=sys.stderr, flush=True)  # noqa: T201 - for whoever has started it
                print("ready", flush=True)  # noqa: T201 - the supervisor waits for this line
                probe.is_ready = True
                await told.wait()
                probe.is_ready = False


if __name__ == "__main__":
    asyncio.run(work_until_told(read_settings()))
