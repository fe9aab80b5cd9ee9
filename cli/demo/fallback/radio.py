"""A stand-in for the dispatch system and for the carrier: takes signed calls, and answers offers by the gateway as the script says."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession
from fastapi import FastAPI, Request, Response

from cli.demo.fallback.town import ACCEPTED, BACKUP, NOBODY, OTHERS, TO_THE_CARRIER
from cli.standins.web import HERE, serving
from integrations.webhooks.signature import call_id, signed_headers
from workflows.clock import wall_clock

FIRST, SECOND_, THIRD = OTHERS

SCRIPT: Mapping[tuple[str, str], bool | None] = {
    (ACCEPTED, FIRST): False,
    (ACCEPTED, SECOND_): None,
    (ACCEPTED, THIRD): True,
    **{(delivery_id, driver): False for delivery_id in (TO_THE_CARRIER, NOBODY) for driver in OTHERS},
    (TO_THE_CARRIER, BACKUP): True,
}
"""What each answers about each delivery; None: nothing."""

AWAY = 503
"""What the gateway answers while the assignment cannot be reached: send it again."""

TRIES = 10

THINKS_S = 0.3
"""How long somebody takes to answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that came."""

    id: str
    to: str
    type: str
    data: Mapping[str, Any]


@dataclass
class Radio:
    """Keeps what came, and what the gateway said to each answer. `gateway` is where answers go."""

    secrets: Mapping[str, str]
    url: str = ""
    gateway: str = ""
    calls: list[Call] = field(default_factory=list)
    said: list[tuple[str, str, int]] = field(default_factory=list)
    thinking: set["asyncio.Task[None]"] = field(default_factory=set)

    async def take(self, to: str, request: Request) -> Response:
        body = json.loads(await request.body())
        data, call = body.get("data") or {}, request.headers.get("webhook-id", "")
        is_known = call in {known.id for known in self.calls}
        self.calls.append(Call(call, to, body.get("type", ""), data))
        if body.get("type") == "assignment.offered" and not is_known:
            task = asyncio.create_task(self._answer(data))
            self.thinking.add(task)
            task.add_done_callback(self.thinking.discard)
        return Response(status_code=202)

    async def _answer(self, data: Mapping[str, Any]) -> None:
        offer, delivery_id = data["assignment"], data["delivery"]["delivery_id"]
        who = offer["driver_id"] or offer["carrier"]
        accept = SCRIPT.get((delivery_id, who))
        if accept is None:
            return
        await asyncio.sleep(THINKS_S)
        status = 0
        said = {"driver_id": who} if offer["driver_id"] else {"carrier": who, "tracking_number": f"ZV-{delivery_id[2:]}"}
        body = json.dumps({**said, "accept": accept}).encode()
        secret = self.secrets["dispatch" if offer["driver_id"] else who]
        path = f"{self.gateway}/v1/assignments/{offer['id']}/answer"
        async with ClientSession() as session:
            for _ in range(TRIES):
                headers = signed_headers(secret, call_id(f"{offer['id']}/{who}"), wall_clock(), body)
                async with session.post(path, data=body, headers={**headers, "Content-Type": "application/json"}) as answer:
                    status = answer.status
                if status != AWAY:
                    break
                await asyncio.sleep(1)
        self.said.append((delivery_id, who, status))


@asynccontextmanager
async def on_air(secrets: Mapping[str, str]) -> AsyncIterator[Radio]:
    """The stand-in on a free port, while the block runs."""
    radio, app = Radio(secrets), FastAPI()
    app.add_api_route("/{to}", radio.take, methods=["POST"])
    async with serving(app, 0) as port:
        radio.url = f"http://{HERE}:{port}"
        yield radio
