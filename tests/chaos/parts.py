"""All parts of a site, each a process of its own, with a line between any two that can be cut."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from temporalio.client import Client

from cli.publishing import publish
from cli.rules import templates_for
from cli.site import ROOT, registered
from cli.standins.mail_catcher import MailCatcher, catching
from cli.standins.twilio_standin import TwilioStandin, standing_in
from cli.supervisor import Program, Running
from cli.temporal_server import server_command
from rules.check import check
from settings import Settings, read_settings
from store.database import Database
from store.migrate import migrate
from tests.chaos.book import written
from tests.chaos.lines import Line, a_line
from tests.endpoints import Recorder, recording
from tests.ports import settings_of_its_own
from workflows.client import Deliveries, connect

Tell = Callable[[str], None]

API_KEY = "a-key-of-the-control-room"
SECRET = "signs the links of the storm"
PUBLIC = "https://doorstep.example.test"
SIGNING = dict.fromkeys(("ORDER_SYSTEM_SECRET", "CARRIER_SECRET"), "whsec_" + "c2VjcmV0" * 4)


@dataclass
class Parts:
    """What runs, by name; the lines, by name; who is told something; and a direct way to Temporal and to the database."""

    settings: Settings
    database: Database
    client: Client
    mail: MailCatcher
    twilio: TwilioStandin
    order_system: Recorder
    stand_in: Recorder
    """The carrier that is asked to take deliveries over, and does."""
    programs: Mapping[str, Running] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)

    @property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.client, patience=20)

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.lines['senders to gateway'].port}"

    @property
    def temporal_http_url(self) -> str:
        return f"http://127.0.0.1:{self.lines['senders to Temporal by HTTP'].port}"

    @property
    def temporal_address(self) -> str:
        """By the line that senders use."""
        return f"127.0.0.1:{self.lines['senders to Temporal'].port}"

    @property
    def workers(self) -> list[str]:
        return [name for name in self.programs if name.startswith("worker")]


@asynccontextmanager
async def parts(folder: Path, tell: Tell, *, workers: int, on_postgres: bool) -> AsyncIterator[Parts]:
    """Everything is up inside, and ended afterwards."""
    async with AsyncExitStack() as stack:
        mail = await stack.enter_async_context(catching(folder / "mails"))
        twilio = await stack.enter_async_context(standing_in(folder / "sms"))
        order_system, stand_in = [await stack.enter_async_context(recording()) for _ in range(2)]
        stand_in.usual = '{"accepted": true}'
        logs, programs = folder / "logs", dict[str, Running]()
        url, database_port = f"sqlite:///{folder / 'doorstep.db'}", None
        if on_postgres:
            from tests.chaos.postgres import a_postgres

            programs["database"], database_port = await stack.enter_async_context(a_postgres(logs, tell))
            url = _postgres(database_port)
        told = settings_of_its_own(folder / "site")
        lines = {
            name: await stack.enter_async_context(a_line(name, to))
            for name, to in _ends(told, mail, twilio, order_system, stand_in, database_port).items()
        }
        settings = _settings(told, url, folder, lines, twilio)
        settings.home.mkdir(parents=True)
        database = Database(url)
        stack.push_async_callback(database.close)
        programs["Temporal"] = await _up(stack, _temporal(settings, logs), tell)
        await registered(settings)
        await migrate(url)
        checked = check(settings.rules, templates_for(settings.rules))
        await publish(checked, database, settings.matcher)
        for number in range(1, workers + 1):
            programs[f"worker {number}"] = await _up(stack, _ours(f"worker {number}", "worker", settings, lines), tell)
        programs["gateway"] = await _up(stack, _ours("gateway", "serve", settings, lines, settings.port), tell)
        yield Parts(
            settings, database, await connect(settings.temporal_default), mail, twilio, order_system, stand_in, programs, lines
        )


def _ends(
    told: Mapping[str, str],
    mail: MailCatcher,
    twilio: TwilioStandin,
    order_system: Recorder,
    stand_in: Recorder,
    database_port: int | None,
) -> dict[str, int]:
    """The lines, and the port at which each ends."""
    temporal = int(told["DOORSTEP_TEMPORAL_PORT"])
    ends = {f"{name} to Temporal": temporal for name in ("workers", "gateway", "senders")}
    ends["senders to Temporal by HTTP"] = int(told["DOORSTEP_TEMPORAL_HTTP_PORT"])
    ends["senders to gateway"] = int(told["DOORSTEP_PORT"])
    ends |= {
        "workers to mail": mail.port,
        "workers to Twilio": twilio.port,
        "workers to order system": _port_of(order_system.url),
        "workers to the other carrier": _port_of(stand_in.url),
    }
    if database_port is not None:
        ends |= {f"{name} to database": database_port for name in ("workers", "gateway")}
    return ends


def _port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def _postgres(port: int) -> str:
    return f"postgresql://postgres@127.0.0.1:{port}/doorstep"


def _settings(told: Mapping[str, str], url: str, folder: Path, lines: Mapping[str, Line], twilio: TwilioStandin) -> Settings:
    hooks, offers = (f"http://127.0.0.1:{lines[f'workers to {who}'].port}/hooks" for who in ("order system", "the other carrier"))
    return read_settings(told).but(
        DOORSTEP_RULES=written(folder, hooks, offers),
        DOORSTEP_DATABASE_URL=url,
        DOORSTEP_SMTP_URL=f"smtp://127.0.0.1:{lines['workers to mail'].port}",
        TWILIO_ACCOUNT_SID=twilio.account_sid,
        TWILIO_AUTH_TOKEN=twilio.auth_token,
        DOORSTEP_TWILIO_BASE_URL=f"http://127.0.0.1:{lines['workers to Twilio'].port}",
        DOORSTEP_TWILIO_FROM="+15005550006",
        DOORSTEP_API_KEYS=API_KEY,
        DOORSTEP_SECRET_KEY=SECRET,
        DOORSTEP_PUBLIC_URL=PUBLIC,
    )


def _temporal(settings: Settings, logs: Path) -> Program:
    command = server_command(
        folder=settings.home, port=settings.temporal_port, ui_port=settings.ui_port, http_port=settings.temporal_http_port
    )
    return Program("Temporal", command, logs / "temporal.log", port=settings.temporal_port)


def _ours(name: str, command: str, settings: Settings, lines: Mapping[str, Line], port: int | None = None) -> Program:
    """A program of ours, which reaches others by its lines."""
    whose = "gateway" if command == "serve" else "workers"
    told = dict(settings.values)
    if (line := lines.get(f"{whose} to database")) is not None:
        told["DOORSTEP_DATABASE_URL"] = _postgres(line.port)
    environment = {
        **told,
        **SIGNING,
        "TEMPORAL_ADDRESS": f"127.0.0.1:{lines[f'{whose} to Temporal'].port}",
        "TEMPORAL_NAMESPACE": "default",
        "PYTHONPATH": str(ROOT),
    }
    log = settings.home.parent / "logs" / f"{name.replace(' ', '-')}.log"
    return Program(name, [sys.executable, "-m", "cli", command], log, environment, port)


async def _up(stack: AsyncExitStack, program: Program, tell: Tell) -> Running:
    running = Running(program, tell)
    await running.start(120)
    stack.push_async_callback(running.stop)
    return running
