"""A stage for workflow tests: the real workflow and rules on a real server, with recorded deeds instead of mails and tickets."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Interceptor, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.admit import Admitting
from activities.load import Loading
from activities.look_out import LookingOut, NobodyKnows
from activities.record import Recording
from activities.registry import ACTIVITIES
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.copy import Admission, AdmitRequest, Admittance, DeliveryCopy
from domain.glimpse import Glimpse
from domain.guards import Answer, Disrupted, FeedState, Question
from domain.instant import Instant
from rules.book import Rulebook, canonical_json, sha256
from rules.outside import NOTHING_GIVEN, Outside
from rules.questions import asked
from workflows.client import Deliveries
from workflows.delivery import Delivery
from workflows.glimpses import Glimpsing
from workflows.guard import Guard
from workflows.rulebooks import SHELF
from workflows.runner import Runner

Script = Callable[[ActionRequest, int], ActionResult]
"""Request and how often this key was asked for -> what comes of it; may raise."""


def it_works(request: ActionRequest, times: int) -> ActionResult:
    return ActionResult(Outcome.DONE, "done")


@dataclass
class Recorder:
    """Does what actions ask for on paper, as the script says."""

    script: Script = it_works
    requests: list[ActionRequest] = field(default_factory=list)

    def done(self) -> list[str]:
        return [request.key for request in self.requests]

    def _play(self, request: ActionRequest) -> ActionResult:
        self.requests.append(request)
        return self.script(request, sum(kept.key == request.key for kept in self.requests))

    @activity.defn(name="notify")
    async def notify(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="open_ticket")
    async def open_ticket(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="update_ticket")
    async def update_ticket(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="solve_ticket")
    async def solve_ticket(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="reroute")
    async def reroute(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="reassign")
    async def reassign(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="reassign_route")
    async def reassign_route(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="ask_customer")
    async def ask_customer(self, request: ActionRequest) -> ActionResult:
        result = self._play(request)
        return asked(request, request.asked_at) if result.outcome is Outcome.DONE else result

    @activity.defn(name="ask_approver")
    async def ask_approver(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="request_new_attempt")
    async def request_new_attempt(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="hold_at_hub")
    async def hold_at_hub(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="change_to_pickup_point")
    async def change_to_pickup_point(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="return_to_sender")
    async def return_to_sender(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="call_webhook")
    async def call_webhook(self, request: ActionRequest) -> ActionResult:
        return self._play(request)

    @activity.defn(name="emit")
    async def emit(self, request: ActionRequest) -> ActionResult:
        return self._play(request)


@dataclass
class Paper:
    """Registry and copies in memory, with the store's rules, and every glimpse that was noted."""

    book: str
    copies: list[DeliveryCopy] = field(default_factory=list)
    glimpses: list[Glimpse] = field(default_factory=list)
    broken: int = 0
    slow_admissions: int = 0

    async def admit(self, request: AdmitRequest) -> Admission:
        if self.slow_admissions > 0:
            self.slow_admissions -= 1
            raise ConnectionError("the database is away")
        if request.draft.rulebook != "standard":
            return Admission(Admittance.UNKNOWN_RULEBOOK, known=("standard",))
        lives = [copy for copy in self.copies if copy.delivery_id == request.draft.delivery_id]
        mine = [copy for copy in lives if copy.run_id == request.draft.run_id]
        if mine:
            return Admission(Admittance.ADMITTED, mine[0].generation, self.book)
        if lives and lives[-1].finished_at is not None and not request.reopen:
            return Admission(Admittance.ALREADY_FINISHED)
        generation = lives[-1].generation + 1 if lives else 1
        self.copies.append(replace(request.draft, generation=generation, rulebook_version=self.book))
        return Admission(Admittance.ADMITTED, generation, self.book)

    async def load(self, version: str) -> None:
        SHELF.get(version)

    async def write(self, copy: DeliveryCopy) -> None:
        if self.broken > 0:
            self.broken -= 1
            raise ConnectionError("the database is away")
        self.copies.append(copy)


@dataclass
class Elsewhere:
    """What is outside the deliveries, in memory: the open disruptions by place, and feeds. `broken` times nobody answers; an
    answer takes `takes_s` seconds."""

    open_on: dict[str, tuple[Disrupted, ...]] = field(default_factory=dict)
    known_feeds: dict[str, FeedState] = field(default_factory=dict)
    parked: list[tuple[str, str]] = field(default_factory=list)
    groups: Outside = field(default_factory=lambda: Outside(NOTHING_GIVEN, ()))
    looks: int = 0
    broken: int = 0
    takes_s: float = 0

    async def feeds(self, names: Collection[str]) -> Mapping[str, FeedState]:
        self._look()
        return {name: self.known_feeds[name] for name in names if name in self.known_feeds}

    async def disruptions(self, places: Collection[str], at: Instant) -> Mapping[str, tuple[Disrupted, ...]]:
        self._look()
        await asyncio.sleep(self.takes_s)
        found = {place: self.open_on.get(place, ()) for place in places}
        return {place: tuple(one for one in there if one.until is None or at < one.until) for place, there in found.items()}

    async def park(self, feeds: Collection[str], delivery_id: str, at: Instant) -> None:
        self.parked += [(feed, delivery_id) for feed in feeds]

    async def join(self, question: Question, delivery_id: str, at: Instant) -> Answer:
        self._look()
        return self.groups.answer(question, at, delivery_id)

    async def leave(self, question: Question, delivery_id: str, at: Instant) -> Answer:
        return self.groups.answer(question, at, delivery_id)

    def _look(self) -> None:
        self.looks += 1
        if self.broken > 0:
            self.broken -= 1
            raise ConnectionError("the database is away")


