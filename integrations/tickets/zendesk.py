"""Zendesk's Ticketing API (https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/).

`external_id` is the incident. A new ticket has an Idempotency-Key, which Zendesk keeps for two hours; what was written carries a
mark, by which it is found later too. Our queues are groups where DOORSTEP_ZENDESK_GROUPS says so, and tags in any case.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from domain.instant import SECOND, Instant
from domain.sending import Unsent
from domain.ticket import Filed, Filing, TicketDraft, TicketNews, TicketNote, more_urgent
from integrations.judging import Provider
from integrations.tickets.calls import KEPT, Api, NotTakenError, first_found, marked, marker

OUR_TAG = "doorstep"
QUEUE_TAG = "doorstep_queue_"
NOT_IN_TAGS = re.compile(r"[^a-z0-9_\-./]+")

CLOSED = "closed"
"""Neither changed nor reopened any more; a follow-up ticket takes its place."""

OVER = frozenset({"solved", CLOSED})

CREDENTIALS = "DOORSTEP_ZENDESK_EMAIL and DOORSTEP_ZENDESK_TOKEN"


class Zendesk:
    """`url` is that of the account, `https://example.zendesk.com`; `groups` maps our queues to ids of Zendesk's groups."""

    def __init__(
        self, url: str, email: str, token: str, clock: Callable[[], Instant], groups: Mapping[str, int] | None = None
    ) -> None:
        basic = b64encode(f"{email}/token:{token}".encode()).decode()
        provider = Provider("Zendesk", CREDENTIALS, KEPT, frozenset({401, 403}), "DOORSTEP_ZENDESK_URL")
        self._api = Api(provider, url, {"Authorization": f"Basic {basic}"}, clock)
        self._groups = groups or {}

    async def open(self, draft: TicketDraft, *, key: str, now: Instant, in_doubt: bool = False) -> Filing:
        return await self._api.written(draft.external_id, in_doubt, lambda: self._opened(draft, key, in_doubt))

    async def update(self, note: TicketNote, *, key: str, now: Instant, in_doubt: bool = False) -> Filing | None:
        return await self._api.written(note.external_id, in_doubt, lambda: self._updated(note, key, in_doubt))

    async def solve(self, external_id: str, note: str, *, key: str, now: Instant, in_doubt: bool = False) -> Filing | None:
        return await self._api.written(external_id, in_doubt, lambda: self._solved(external_id, note, key, in_doubt))

    async def looked_at(self) -> str | Unsent:
        """Who Zendesk says that we are, or why it does not."""
        return await self._api.written("", False, self._who)

    async def close(self) -> None:
        await self._api.close()

    async def _opened(self, draft: TicketDraft, key: str, in_doubt: bool) -> Filed:
        ticket = await first_found(self._latest, (draft.external_id, *draft.earlier))
        if ticket is None or ticket["status"] == CLOSED:
            return await self._created(draft, key, ticket)
        if in_doubt and marker(key) in str(ticket.get("description")):
            return Filed(str(ticket["id"]), draft.queue, TicketNews.OPENED)
        moved_from = _moved_from(ticket, draft.queue)
        news = TicketNews.REOPENED if ticket["status"] in OVER else TicketNews.UPDATED
        if not (in_doubt and await self._has(ticket, key)):
            again = _commented(marked(f"{draft.title}\n\n{draft.body}", key)) | self._sorted(draft, ticket)
            await self._put(ticket, again | ({"status": "open"} if ticket["status"] in OVER else {}))
        return Filed(str(ticket["id"]), draft.queue, news, moved_from)

    async def _created(self, draft: TicketDraft, key: str, closed: Mapping[str, Any] | None) -> Filed:
        """A new ticket, which follows a closed one if there is one."""
        fresh = _commented(marked(draft.body, key)) | self._sorted(draft, {})
        fresh |= {"subject": draft.title, "type": "incident"} | ({"via_followup_source_id": closed["id"]} if closed else {})
        once = marker(f"{draft.external_id} {closed['id'] if closed else ''}")[1:-1].replace(" ", "-")
        try:
            answer = await self._api.call("POST", "/api/v2/tickets", body={"ticket": fresh}, headers={"Idempotency-Key": once})
        except NotTakenError as error:
            raise _while_another_opens(error) or error from None
        return Filed(str(answer["ticket"]["id"]), draft.queue, TicketNews.OPENED)

    async def _updated(self, note: TicketNote, key: str, in_doubt: bool) -> Filed | None:
        ticket = await self._latest(note.external_id)
        if ticket is None:
            return None
        done = ticket["status"] == CLOSED or (in_doubt and await self._has(ticket, key))
        if not done:
            await self._put(ticket, _commented(marked(note.text, key)) | _raised(ticket, note))
        return Filed(str(ticket["id"]), _queue_of(ticket), TicketNews.UPDATED)

    async def _solved(self, external_id: str, note: str, key: str, in_doubt: bool) -> Filed | None:
        ticket = await self._latest(external_id)
        if ticket is None:
            return None
        # An effect in doubt that was done before somebody reopened the ticket is not done again.
        if ticket["status"] not in OVER and not (in_doubt and await self._has(ticket, key)):
            await self._put(ticket, _commented(marked(note or "Solved.", key)) | {"status": "solved"})
        return Filed(str(ticket["id"]), _queue_of(ticket), TicketNews.SOLVED)

    async def _latest(self, external_id: str) -> dict[str, Any] | None:
        """The incident's ticket; one that can still be written to before closed ones, of which it may be a follow-up."""
        found = (await self._api.call("GET", "/api/v2/tickets", params={"external_id": external_id}))["tickets"]
        return max(found, key=lambda ticket: (ticket["status"] != CLOSED, ticket["id"]), default=None)

    async def _has(self, ticket: Mapping[str, Any], key: str) -> bool:
        """Whether an effect's comment is among the last hundred."""
        path, newest = f"/api/v2/tickets/{ticket['id']}/comments", {"sort": "-created_at", "page[size]": "100"}
        return any(marker(key) in comment["body"] for comment in (await self._api.call("GET", path, params=newest))["comments"])

    async def _put(self, ticket: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
        await self._api.call("PUT", f"/api/v2/tickets/{ticket['id']}", body={"ticket": changes})

    async def _who(self) -> str:
        user = (await self._api.call("GET", "/api/v2/users/me"))["user"]
        if not user.get("id"):
            raise NotTakenError(Unsent(f"Zendesk does not know us; check {CREDENTIALS}", retry=True))
        return f"answers; we are an {user['role']}"

    def _sorted(self, draft: TicketDraft, ticket: Mapping[str, Any]) -> dict[str, Any]:
        """Whose the ticket is, in which queue, how urgent."""
        group = self._groups.get(draft.queue)
        others = [tag for tag in ticket.get("tags", ()) if not tag.startswith(QUEUE_TAG) and tag != OUR_TAG]
        return {
            "external_id": draft.external_id,
            "priority": more_urgent(ticket.get("priority") or "low", draft.priority),
            "tags": [*others, OUR_TAG, _queue_tag(draft.queue)],
            **({"group_id": group} if group else {}),
        }


def _commented(text: str) -> dict[str, Any]:
    """Never public: a requester would get it by mail."""
    return {"comment": {"body": text, "public": False}}


def _raised(ticket: Mapping[str, Any], note: TicketNote) -> dict[str, Any]:
    return {"priority": more_urgent(ticket.get("priority") or "low", note.priority)} if note.priority else {}


def _queue_tag(queue: str) -> str:
    return QUEUE_TAG + NOT_IN_TAGS.sub("_", queue.lower())


def _queue_of(ticket: Mapping[str, Any]) -> str:
    tags = (tag.removeprefix(QUEUE_TAG) for tag in ticket.get("tags", ()) if tag.startswith(QUEUE_TAG))
    return next(tags, "Zendesk")


def _moved_from(ticket: Mapping[str, Any], queue: str) -> str | None:
    is_same = _queue_tag(queue) in ticket.get("tags", ())
    return None if is_same else _queue_of(ticket)


def _while_another_opens(error: NotTakenError) -> NotTakenError | None:
    """Another process opens the incident's ticket with other words; the next try finds it."""
    if error.status != 400 or error.said.get("error") != "IdempotentRequestError":
        return None
    return NotTakenError(Unsent(f"Zendesk is opening this ticket for another; {KEPT}", retry=True, after=SECOND, in_doubt=True))
