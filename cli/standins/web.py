"""A web server inside the running event loop, and a page that lists what was sent."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

import uvicorn

from domain.instant import Instant, iso

HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on the page, latest first."""

    at: Instant
    to: str
    title: str
    body: str


class _Server(uvicorn.Server):
    """Leaves signals to the program that it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: Any, port: int, host: str = HERE) -> AsyncIterator[int]:
    """Serves an ASGI app on `host` while the block runs; gives the port, which is a free one if 0 was asked for."""
    listener = socket.create_server((host, port))
    server = _Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        await task
        listener.close()


def page(title: str, shown: Iterable[Shown]) -> str:
    """Plain HTML without scripts, readable on a phone."""
    items = "".join(_item(one) for one in sorted(shown, key=lambda one: one.at, reverse=True))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1>{items or '<p>Nothing was sent yet.</p>'}</html>"
    )


STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:1rem auto;padding:0 1rem;color:#222;background:#fff}"
    "article{border-top:1px solid #ccc;padding:.6rem 0}h1{font-size:1.3rem}h2{font-size:1rem;margin:0}"
    "p{margin:0;color:#555;font-size:.9rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:.3rem 0 0}"
)


def _item(one: Shown) -> str:
    return (
        f"<article><h2>{escape(one.title)}</h2><p><time>{iso(one.at)}</time> to {escape(one.to)}</p>"
        f"<pre>{escape(one.body)}</pre></article>"
    )


def until_interrupted(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a stand-in until Ctrl-C."""
    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        print("stopped")
