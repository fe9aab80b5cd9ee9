"""The gateway's application: its routes, in one table."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from domain.instant import Instant
from store.database import Database
from store.errors import StoreError
from web.status import status_of
from web.tracking import Parts, Tracking
from web.words import clock_words, words

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the pages need. `temporal_ui` is the address of the Temporal UI, for links."""

    database: Database
    temporal_ui: str
    clock: Callable[[], Instant]


OFF = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)

UNWATCHED: dict[str, Any] = {"telemetry": OFF}
"""FastAPI's own spans hold paths and queries, in which links of customers and words of senders stand. Ours: intake.tracing."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def gateway_app(gateway: Gateway, lifespan: Lifespan | None = None) -> FastAPI:
    """The application, with nothing connected yet. `lifespan` is what it does as long as it lives."""
    app = FastAPI(title="Doorstep", docs_url=None, redoc_url=None, lifespan=lifespan, **UNWATCHED)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    pages = Pages(gateway)
    app.add_api_route("/", pages.status, response_class=HTMLResponse, include_in_schema=False)
    app.add_api_route("/healthz", healthz)
    app.add_api_route("/readyz", pages.readyz)
    return app


def page_templates() -> Jinja2Templates:
    """What the pages are written with."""
    templates = Jinja2Templates(HERE / "templates")
    templates.env.filters.update(words=words, clock=clock_words)
    return templates


def add_tracking(app: FastAPI, parts: Parts) -> None:
    """The customer's page."""
    tracking = Tracking(parts, page_templates())
    app.add_api_route("/track/{token}", tracking.show, methods=["GET"], response_class=HTMLResponse, include_in_schema=False)
    app.add_api_route("/track/{token}", tracking.send, methods=["POST"], include_in_schema=False)


async def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


class Pages:
    """The pages, handed what they need."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._templates = page_templates()

    async def status(self, request: Request) -> Response:
        """What is open, what was done, where to look."""
        try:
            status = await status_of(self._gateway.database, self._gateway.clock())
        except StoreError as error:
            return self._templates.TemplateResponse(request, "unavailable.html", {"reason": str(error)}, status_code=503)
        return self._templates.TemplateResponse(
            request, "status.html", {"status": status, "temporal_ui": self._gateway.temporal_ui}
        )

    async def readyz(self) -> Response:
        """The database answers."""
        try:
            await self._gateway.database.ping()
        except StoreError as error:
            return JSONResponse({"status": "not ready", "reason": str(error)}, status_code=503)
        return JSONResponse({"status": "ready"})
