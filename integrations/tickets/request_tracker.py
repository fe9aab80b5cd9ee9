"""Request Tracker's REST2 API (https://docs.bestpractical.com/rt/5.0.3/RT/REST2.html).

The incident stands in a custom field of tickets, DoorstepIncident unless it is named otherwise: RT has no external id, and a
search by a field that it does not have finds nothing, so nothing is opened without it. What was written carries a mark.
"""

from collections.abc import Callable, Mapping
from typing import Any

from domain.actions import TicketPriority
from domain.instant import MINUTE, Instant
from domain.sending import Unsent
from domain.ticket import Filed, Filing, TicketDraft, TicketNews, TicketNote
from integrations.judging import Provider
from integrations.tickets.calls import KEPT, Api, NotTakenError, first_found, marked, marker

PRIORITIES: Mapping[TicketPriority, int] = {"low": 0, "normal": 50, "high": 80, "urgent": 100}
"""RT calls 0 Low, 50 Medium and 100 High."""

RESOLVED = "resolved"

OVER = frozenset({RESOLVED, "rejected"})
"""Inactive in RT's own lifecycle; deleted tickets are not found."""

SHOWN = {"fields": "Status,Priority,Queue", "fields[Queue]": "Name", "orderby": "id", "order": "DESC"}

PLAIN = {"ContentType": "text/plain"}


