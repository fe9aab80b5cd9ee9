"""Garbage, thrown at every door that there is: each piece is to be refused, or counted, with a clear error."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from httpx import AsyncClient, Response
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import QueryWorkflowRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from tests.chaos.doors import Door
from tests.chaos.parts import API_KEY
from tests.chaos.senders import Record
from tests.chaos.trying import UnansweredError, until_answered, until_taken
from tests.workflows.garbage import GARBAGE, UPDATES, send_signal, send_start, send_update
from workflows.client import Deliveries, RefusedError
from workflows.contract import TASK_QUEUE, delivery_workflow_id

STARTS: Mapping[str, str] = {
    "Delivery": "delivery-{id}",
    "Route": "route-{id}-2026-11-23",
    "Assignment": "assignment-{id}-1",
    "Disruption": "disruption-hub-{id}",
    "Feed": "feed-{id}",
}
"""Workflow type -> an id of it."""

SIGNALS = ("report", "report", "adopt_rulebook", "answer", "no_such_signal")
QUERIES = ("snapshot", "timeline", "why", "forecast", "history", "no_such_query")
ASKS = tuple(name for name in UPDATES if name != "accepted")
"""`accepted` may be asked with anything that is an object."""

BODIES: Sequence[tuple[str, bytes]] = (
    ("application/json", b""),
    ("application/json", b"{oops"),
    ("application/json", b"[1, 2]"),
    ("application/json", b"null"),
    ("application/json", b"\xff\xfe\x00"),
    ("application/json", b'{"by": 7, "text": {"a": []}}'),
    ("application/json", b"[" * 5_000 + b"]" * 5_000),
    ("application/json", b'{"x": "' + b"a" * 300_000 + b'"}'),
    ("application/json", b'{"text": "\\ud800", "by": "operator"}'),
    ("text/plain", b"{}"),
    ("application/x-www-form-urlencoded", b"MessageSid=SM1&From=%00&Body=" + b"a" * 70_000),
    ("application/x-www-form-urlencoded", b"a=1&" * 300),
    ("multipart/form-data", b"--x"),
)

PARTS_OF_PATHS = ("nobody", "a" * 2_000, "..%2f..%2fetc", "%00", "%ff%fe", "😀", "1' OR '1'='1", "{{7*7}}")


@dataclass
class Thrown:
    """What became of the garbage."""

    sent: Counter[str] = field(default_factory=Counter)
    """By door."""
    refused: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    """By delivery: what it is to have counted."""
    started: list[str] = field(default_factory=list)
    """Workflows that were started with garbage, and are to fail."""
    wrong: list[str] = field(default_factory=list)
    """What was answered otherwise, or not at all."""


Throw = Callable[[Random], Awaitable[None]]


class Garbage:
    """Throws one piece after the other, each until somebody answers."""

    def __init__(
        self, client: Client, gateway: AsyncClient, doors: Sequence[Door], records: Sequence[Record], thrown: Thrown
    ) -> None:
        self._client = client
        self._gateway = gateway
        self._doors = doors
        self._records = records
        self._thrown = thrown
        self._numbers = 0

    async def throw(self, count: int, lasts_s: float, began: float, chance: Random) -> None:
        """So many pieces, and at least one at every door, spread over the storm. Returns when each was answered."""
        ways = self._ways()
        count = max(count, len(ways))
        waiting: list[asyncio.Task[None]] = []
        for place in range(count):
            await asyncio.sleep(max(0.0, began + 1 + (lasts_s - 1) * place / count - time.monotonic()))
            door, way = ways[place % len(ways)]
            waiting.append(asyncio.create_task(self._one(door, way, Random(chance.random()))))
        await asyncio.gather(*waiting)

    def _ways(self) -> list[tuple[str, Throw]]:
        """Each door with how garbage is thrown at it, in turns: one over gRPC, one over HTTP."""
        grpc: list[tuple[str, Throw]] = [(f"start {kind}", self._start(kind)) for kind in STARTS]
        grpc += [("signal", self._signal), ("update", self._update), ("query", self._query), ("update-with-start", self._order)]
        grpc += [("signal", self._signal)] * 4
        http: list[tuple[str, Throw]] = [(door.name, self._call(door)) for door in self._doors]
        longest = max(len(grpc), len(http))
        return [way for place in range(longest) for way in (grpc[place % len(grpc)], http[place % len(http)])]

    async def _one(self, door: str, way: Throw, chance: Random) -> None:
        self._thrown.sent[door] += 1
        try:
            await way(chance)
        except UnansweredError as error:
            self._thrown.wrong.append(f"{door}: {error}")

    def _wrong(self, door: str, said: str) -> None:
        self._thrown.wrong.append(f"{door}: {said}")

    def _target(self, chance: Random) -> str:
        """A delivery that is under way, mostly."""
        alive = [one.life.delivery_id for one in self._records if one.started_at and one.ended_at is None]
        return chance.choice(alive) if alive and chance.random() < 0.9 else "nobody"

    def _start(self, kind: str) -> Throw:
        async def start(chance: Random) -> None:
            self._numbers += 1
            workflow_id, args = STARTS[kind].format(id=f"G{self._numbers}"), chance.choice(GARBAGE)

            async def once() -> None:
                try:
                    await send_start(self._client, TASK_QUEUE, args, kind, workflow_id)
                except RPCError as error:
                    if error.status is not RPCStatusCode.ALREADY_EXISTS:
                        raise

            await until_taken(once, f"start {workflow_id}")
            self._thrown.started.append(workflow_id)

        return start

    async def _order(self, chance: Random) -> None:
        """By update-with-start, which is to be told at once what is wrong."""
        self._numbers += 1
        order = {
            "delivery_id": f"G{self._numbers}",
            **chance.choice(({}, {"carrier": 7}, {"carrier": "acme", "promised": "soon"})),
        }

        async def once() -> str:
            try:
                await Deliveries(self._client, patience=20).start(order)
            except RefusedError as refused:
                return refused.type
            return "accepted"

        said = await until_taken(once, f"order {order['delivery_id']}")
        self._thrown.started.append(delivery_workflow_id(str(order["delivery_id"])))
        if said == "InvalidInput":
            self._thrown.refused += 1
        else:
            self._wrong("update-with-start", f"{order} was answered {said}")

    async def _signal(self, chance: Random) -> None:
        target, name, args = self._target(chance), chance.choice(SIGNALS), chance.choice(GARBAGE)
        request_id = f"garbage-{chance.getrandbits(64):x}"

        async def once() -> bool:
            try:
                await send_signal(self._client, delivery_workflow_id(target), name, args, request_id)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return False
                raise
            return True

        if await until_taken(once, f"signal {name} to {target}"):
            self._thrown.counted[target] += 1
        else:
            self._thrown.refused += 1

    async def _update(self, chance: Random) -> None:
        target, name, args = self._target(chance), chance.choice(ASKS), chance.choice(GARBAGE)
        update_id = f"garbage-{chance.getrandbits(64):x}"

        async def once() -> bool:
            try:
                outcome = await send_update(self._client, delivery_workflow_id(target), name, args, update_id)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return True
                raise
            if not outcome.WhichOneof("value"):
                raise TimeoutError  # the server waits no longer; the same update again
            return bool(outcome.HasField("failure"))

        await self._expect_refused(once, f"update {name}", target, args)

    async def _query(self, chance: Random) -> None:
        target, name, args = self._target(chance), chance.choice(QUERIES), chance.choice(GARBAGE)
        asked = QueryWorkflowRequest(
            namespace=self._client.namespace,
            execution=WorkflowExecution(workflow_id=delivery_workflow_id(target)),
            query=WorkflowQuery(query_type=name, query_args=Payloads(payloads=args)),
        )

        async def once() -> bool:
            try:
                await self._client.workflow_service.query_workflow(asked)
            except RPCError as error:
                if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
                    return True
                if error.status is RPCStatusCode.FAILED_PRECONDITION:  # nobody has polled for it yet
                    raise TimeoutError from None
                raise
            return name != "no_such_query"  # what a query is asked with is ignored where it needs nothing

        await self._expect_refused(once, f"query {name}", target, args)

    async def _expect_refused(self, once: Callable[[], Awaitable[bool]], what: str, target: str, args: Sequence[Payload]) -> None:
        if await until_taken(once, f"{what} to {target}"):
            self._thrown.refused += 1
        else:
            self._wrong(what, f"{[bytes(one.data)[:80] for one in args]} was not refused by {target}")

    def _call(self, door: Door) -> Throw:
        async def call(chance: Random) -> None:
            path = door.path(lambda name: self._target(chance) if name == "delivery_id" else chance.choice(PARTS_OF_PATHS))
            type, body = chance.choice(BODIES)
            headers = {"Content-Type": type}
            key = chance.choice(
                ("", "Bearer wrong-wrong-wrong-wrong", f"Bearer {API_KEY}" if door.takes_a_body else "Basic eDp5")
            )
            if key:
                headers["Authorization"] = key
            more = {"content": body} if door.takes_a_body else {}
            answer = await until_answered(self._gateway, door.method, path, headers=headers, **more)
            if _is_clear_refusal(answer):
                self._thrown.refused += 1
            else:
                self._wrong(
                    door.name,
                    f"{type} {body[:60]!r} at {path[:80]} with {key[:12]!r} was answered {answer.status_code} {answer.text[:120]!r}",
                )

        return call


def _is_clear_refusal(answer: Response) -> bool:
    """A status that blames the sender, and a body that says why."""
    sent_back = answer.status_code == 303 and answer.headers["location"].endswith(("said=empty", "said=stale"))
    return sent_back or (400 <= answer.status_code < 500 and len(answer.text) > 10)


async def stuck(client: Client, started: Sequence[str], patience_s: float = 30.0) -> list[str]:
    """The workflows that were started with garbage and did not fail with what was wrong."""
    found = []
    for workflow_id in started:
        handle = client.get_workflow_handle(workflow_id)
        if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
            found.append(f"{workflow_id} is still running")
            continue
        try:
            await asyncio.wait_for(handle.result(), patience_s)
        except WorkflowFailureError as failure:
            cause = failure.cause
            if not isinstance(cause, ApplicationError) or cause.type != "InvalidInput":
                found.append(f"{workflow_id} failed otherwise: {cause}")
        else:
            found.append(f"{workflow_id} took what it was sent")
    return found
