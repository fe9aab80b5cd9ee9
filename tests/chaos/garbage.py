"""Garbage, thrown at every door that there is: each piece is to be refused, or counted, with a clear error."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from random import Random
from typing import Any

from httpx import AsyncClient, Response
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from tests.chaos.bodies import BODIES, IN_ANY_CASE, PARTS_OF_PATHS
from tests.chaos.doors import Door
from tests.chaos.handlers import HANDLERS
from tests.chaos.parts import API_KEY
from tests.chaos.senders import Record
from tests.chaos.temporal_doors import Args, Grpc, HttpApi, Start, TemporalDoor
from tests.chaos.trying import UnansweredError, until_answered, until_taken
from tests.workflows.garbage import GARBAGE
from workflows.client import Deliveries, RefusedError
from workflows.contract import DELIVERY, delivery_workflow_id

STARTS: Mapping[str, str] = {
    "Delivery": "delivery-{id}",
    "Route": "route-{id}-2026-11-23",
    "Assignment": "assignment-{id}-1",
    "Disruption": "disruption-hub-{id}",
    "Feed": "feed-{id}",
}
"""Workflow type -> an id of it."""

ORDERS: Sequence[Mapping[str, Any]] = ({}, {"carrier": 7}, {"carrier": "acme", "promised": "soon"})
"""Fields beside the id of orders that cannot be taken."""

RAW_PATHS = ("delivery-{id}", "delivery-{id}/signal/report", "delivery-{id}/update/amend", "delivery-{id}/query/snapshot")
"""Paths of Temporal's HTTP API to which bodies are sent that it cannot read itself."""


@dataclass
class Thrown:
    """What became of the garbage."""

    sent: Counter[str] = field(default_factory=Counter)
    """By door."""
    refused: int = 0
    answered: int = 0
    """Queries that need nothing, or found what they need in what they were asked with."""
    counted: Counter[str] = field(default_factory=Counter)
    """By workflow: what it is to have counted."""
    rejected: Mapping[str, int] = field(default_factory=dict)
    """By workflow that is no delivery: what it has counted."""
    started: list[str] = field(default_factory=list)
    """Workflows that were started with garbage, and are to fail."""
    wrong: list[str] = field(default_factory=list)
    """What was answered otherwise, or not at all."""
    told_to_wait: int = 0
    """Answers 429, to whomever: they refuse nothing, and what was sent is sent again."""

    async def note_limit(self, answer: Response) -> None:
        """A hook for clients of the gateway."""
        self.told_to_wait += answer.status_code == 429


Throw = Callable[[Random], Awaitable[None]]
Way = tuple[str, Throw]
"""A door by its name, and how garbage is thrown at it."""


