"""Any desk that takes signed calls: told what to do, by incident. It opens one ticket per `external_id` and ignores an id that it knows.

docs/tickets.md has the calls in full.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from domain.endpoint import Taken
from domain.instant import Instant, iso
from domain.sending import Unsent
from domain.ticket import Filed, Filing, TicketDraft, TicketNews, TicketNote

ENDPOINT = "tickets"
"""What the desk is called among endpoints."""


class Posting(Protocol):
    """Tells endpoints."""

    async def post(self, endpoint: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent: ...

    async def close(self) -> None: ...


class WebhookDesk:
    """The same call again has the same `webhook-id`, so that a doubt is settled by the other side."""

    def __init__(self, posting: Posting) -> None:
        self._posting = posting

    async def open(self, draft: TicketDraft, *, key: str, now: Instant, in_doubt: bool = False) -> Filing:
        asked = {
            "queue": draft.queue,
            "priority": draft.priority,
            "title": draft.title,
            "body": draft.body,
            "delivery_id": draft.delivery_id,
            "earlier": list(draft.earlier),
        }
        return await self._told("ticket.open", draft.external_id, key, now, asked, TicketNews.OPENED)

    async def update(self, note: TicketNote, *, key: str, now: Instant, in_doubt: bool = False) -> Filing | None:
        asked = {"text": note.text, "priority": note.priority}
        return await self._told("ticket.update", note.external_id, key, now, asked, TicketNews.UPDATED)

    async def solve(self, external_id: str, note: str, *, key: str, now: Instant, in_doubt: bool = False) -> Filing | None:
        return await self._told("ticket.solve", external_id, key, now, {"text": note}, TicketNews.SOLVED)

    async def close(self) -> None:
        await self._posting.close()

    async def _told(
        self, type: str, external_id: str, key: str, now: Instant, asked: Mapping[str, Any], news: TicketNews
    ) -> Filing:
        body = {"type": type, "timestamp": iso(now), "data": {"external_id": external_id, **asked}}
        taken = await self._posting.post(ENDPOINT, key=key, body=body)
        if isinstance(taken, Unsent):
            return taken
        named = taken.answer.get("ticket_id")
        return Filed(str(named or external_id), str(asked.get("queue") or "the desk"), news)