@dataclass
class Herald:
    """In place of the workflow of a disruption: calls the group that has come together."""

    elsewhere: Elsewhere
    deliveries: Deliveries

    async def tell(self, place: str) -> None:
        called = sorted(self.elsewhere.groups.called)
        self.elsewhere.groups.called.clear()
        for delivery_id in called:
            with contextlib.suppress(LookupError):
                await self.deliveries.look_again(delivery_id)


@dataclass
class Stage:
    """What a test plays on."""

    client: Client
    queue: str
    deliveries: Deliveries
    recorder: Recorder
    paper: Paper
    book: str
    elsewhere: Elsewhere = field(default_factory=Elsewhere)

    async def start(self, **changes: Any) -> str:
        """Starts a delivery with a new id and returns it."""
        order = an_order(**changes)
        await self.deliveries.start(order)
        return str(order["delivery_id"])

    async def snapshot(self, delivery_id: str) -> dict[str, Any]:
        return await self.deliveries.query(delivery_id, "snapshot")

    async def until(self, delivery_id: str, holds: Callable[[dict[str, Any]], bool], within: float = 15) -> dict[str, Any]:
        """The first snapshot that fits; fails with the last one when there is none in time."""
        async with asyncio.timeout(within):
            while not holds(snapshot := await self.snapshot(delivery_id)):  # noqa: ASYNC110 - a query is the only way to know
                await asyncio.sleep(0.05)
        return snapshot


@asynccontextmanager
async def stage(
    client: Client,
    book: Rulebook,
    script: Script = it_works,
    queue: str | None = None,
    real: Mapping[str, Callable[..., Any]] | None = None,
    elsewhere: Elsewhere | None = None,
    beside: Sequence[type] = (),
    more: Sequence[Callable[..., Any]] = (),
    edition: int = 1,
    interceptors: Sequence[Interceptor] = (),
    held: Collection[str] = (),
) -> AsyncIterator[Stage]:
    """A worker with its own task queue, and everything around it. `real` are the activities of actions that are really done,
    `elsewhere` what is outside already, `beside` are other workflows, `more` their activities; `edition` is the worker's, and
    `held` are the patches that it holds back."""
    canonical = canonical_json(book)
    version = sha256(canonical)
    SHELF.put(version, canonical)
    queue = queue or f"test-{uuid.uuid4().hex[:8]}"
    recorder, paper, elsewhere = Recorder(script), Paper(version), elsewhere or Elsewhere()
    looking = LookingOut(elsewhere, NobodyKnows(), NobodyKnows(), elsewhere, Herald(elsewhere, Deliveries(client, queue)))
    deeds = [(real or {}).get(action) or getattr(recorder, action) for action in ACTIVITIES]
    runner = Runner(SandboxedWorkflowRunner())
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[Delivery, *beside],
        activities=[
            Admitting(paper, paper, edition).admit,
            Loading(paper, edition).load,
            Recording(paper).record,
            looking.look_out,
            *deeds,
            *more,
        ],
        interceptors=[Guard(), Glimpsing(paper.glimpses.append), *interceptors],
        workflow_runner=runner,
        patch_activation_callback=lambda asked: asked.patch_id not in held,
    )
    runner.belongs_to(worker)
    async with worker:
        yield Stage(client, queue, Deliveries(client, queue), recorder, paper, version, elsewhere)


def from_now(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


def an_order(**changes: Any) -> dict[str, Any]:
    order: dict[str, Any] = {
        "delivery_id": f"D-{uuid.uuid4().hex[:10]}",
        "carrier": "acme",
        "promised": {"end": from_now(hours=4)},
        "destination": {"timezone": "Europe/Helsinki"},
        "customer": {"name": "Aino", "email": "aino@example.test", "phone": "+358401234567"},
    }
    return {**order, **changes}


def an_event(kind: str, **fields: Any) -> Mapping[str, Any]:
    return {"event_id": uuid.uuid4().hex, "kind": kind, "occurred_at": from_now(), "source": "acme", **fields}


def a_status(status: str, **fields: Any) -> Mapping[str, Any]:
    return an_event("status", status=status, **fields)