class Garbage:
    """Throws one piece after the other, each until somebody answers."""

    def __init__(
        self,
        client: Client,
        temporal_http: AsyncClient,
        gateway: AsyncClient,
        doors: Sequence[Door],
        records: Sequence[Record],
        standing: Mapping[str, str],
        thrown: Thrown,
    ) -> None:
        """`temporal_http` knows Temporal's HTTP API; `standing`: workflow type -> id of the one that is thrown at."""
        self._deliveries = Deliveries(client, patience=20)
        self._http = HttpApi(temporal_http, client.namespace)
        self._temporal: tuple[TemporalDoor, ...] = (Grpc(client), self._http)
        self._gateway = gateway
        self._doors = doors
        self._records = records
        self._standing = standing
        self._thrown = thrown
        self._numbers = 0

    async def throw(self, count: int, lasts_s: float, began: float, chance: Random) -> None:
        """So many pieces, and at least one at every door, spread over the storm. Returns when each was answered."""
        ways = self.ways()
        count = max(count, len(ways))
        waiting: list[asyncio.Task[None]] = []
        for place in range(count):
            await asyncio.sleep(max(0.0, began + 1 + (lasts_s - 1) * place / count - time.monotonic()))
            door, way = ways[place % len(ways)]
            waiting.append(asyncio.create_task(self._one(door, way, Random(chance.random()))))
        await asyncio.gather(*waiting)

    def ways(self) -> list[Way]:
        """Each door with how garbage is thrown at it, in turns: one over gRPC, one over Temporal's HTTP API, one at the gateway."""
        grpc, http = (self._at(temporal) for temporal in self._temporal)
        grpc.append(("update-with-start by gRPC", self._order))
        http += [(f"{path} by HTTP API, no call", self._raw(path)) for path in RAW_PATHS]
        gateway = [(door.name, self._call(door)) for door in self._doors]
        return [way for turn in zip_longest(grpc, http, gateway) for way in turn if way is not None]

    def _at(self, temporal: TemporalDoor) -> list[Way]:
        """Starts, signals, updates and queries of every type; deliveries are thrown at more often than the others."""
        found: list[Way] = []
        for kind in HANDLERS:
            found.append((f"start {kind} by {temporal.name}", self._start(temporal, kind)))
            found.append((f"signal-with-start {kind} by {temporal.name}", self._start(temporal, kind, with_signal=True)))
            found += [(f"signal {kind} by {temporal.name}", self._signal(temporal, kind))] * (4 if kind == DELIVERY else 1)
            found.append((f"update {kind} by {temporal.name}", self._update(temporal, kind)))
            found.append((f"query {kind} by {temporal.name}", self._query(temporal, kind)))
        return found

    async def _one(self, door: str, way: Throw, chance: Random) -> None:
        self._thrown.sent[door] += 1
        try:
            await way(chance)
        except (UnansweredError, RPCError) as error:
            self._wrong(door, str(error))

    def _wrong(self, door: str, said: str) -> None:
        self._thrown.wrong.append(f"{door}: {said}")

    def _delivery(self, chance: Random) -> str:
        """A delivery that is under way, mostly."""
        alive = [one.life.delivery_id for one in self._records if one.started_at and one.ended_at is None]
        return chance.choice(alive) if alive and chance.random() < 0.9 else "nobody"

    def _target(self, kind: str, chance: Random) -> str:
        return delivery_workflow_id(self._delivery(chance)) if kind == DELIVERY else self._standing[kind]

    def _another(self, kind: str) -> str:
        self._numbers += 1
        return STARTS[kind].format(id=f"G{self._numbers}")

    def _start(self, temporal: TemporalDoor, kind: str, *, with_signal: bool = False) -> Throw:
        async def start(chance: Random) -> None:
            what, id = Start(kind, self._another(kind), chance.choice(GARBAGE)), f"garbage-{chance.getrandbits(64):x}"
            name, args = chance.choice(HANDLERS[kind].signals), chance.choice(GARBAGE)

            async def once() -> None:
                if with_signal:
                    await temporal.signal_with_start(what, name, args, id)
                else:
                    await temporal.start(what, id)

            await until_taken(once, f"start {what.workflow_id}")
            self._thrown.started.append(what.workflow_id)

        return start

    async def _order(self, chance: Random) -> None:
        """By update-with-start, which is to be told at once what is wrong."""
        workflow_id = self._another(DELIVERY)
        order = {"delivery_id": workflow_id.removeprefix("delivery-"), **chance.choice(ORDERS)}

        async def once() -> str:
            try:
                await self._deliveries.start(order)
            except RefusedError as refused:
                return refused.type
            return "accepted"

        said = await until_taken(once, f"order {workflow_id}")
        self._thrown.started.append(workflow_id)
        self._judge("update-with-start", said == "InvalidInput", f"{order} was answered {said}")

    def _signal(self, temporal: TemporalDoor, kind: str) -> Throw:
        async def signal(chance: Random) -> None:
            target, name, args = self._target(kind, chance), chance.choice(HANDLERS[kind].signals), chance.choice(GARBAGE)
            request_id = f"garbage-{chance.getrandbits(64):x}"

            async def once() -> bool:
                return await _is_there(temporal.signal(target, name, args, request_id))

            if await until_taken(once, f"signal {name} to {target}"):
                self._thrown.counted[target] += 1
            else:
                self._thrown.refused += 1

        return signal

    def _update(self, temporal: TemporalDoor, kind: str) -> Throw:
        async def update(chance: Random) -> None:
            target, name, args = self._target(kind, chance), chance.choice(HANDLERS[kind].updates), chance.choice(GARBAGE)
            update_id = f"garbage-{chance.getrandbits(64):x}"

            async def once() -> bool:
                try:
                    return await temporal.update(target, name, args, update_id)
                except RPCError as error:
                    if error.status is RPCStatusCode.NOT_FOUND:
                        return True
                    raise

            was_refused = await until_taken(once, f"update {name} to {target}")
            self._judge(f"update {name}", was_refused, f"{_shown(args)} was not refused by {target}")

        return update

    def _query(self, temporal: TemporalDoor, kind: str) -> Throw:
        async def query(chance: Random) -> None:
            target, name, args = self._target(kind, chance), chance.choice(HANDLERS[kind].queries), chance.choice(GARBAGE)

            async def once() -> bool:
                try:
                    await temporal.query(target, name, args)
                except RPCError as error:
                    if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
                        return True
                    if error.status is RPCStatusCode.FAILED_PRECONDITION:  # nobody has polled for it yet
                        raise TimeoutError from None
                    raise
                return False

            was_refused = await until_taken(once, f"query {name} to {target}")
            if was_refused or name == "no_such_query":
                self._judge(f"query {name}", was_refused, f"{_shown(args)} was not refused by {target}")
            else:
                self._thrown.answered += 1

        return query

    def _judge(self, door: str, was_refused: bool, said: str) -> None:
        if was_refused:
            self._thrown.refused += 1
        else:
            self._wrong(door, said)

    def _raw(self, path: str) -> Throw:
        async def send(chance: Random) -> None:
            type, body = chance.choice([(type, body) for type, body in BODIES if body not in IN_ANY_CASE])
            to = path.format(id=self._delivery(chance))
            answer = await until_taken(lambda: self._http.post_raw(to, type, body), f"{body[:60]!r} to {to}")
            self._judge(to, is_clear_refusal(answer), f"{type} {body[:60]!r} was answered {answer.status_code}")

        return send

    def _call(self, door: Door) -> Throw:
        async def call(chance: Random) -> None:
            path = door.path(lambda name: self._delivery(chance) if name == "delivery_id" else chance.choice(PARTS_OF_PATHS))
            type, body = chance.choice(BODIES)
            headers = {"Content-Type": type}
            keys = ("", "Bearer wrong-wrong-wrong-wrong", f"Bearer {API_KEY}" if door.takes_a_body else "Basic eDp5")
            if key := chance.choice(keys):
                headers["Authorization"] = key
            more = {"content": body} if door.takes_a_body else {}
            answer = await until_answered(self._gateway, door.method, path, headers=headers, **more)
            said = (
                f"{type} {body[:60]!r} at {path[:80]} with {key[:12]!r} was answered {answer.status_code} {answer.text[:120]!r}"
            )
            self._judge(door.name, is_clear_refusal(answer), said)

        return call


def _shown(args: Args) -> list[bytes]:
    return [bytes(one.data)[:80] for one in args]


async def _is_there(sending: Awaitable[None]) -> bool:
    """Whether whoever something was sent to is there."""
    try:
        await sending
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


def is_clear_refusal(answer: Response) -> bool:
    """A status that blames the sender, and a body that says why. Too many requests blame nobody."""
    sent_back = answer.status_code == 303 and answer.headers["location"].endswith(("said=empty", "said=stale"))
    return sent_back or (400 <= answer.status_code < 500 and answer.status_code != 429 and len(answer.text) > 10)
