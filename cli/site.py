"""Everything that Doorstep runs on one machine: Temporal, database, worker, gateway. `up` and `demo` stand on it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType

from temporalio.service import RPCError

from cli.codec import ui_endpoint, with_codec_token
from cli.connection import client_of
from cli.links import with_links
from cli.publishing import publish as publish_books
from cli.rules import templates_for
from cli.supervisor import Program, Running, StartError, port_in_use
from cli.temporal_server import note_attributes, server_command
from rules.check import check
from settings import Settings
from store.database import Database
from store.migrate import migrate
from workflows.client import Deliveries, UnreachableError
from workflows.registration import register_attributes

Publish = Callable[[Database], Awaitable[object]]

ROOT = Path(__file__).parent.parent


class Site:
    """An async context manager: everything is up inside, and ended in order afterwards. Raises StartError."""

    def __init__(
        self,
        settings: Settings,
        tell: Callable[[str], None],
        *,
        publish: Publish | None = None,
    ) -> None:
        self.settings = settings
        self._tell = tell
        self._publishing = publish or self._publish_folder
        self._stack = AsyncExitStack()
        self.temporal: Running | None = None
        self.worker: Running | None = None
        self.gateway: Running | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.settings.temporal_port}"

    @property
    def logs(self) -> Path:
        return self.settings.home / "logs"

    @property
    def environment(self) -> Mapping[str, str]:
        """What worker and gateway are told; an address of another Temporal server does not count here."""
        return {
            **self.settings.values,
            "TEMPORAL_ADDRESS": self.address,
            "TEMPORAL_NAMESPACE": "default",
            "PYTHONPATH": str(ROOT),
        }

    async def __aenter__(self) -> "Site":
        self.refuse_taken_ports()
        self.settings.home.mkdir(parents=True, exist_ok=True)
        self.settings = with_codec_token(with_links(self.settings))
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    async def deliveries(self) -> Deliveries:
        return Deliveries(await client_of(self.settings, self.address))

    async def _start(self) -> None:
        self.temporal = await self._run(self._temporal(), within=60)
        await registered(self.settings)
        await migrate(self.settings.database_url)
        await self._publish()
        self.worker = await self._run(self._ours("worker", "worker"), within=120)
        self.gateway = await self._run(self._ours("gateway", "serve", port=self.settings.port), within=60)

    async def _run(self, program: Program, within: float) -> Running:
        running = Running(program, self._tell)
        await running.start(within)
        self._stack.push_async_callback(running.stop)
        return running

    def _temporal(self) -> Program:
        ours = self.settings
        ports = {"port": ours.temporal_port, "ui_port": ours.ui_port, "http_port": ours.temporal_http_port}
        command = server_command(folder=ours.home, codec_endpoint=ui_endpoint(ours), **ports)
        return Program("Temporal", command, self.logs / "temporal.log", port=ours.temporal_port)

    def _ours(self, name: str, command: str, port: int | None = None) -> Program:
        return Program(name, [sys.executable, "-m", "cli", command], self.logs / f"{name}.log", self.environment, port)

    async def _publish(self) -> None:
        async with Database(self.settings.database_url) as database:
            await self._publishing(database)

    async def _publish_folder(self, database: Database) -> object:
        folder = self.settings.rules
        books = await publish_books(check(folder, templates_for(folder)), database, self.settings.matcher, at_start=True)
        for noted in (book for book in books if book.note):
            self._tell(str(noted))
        return books

    def refuse_taken_ports(self) -> None:
        """Raises StartError that names the setting of a port that is taken."""
        ports = {
            "DOORSTEP_TEMPORAL_PORT": (self.settings.temporal_port, "the Temporal server"),
            "DOORSTEP_TEMPORAL_PORT + 1000": (self.settings.ui_port, "the Temporal UI"),
            "DOORSTEP_TEMPORAL_HTTP_PORT": (self.settings.temporal_http_port, "the Temporal server's HTTP API"),
            "DOORSTEP_PORT": (self.settings.port, "the gateway"),
        }
        for name, (port, what) in ports.items():
            if port_in_use(port):
                raise StartError(f"port {port} for {what} is taken; is Doorstep running already? Give another one by {name}")


async def registered(settings: Settings) -> None:
    """Registers our search attributes with the embedded server, whose port answers a little before it does. Raises StartError."""
    last: Exception | None = None
    for _ in range(100):
        try:
            await register_attributes(await client_of(settings, settings.temporal_default))
            note_attributes(settings.home)
        except (UnreachableError, RPCError) as error:
            last = error
            await asyncio.sleep(0.1)
        else:
            return
    raise StartError(f"Temporal at {settings.temporal_default} does not answer: {last}")
