"""An HTTP endpoint that keeps what it is told, and answers as a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Recorder:
    """`answers` are given in turn, as (status, headers, body), then 200 with the `usual` body; `hangs` are that many calls that are
    never answered."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[tuple[int, Mapping[str, str], str]] = field(default_factory=list)
    hangs: int = 0
    usual: str = ""

    @property
    def ids(self) -> list[str]:
        return [call.headers["webhook-id"] for call in self.calls]

    def answer(self, status: int, body: str = "", **headers: str) -> None:
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, body))

    async def take(self, request: web.Request) -> web.Response:
        self.calls.append(Call(request.headers, await request.read()))
        if self.hangs > 0:
            self.hangs -= 1
            await asyncio.Event().wait()
        status, headers, body = self.answers.pop(0) if self.answers else (200, {}, self.usual)
        return web.Response(status=status, headers=headers, text=body)


@asynccontextmanager
async def recording() -> AsyncIterator[Recorder]:
    """An endpoint on a free port, for as long as the block runs."""
    recorder = Recorder()
    app = web.Application()
    app.router.add_post("/{path:.*}", recorder.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    recorder.url = f"http://127.0.0.1:{port}/hooks"
    try:
        yield recorder
    finally:
        await runner.cleanup()
