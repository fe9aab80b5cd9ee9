"""The customer's page: `GET /track/{token}` shows a delivery, `POST` takes an answer, another day or a note for the driver.

Whoever has the link may see the page: it says no more than a first name, and what the driver does. The form carries a token of its
own, made when the page was; the same form again changes nothing.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from domain.arrival import Arrival
from domain.conversation import Meaning, meaning_of
from domain.instant import DAY, Instant, from_iso, iso
from domain.links import FORM_LASTS, ExpiredLinkError, Link, LinkError, LinkKind, Signer
from domain.windows import spoken
from store.deliveries import Deliveries as Copies
from store.errors import StoreError
from store.revocations import Revocations
from web.forms import PRIVATE, form_of
from web.tracking_view import Known, known_by_copy, known_by_workflow, view_of
from web.tracking_words import TEXTS
from workflows.client import UnreachableError

SOURCE = "track"
LONGEST_TEXT = 1_000
LONGEST_NOTE = 500
"""Characters that `instruct` takes."""
WAITS_S = 4.0
"""Seconds that a delivery is asked for; then the page shows what was known last."""


class Taken(Protocol):
    """What came of what a customer wants."""

    @property
    def is_handed_on(self) -> bool: ...
    @property
    def note(self) -> str | None: ...


class Taking(Protocol):
    """Takes what a customer wants: committed first, then handed on."""

    async def take(self, source: str, message_id: str, arrivals: Sequence[Arrival], now: Instant) -> Taken: ...


class Asking(Protocol):
    """Asks deliveries."""

    async def query(self, delivery_id: str, query: str, request: Mapping[str, Any] | None = None) -> dict[str, Any]: ...


class GoneError(Exception):
    """The page is no more to be seen."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the page needs. `days`: how long after its end a delivery is shown."""

    signer: Signer
    deliveries: Callable[[], Awaitable[Asking]]
    copies: Copies
    revocations: Revocations
    taking: Taking
    clock: Callable[[], Instant]
    days: int


class Tracking:
    """The page and what is sent from it."""

    def __init__(self, parts: Parts, templates: Jinja2Templates) -> None:
        self._parts = parts
        self._templates = templates

    async def show(self, request: Request, token: str) -> Response:
        """The page; `?said=` is what came of what was sent from it."""
        said = request.query_params.get("said", "")
        return await self._page(request, token, said if said in ("done", "waits", "refused", "empty", "stale") else "")

    async def send(self, request: Request, token: str) -> Response:
        """Takes a form, and shows the page again."""
        try:
            link, known = await self._known(token)
        except (LinkError, GoneError, StoreError):
            return await self._page(request, token, "")
        said = await self._taken(link, known, await form_of(request))
        return RedirectResponse(f"/track/{token}?said={said}", HTTPStatus.SEE_OTHER, PRIVATE)

    async def _page(self, request: Request, token: str, said: str) -> Response:
        now = self._parts.clock()
        try:
            link, known = await self._known(token)
        except (ExpiredLinkError, GoneError):
            return self._closed(request, "expired", HTTPStatus.GONE)
        except LinkError:
            return self._closed(request, "unknown", HTTPStatus.NOT_FOUND)
        except StoreError:
            return self._closed(request, "unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
        form = self._parts.signer.token(Link(LinkKind.FORM, link.about, now, now + FORM_LASTS, secrets.token_hex(8)))
        told = {"view": view_of(known, now), "form": form, "said": said, "token": token}
        return self._templates.TemplateResponse(request, "track.html", told, headers=dict(PRIVATE))

    def _closed(self, request: Request, why: str, status: HTTPStatus) -> Response:
        """A page without a delivery, in the language of the browser."""
        language = spoken(request.headers.get("accept-language", "en"))
        told = {"language": language, "title": TEXTS[language][why], "why": TEXTS[language][f"{why}_why"]}
        return self._templates.TemplateResponse(request, "track_closed.html", told, status_code=status, headers=dict(PRIVATE))

    async def _known(self, token: str) -> tuple[Link, Known]:
        """Raises LinkError, GoneError, StoreError."""
        parts = self._parts
        link = parts.signer.read(token, LinkKind.TRACK, parts.clock())
        copy = await parts.copies.latest(link.about)
        ended = copy.finished_at if copy is not None else None
        if copy is None or (ended is not None and parts.clock() > ended + parts.days * DAY):
            raise GoneError
        if await parts.revocations.is_revoked(link.about, link.issued_at):
            raise GoneError
        try:
            async with asyncio.timeout(WAITS_S):
                deliveries = await parts.deliveries()
                snapshot = await deliveries.query(link.about, "snapshot")
                history = await deliveries.query(link.about, "history")
        except (TimeoutError, UnreachableError, LookupError):
            return link, known_by_copy(copy)
        return link, known_by_workflow(snapshot, history, is_running=ended is None)

    async def _taken(self, link: Link, known: Known, form: Mapping[str, str]) -> str:
        """What is said of a form."""
        now = self._parts.clock()
        try:
            made = self._parts.signer.read(form.get("form", ""), LinkKind.FORM, now)
        except LinkError:
            return "stale"
        if made.about != link.about:
            return "stale"
        arrival = _arrival(link.about, f"{SOURCE}-{made.by}", form, now)
        if arrival is None:
            return "empty"
        try:
            taken = await self._parts.taking.take(SOURCE, made.by, [arrival], now)
        except StoreError:
            return "stale"
        return "waits" if not taken.is_handed_on else "refused" if taken.note else "done"


def _arrival(delivery_id: str, id: str, form: Mapping[str, str], now: Instant) -> Arrival | None:
    """What a form is for the delivery; None if it says nothing."""
    do, text = form.get("do", ""), form.get("text", "").strip()[:LONGEST_TEXT]
    if do.startswith("answer:"):
        return _answer(delivery_id, id, do.removeprefix("answer:")[:LONGEST_TEXT], now)
    if do == "write" and text:
        return _answer(delivery_id, id, text, now, is_own_words=True)
    if do == "move":
        start, _, end = form.get("window", "").partition("/")
        moved = {"start": start or None, "end": end, "by": "customer"}
        event = _event(id, "customer_reply", {"text": f"move to {start} - {end}", "channel": "page"}, now)
        return Arrival(delivery_id, event, "reschedule", moved) if _is_time(end) and (not start or _is_time(start)) else None
    text, place = text[:LONGEST_NOTE], form.get("safe_place", "").strip()[:LONGEST_NOTE]
    if do == "note" and (text or place):
        said = {name: value for name, value in (("text", text), ("safe_place", place)) if value}
        return Arrival(delivery_id, _event(id, "note", said, now), "instruct", {**said, "by": "customer"})
    return None


def _answer(delivery_id: str, id: str, text: str, now: Instant, is_own_words: bool = False) -> Arrival:
    meaning = None if is_own_words else meaning_of(text)
    event = _event(id, "customer_reply", {"text": text, "channel": "page"}, now)
    if meaning in (Meaning.YES, Meaning.NO):
        available = {"available": meaning is Meaning.YES, "by": "customer"}
        return Arrival(delivery_id, event, "confirm_availability", available)
    return Arrival(delivery_id, event)


def _is_time(text: str) -> bool:
    try:
        return from_iso(text) > 0
    except ValueError:
        return False


def _event(id: str, kind: str, detail: Mapping[str, str], now: Instant) -> dict[str, Any]:
    at = iso(now)
    told = {"event_id": id, "kind": kind, "occurred_at": at, "recorded_at": at, "source": SOURCE, "by": "customer"}
    return {**told, "detail": dict(detail)}
