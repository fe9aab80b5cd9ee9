"""Pages behind the links that our own people get: decide a proposal, acknowledge or claim an incident.

To look is to do nothing: programs that fetch links to look at them first decide nothing. What is sent from the page is done once, and
the page says afterwards how it ended.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from domain.instant import Instant, from_iso
from domain.links import FORM_LASTS, ExpiredLinkError, Link, LinkError, LinkKind, Signer
from web.forms import PRIVATE, form_of
from web.tracking_view import clock_at
from workflows.client import RefusedError, UnreachableError

AWAY = "The delivery cannot be reached right now. Please try again in a moment."
CLOSED = "Please open it from the message once more: it may be cut off. Where it does not work, `doorstep delivery show` tells where the delivery stands."
STALE = "This page was open for too long. Please try again."


class Deliveries(Protocol):
    """Answers queries and executes updates."""

    async def query(self, delivery_id: str, query: str, request: Mapping[str, Any] | None = None) -> dict[str, Any]: ...

    async def ask(
        self, delivery_id: str, update: str, request: Mapping[str, Any], update_id: str | None = None
    ) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Button:
    """What may be done: the word that is sent, and what it says."""

    do: str
    says: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page says of a proposal or an incident, and what may still be done about it."""

    title: str
    rows: tuple[tuple[str, str], ...]
    state: str = ""
    buttons: tuple[Button, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One kind of link: what it shows of a snapshot, and the update that each button is."""

    kind: LinkKind
    show: Callable[[Mapping[str, Any], str, Instant], Shown]
    updates: Mapping[str, Callable[[Link], tuple[str, dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages need."""

    signer: Signer
    deliveries: Callable[[], Awaitable[Deliveries]]
    clock: Callable[[], Instant]


class Deciding:
    """The pages of one kind of link."""

    def __init__(self, page: Page, desk: Desk, templates: Jinja2Templates) -> None:
        self._page = page
        self._desk = desk
        self._templates = templates

    async def show(self, request: Request, token: str) -> Response:
        """What is to be decided; nothing is done."""
        return await self._page_of(request, token, "")

    async def _page_of(self, request: Request, token: str, said: str) -> Response:
        try:
            link = self._desk.signer.read(token, self._page.kind, self._desk.clock())
        except ExpiredLinkError:
            return self._closed(request, "This link has expired", HTTPStatus.GONE)
        except LinkError:
            return self._closed(request, "This link does not work", HTTPStatus.NOT_FOUND)
        try:
            shown = await self._looked_up(link)
        except LookupError:
            return self._closed(request, "The delivery is not known any more", HTTPStatus.GONE)
        except UnreachableError:
            return self._closed(request, AWAY, HTTPStatus.SERVICE_UNAVAILABLE)
        return self._shown(request, replace(shown, said=said), link)

    async def send(self, request: Request, token: str) -> Response:
        """Does what a button says."""
        desk, now = self._desk, self._desk.clock()
        try:
            link, form = desk.signer.read(token, self._page.kind, now), await form_of(request)
            made = desk.signer.read(form.get("form", ""), LinkKind.FORM, now)
        except LinkError:
            return await self._page_of(request, token, STALE)
        update = self._page.updates.get(form.get("do", ""))
        if update is None or made.about != link.about:
            return await self._page_of(request, token, STALE)
        if said := await self._done(link, *update(link), f"link-{made.by}"):
            return await self._page_of(request, token, said)
        return RedirectResponse(request.url.path, HTTPStatus.SEE_OTHER, PRIVATE)

    async def _done(self, link: Link, update: str, asked: Mapping[str, Any], update_id: str) -> str:
        """What is to be said if it was not done."""
        try:
            await (await self._desk.deliveries()).ask(_delivery_of(link), update, asked, update_id)
        except (RefusedError, LookupError) as refused:
            return f"Nothing was done: {refused}."
        except UnreachableError:
            return AWAY
        return ""

    async def _looked_up(self, link: Link) -> Shown:
        """Raises LookupError, UnreachableError."""
        snapshot = await (await self._desk.deliveries()).query(_delivery_of(link), "snapshot")
        return self._page.show(snapshot, link.about, self._desk.clock())

    def _shown(self, request: Request, shown: Shown, link: Link) -> Response:
        now = self._desk.clock()
        form = self._desk.signer.token(Link(LinkKind.FORM, link.about, now, now + FORM_LASTS, secrets.token_hex(8)))
        told = {"shown": shown, "form": form, "by": link.by}
        return self._templates.TemplateResponse(request, "decide.html", told, headers=dict(PRIVATE))

    def _closed(self, request: Request, title: str, status: HTTPStatus) -> Response:
        told = {"language": "en", "title": title, "why": CLOSED}
        return self._templates.TemplateResponse(request, "track_closed.html", told, status_code=status, headers=dict(PRIVATE))


def add_deciding(app: FastAPI, desk: Desk, templates: Jinja2Templates) -> None:
    """The pages of our own people."""
    for path, page in (("/decide/{token}", PROPOSALS), ("/acknowledge/{token}", INCIDENTS)):
        deciding = Deciding(page, desk, templates)
        app.add_api_route(path, deciding.show, methods=["GET"], include_in_schema=False)
        app.add_api_route(path, deciding.send, methods=["POST"], include_in_schema=False)


def _delivery_of(link: Link) -> str:
    """Incidents and proposals begin with the id of their delivery."""
    return link.about.partition(":")[0]


def _proposal(snapshot: Mapping[str, Any], wanted: str, now: Instant) -> Shown:
    found = next((one for one in snapshot["proposals"] if one["proposal_id"] == wanted), None)
    if found is None:
        raise LookupError(wanted)
    rows = (
        ("Delivery", f"{snapshot['delivery_id']}, {snapshot['status'].replace('_', ' ')}"),
        ("Rule", found["rule"]),
        ("Proposed", ", ".join(found["actions"]) or "to go on"),
        ("Cost", found["cost"] or "nothing that we know of"),
        ("Since", _time(snapshot, found["asked_at"], now)),
        ("Decide by", _time(snapshot, found["due_at"], now) if found["due_at"] else "no deadline"),
    )
    says = next((one["says"] for one in snapshot["incidents"] if one["incident_id"] == found["incident_id"]), found["says"])
    if found["answer"] is None:
        return Shown(says, rows, buttons=(Button("approve", "Approve"), Button("reject", "Reject")))
    return Shown(says, rows, state=ENDED[found["answer"]].format(by=found["by"] or "somebody"))


ENDED: Mapping[str, str] = {
    "approved": "It was approved by {by}.",
    "rejected": "It was rejected by {by}.",
    "acted": "The time for a decision was over: it was done.",
    "dropped": "The time for a decision was over: it was dropped.",
    "lapsed": "It is not needed any more.",
}
"""How a proposal ended, in words."""


def _time(snapshot: Mapping[str, Any], at: str, now: Instant) -> str:
    """`15:05 (Europe/Helsinki)`: the delivery's own time."""
    return f"{clock_at(from_iso(at), snapshot['timezone'], 'en', now)} ({snapshot['timezone']})"


def _incident(snapshot: Mapping[str, Any], wanted: str, now: Instant) -> Shown:
    found = next((one for one in snapshot["incidents"] if one["incident_id"] == wanted), None)
    if found is None:
        raise LookupError(wanted)
    rows = (
        ("Delivery", f"{snapshot['delivery_id']}, {snapshot['status'].replace('_', ' ')}"),
        ("Rule", found["rule"]),
        ("Severity", found["severity"]),
        ("Since", _time(snapshot, found["opened_at"], now)),
        ("In hand", found["owner"] or "nobody's"),
        ("Seen", "yes" if found["acknowledged"] else "not yet"),
    )
    if found["resolved_at"] is not None:
        return Shown(found["says"], rows, state=f"The incident is resolved: {found['resolution']}.")
    seen = () if found["acknowledged"] else (Button("acknowledge", "I have seen it"),)
    return Shown(found["says"], rows, buttons=(*seen, Button("claim", "I take it in hand")))


PROPOSALS = Page(
    LinkKind.DECIDE,
    _proposal,
    {
        "approve": lambda link: ("decide", {"proposal_id": link.about, "approve": True, "by": link.by}),
        "reject": lambda link: ("decide", {"proposal_id": link.about, "approve": False, "by": link.by}),
    },
)
INCIDENTS = Page(
    LinkKind.ACKNOWLEDGE,
    _incident,
    {
        "acknowledge": lambda link: ("acknowledge", {"incident_id": link.about, "by": link.by}),
        "claim": lambda link: ("claim", {"incident_id": link.about, "owner": link.by, "by": link.by}),
    },
)
