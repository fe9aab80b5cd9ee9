"""A Zendesk account on this machine: keeps tickets, refuses whatever its documentation does not know, and answers as a test wants.

https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/
"""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

EMAIL, TOKEN = "doorstep@example.test", "zendesk-token"

WRITABLE = frozenset(
    {"subject", "comment", "external_id", "priority", "type", "tags", "group_id", "status", "via_followup_source_id"}
)
PRIORITIES = frozenset({"urgent", "high", "normal", "low"})
STATUSES = frozenset({"new", "open", "pending", "hold", "solved", "closed"})
TYPES = frozenset({"problem", "incident", "question", "task"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class ZendeskStandIn:
    """`failures` are answered in turn instead of what was asked, as (status, headers); with `done` it is done all the same.
    `hangs`: so many writes are done and never answered."""

    url: str = ""
    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    once: dict[str, tuple[Any, int]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    failures: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    hangs: int = 0

    @property
    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.method != "GET"]

    async def take(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.calls.append(Call(request.method, request.path, dict(request.query), request.headers, body))
        if self.failures:
            status, headers = self.failures.pop(0)
            return web.json_response({"error": "as the test wants"}, status=status, headers=headers)
        kind, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if kind != "Basic" or b64decode(credentials).decode() != f"{EMAIL}/token:{TOKEN}":
            return web.json_response({"error": "Couldn't authenticate you"}, status=401)
        answer = self._answered(request, body)
        if request.method != "GET" and self.hangs:
            self.hangs -= 1
            await asyncio.Event().wait()
        return answer

    def _answered(self, request: web.Request, body: Any) -> web.Response:
        parts = request.path.removeprefix("/api/v2/").split("/")
        match request.method, parts:
            case "GET", ["tickets"]:
                wanted = request.query["external_id"]
                found = [ticket for ticket in self.tickets.values() if ticket["external_id"] == wanted]
                return web.json_response({"tickets": found, "count": len(found)})
            case "GET", ["tickets", number, "comments"]:
                return web.json_response({"comments": self.comments[int(number)][::-1][:100]})
            case "GET", ["users", "me"]:
                return web.json_response({"user": {"id": 7, "role": "agent"}})
            case "POST", ["tickets"]:
                return self._created(body["ticket"], request.headers.get("Idempotency-Key"))
            case "PUT", ["tickets", number]:
                return self._changed(int(number), body["ticket"])
        return web.json_response({"error": "InvalidEndpoint"}, status=404)

    def _created(self, asked: dict[str, Any], once: str | None) -> web.Response:
        if once in self.once:
            before, number = self.once[once]
            if before != asked:
                return web.json_response({"error": "IdempotentRequestError"}, status=400)
            return web.json_response({"ticket": self.tickets[number]}, status=201, headers={"x-idempotency-lookup": "hit"})
        if wrong := _wrong(asked):
            return web.json_response({"error": "RecordInvalid", "details": wrong}, status=422)
        number = len(self.tickets) + 1
        kept = {name: value for name, value in asked.items() if name != "comment"}
        self.tickets[number] = {"id": number, "status": "new", "description": asked["comment"]["body"], **kept}
        self.comments[number] = [asked["comment"]]
        if once:
            self.once[once] = (asked, number)
        return web.json_response({"ticket": self.tickets[number]}, status=201)

    def _changed(self, number: int, asked: dict[str, Any]) -> web.Response:
        wrong = _wrong(asked) or (["closed tickets cannot be changed"] if self.tickets[number]["status"] == "closed" else [])
        if wrong:
            return web.json_response({"error": "RecordInvalid", "details": wrong}, status=422)
        self.comments[number] += [asked["comment"]] if "comment" in asked else []
        self.tickets[number] |= {name: value for name, value in asked.items() if name != "comment"}
        return web.json_response({"ticket": self.tickets[number]})


def _wrong(asked: Mapping[str, Any]) -> list[str]:
    """What the documentation does not allow."""
    wrong = [f"unknown field {name}" for name in asked if name not in WRITABLE]
    for name, allowed in (("priority", PRIORITIES), ("status", STATUSES), ("type", TYPES)):
        wrong += [f"{name} {asked[name]}"] if name in asked and asked[name] not in allowed else []
    comment = asked.get("comment", {"body": "-", "public": False})
    wrong += ["comment"] if not comment.get("body") or set(comment) - {"body", "public"} else []
    wrong += [f"tag {tag}" for tag in asked.get("tags", ()) if " " in tag or tag != tag.lower()]
    return wrong + (["group_id"] if "group_id" in asked and not isinstance(asked["group_id"], int) else [])


@asynccontextmanager
async def zendesk_account() -> AsyncIterator[ZendeskStandIn]:
    """An account on a free port, for as long as the block runs."""
    account = ZendeskStandIn()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", account.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    account.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield account
    finally:
        await runner.cleanup()