class RequestTracker:
    """`url` is RT's address without `/REST/2.0`; `field` the custom field that names the incident."""

    def __init__(self, url: str, token: str, clock: Callable[[], Instant], field: str = "DoorstepIncident") -> None:
        provider = Provider("Request Tracker", "DOORSTEP_RT_TOKEN", KEPT, frozenset({401}), "DOORSTEP_RT_URL")
        self._api = Api(provider, f"{url.rstrip('/')}/REST/2.0", {"Authorization": f"token {token}"}, clock)
        self._field = field
        self._has_field = False

    async def open(self, draft: TicketDraft, *, key: str, now: Instant, in_doubt: bool = False) -> Filing:
        return await self._api.written(draft.external_id, in_doubt, lambda: self._opened(draft, key, in_doubt))

    async def update(self, note: TicketNote, *, key: str, now: Instant, in_doubt: bool = False) -> Filing | None:
        return await self._api.written(note.external_id, in_doubt, lambda: self._updated(note, key, in_doubt))

    async def solve(self, external_id: str, note: str, *, key: str, now: Instant, in_doubt: bool = False) -> Filing | None:
        return await self._api.written(external_id, in_doubt, lambda: self._solved(external_id, note, key, in_doubt))

    async def looked_at(self) -> str | Unsent:
        """Which RT answers, or what is wrong."""
        return await self._api.written("", False, self._version)

    async def close(self) -> None:
        await self._api.close()

    async def _opened(self, draft: TicketDraft, key: str, in_doubt: bool) -> Filed:
        await self._need_field()
        ticket = await first_found(self._latest, (draft.external_id, *draft.earlier))
        if ticket is None:
            return await self._created(draft, key)
        if in_doubt and (title := await self._title(ticket, key)) is not None:
            return Filed(ticket["id"], draft.queue, TicketNews.OPENED if title == draft.title else TicketNews.UPDATED)
        await self._put(ticket, {"Queue": draft.queue, **_raised(ticket, draft.priority)})
        over = ticket["Status"] in OVER
        said = {"Subject": draft.title, "CustomFields": self._about(draft.external_id)} | ({"Status": "open"} if over else {})
        await self._comment(ticket, f"{draft.title}\n\n{draft.body}", key, said)
        moved_from = None if _queue_of(ticket) == draft.queue else _queue_of(ticket)
        return Filed(ticket["id"], draft.queue, TicketNews.REOPENED if over else TicketNews.UPDATED, moved_from)

    async def _created(self, draft: TicketDraft, key: str) -> Filed:
        fresh = {
            "Queue": draft.queue,
            "Subject": draft.title,
            "Content": marked(draft.body, key),
            "Priority": PRIORITIES[draft.priority],
            "CustomFields": self._about(draft.external_id),
            **PLAIN,
        }
        answer = await self._api.call("POST", "/ticket", body=fresh)
        return Filed(str(answer["id"]), draft.queue, TicketNews.OPENED)

    async def _updated(self, note: TicketNote, key: str, in_doubt: bool) -> Filed | None:
        ticket = await self._latest(note.external_id)
        if ticket is None:
            return None
        if not (in_doubt and await self._title(ticket, key) is not None):
            if raised := _raised(ticket, note.priority):
                await self._put(ticket, raised)
            await self._comment(ticket, note.text, key)
        return Filed(ticket["id"], _queue_of(ticket), TicketNews.UPDATED)

    async def _solved(self, external_id: str, note: str, key: str, in_doubt: bool) -> Filed | None:
        ticket = await self._latest(external_id)
        if ticket is None:
            return None
        # An effect in doubt that was done before somebody reopened the ticket is not done again.
        if ticket["Status"] not in OVER and not (in_doubt and await self._title(ticket, key) is not None):
            await self._comment(ticket, note or "Solved.", key, {"Status": RESOLVED})
        return Filed(ticket["id"], _queue_of(ticket), TicketNews.SOLVED)

    async def _latest(self, external_id: str) -> dict[str, Any] | None:
        quoted = external_id.replace("\\", "\\\\").replace("'", "\\'")
        query = {"query": f"CF.{{{self._field}}} = '{quoted}'", **SHOWN}
        found = (await self._api.call("GET", "/tickets", params=query))["items"]
        return dict(found[0]) if found else None

    async def _title(self, ticket: Mapping[str, Any], key: str) -> str | None:
        """The title of what an effect wrote on a ticket, among the last hundred texts; None if it did not."""
        wanted = {"fields": "Subject,Content", "per_page": "100", "orderby": "id", "order": "DESC"}
        texts = (await self._api.call("GET", f"/ticket/{ticket['id']}/attachments", params=wanted))["items"]
        return next((str(text.get("Subject") or "") for text in texts if marker(key) in str(text.get("Content"))), None)

    async def _put(self, ticket: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
        await self._api.call("PUT", f"/ticket/{ticket['id']}", body=changes)

    async def _comment(self, ticket: Mapping[str, Any], text: str, key: str, more: Mapping[str, Any] | None = None) -> None:
        """A comment goes to nobody but those who work on tickets; what else it changes is changed with it."""
        body = {"Content": marked(text, key), **PLAIN, **(more or {})}
        await self._api.call("POST", f"/ticket/{ticket['id']}/comment", body=body)

    async def _need_field(self) -> None:
        """Without the field a ticket would be opened again and again."""
        if not self._has_field:
            wanted = [{"field": "Name", "value": self._field}]
            self._has_field = (await self._api.call("POST", "/customfields", body=wanted))["total"] > 0
        if not self._has_field:
            said = f"Request Tracker has no custom field {self._field} for tickets, or we may not see it; see docs/tickets.md; {KEPT}"
            raise NotTakenError(Unsent(said, retry=True, after=MINUTE))

    async def _version(self) -> str:
        version = (await self._api.call("GET", "/rt"))["Version"]
        await self._need_field()
        return f"answers, version {version}"

    def _about(self, external_id: str) -> dict[str, str]:
        return {self._field: external_id}


def _raised(ticket: Mapping[str, Any], priority: TicketPriority | None) -> dict[str, int]:
    """A person may have set a priority between ours."""
    return {"Priority": PRIORITIES[priority]} if priority and PRIORITIES[priority] > int(ticket["Priority"]) else {}


def _queue_of(ticket: Mapping[str, Any]) -> str:
    return str(ticket["Queue"]["Name"])
