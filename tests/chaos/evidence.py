"""What is left when the storm is over: the workflows' own answers, their histories, the store, and what really arrived."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import func, select
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from domain.copy import DeliveryCopy
from store.copies import Effect
from store.deliveries import Deliveries as Copies
from store.events import Events
from store.tables import inbox
from store.tickets import Desk
from tests.chaos import standing, vans
from tests.chaos.parts import Parts
from tests.chaos.replaying import Replay, replay_of
from tests.chaos.senders import Record
from tests.chaos.trying import until_taken

AT_ONCE = 8

HARMLESS = {
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_STICKY_TASK_QUEUE,
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
}
"""Why Temporal has a task done again although nothing is wrong with it: a signal came while it was being answered, a worker is gone."""

Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Watched:
    """One delivery, as it answers for itself, and as the store has it."""

    record: Record
    snapshot: Mapping[str, Any]
    history: Mapping[str, Any]
    copy: DeliveryCopy | None
    after_close: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Workflows:
    """Workflows by id: those that fail tasks, those that are still open, those with an activity under way or a task tried again."""

    seen: int
    failing: Mapping[str, str]
    open: tuple[str, ...]
    busy: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrived:
    """(kind, delivery) -> the ids under which something came: Message-ID, SID, ticket id, webhook-id. The same id twice is one."""

    ids: Mapping[tuple[str, str], frozenset[str]]
    again: int
    """How many came again under the same id, which is allowed."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it."""

    watched: Sequence[Watched]
    workflows: Workflows
    effects: Sequence[Effect]
    arrived: Arrived
    pending: int
    """Rows of the inbox that have not been handed on."""
    replay: Replay


async def gathered(parts: Parts, records: Sequence[Record]) -> Evidence:
    """Asks everybody, without the lines that are cut."""
    return Evidence(
        watched=await side_by_side(records, lambda record: _watched(parts, record)),
        workflows=await workflows_of(parts),
        effects=await Copies(parts.database).effects(limit=1_000_000),
        arrived=await _arrived(parts),
        pending=await pending_in_inbox(parts),
        replay=await replay_of(parts),
    )


async def side_by_side(items: Iterable[Item], work: Callable[[Item], Awaitable[Found]]) -> list[Found]:
    """A few at a time, in order."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(item: Item) -> Found:
        async with turn:
            return await work(item)

    return list(await asyncio.gather(*map(one, items)))


async def _watched(parts: Parts, record: Record) -> Watched:
    delivery_id, ask = record.life.delivery_id, parts.deliveries.query
    return Watched(
        record=record,
        snapshot=await until_taken(lambda: ask(delivery_id, "snapshot"), f"the snapshot of {delivery_id}"),
        history=await until_taken(lambda: ask(delivery_id, "history"), f"the history of {delivery_id}"),
        copy=await Copies(parts.database).latest(delivery_id),
        after_close=await Events(parts.database).after_close(delivery_id),
    )


async def pending_in_inbox(parts: Parts) -> int:
    async with parts.database.reading() as connection:
        query = select(func.count()).select_from(inbox).where(inbox.c.handed_at.is_(None))
        return int((await connection.execute(query)).scalar_one())


async def workflows_of(parts: Parts) -> Workflows:
    """Every workflow that there is, and what is wrong with it."""
    client = parts.client
    listed = [found async for found in client.list_workflows("")]
    running = [found.id for found in listed if found.status is WorkflowExecutionStatus.RUNNING]
    failing = await side_by_side(listed, lambda found: _failing(client, found.id, found.run_id))
    reported = [found.id async for found in client.list_workflows('TemporalReportedProblems IN ("category=WorkflowTaskFailed")')]
    told = {found.id: why for found, why in zip(listed, failing, strict=True) if why}
    busy = await side_by_side(running, lambda workflow_id: _busy(client, workflow_id))
    return Workflows(
        seen=len(listed),
        failing={**dict.fromkeys(reported, "reported by Temporal"), **told},
        open=tuple(running),
        busy=tuple(filter(None, busy)),
    )


async def _failing(client: Client, workflow_id: str, run_id: str) -> str:
    history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
    failed = [
        one.workflow_task_failed_event_attributes
        for one in history.events
        if one.HasField("workflow_task_failed_event_attributes")
    ]
    wrong = [one for one in failed if one.cause not in HARMLESS]
    return f"{WorkflowTaskFailedCause.Name(wrong[0].cause)}: {wrong[0].failure.message[:200]}" if wrong else ""


async def _busy(client: Client, workflow_id: str) -> str:
    described = (await client.get_workflow_handle(workflow_id).describe()).raw_description
    activities = [f"{one.activity_type.name} try {one.attempt}" for one in described.pending_activities]
    tries = described.pending_workflow_task.attempt if described.HasField("pending_workflow_task") else 0
    said = [*activities, *([f"task try {tries}"] if tries > 1 else [])]
    return f"{workflow_id}: {', '.join(said)}" if said else ""


async def _arrived(parts: Parts) -> Arrived:
    came: list[tuple[str, str, str]] = []
    came += [("email", mail.effect.partition("/")[0], mail.message_id) for mail in parts.mail.mails]
    came += [("sms", delivery_of(text.to), text.sid) for text in parts.twilio.messages]
    tickets = await Desk(parts.database).tickets(limit=1_000_000)
    came += [("ticket", ticket.delivery_id, str(ticket.ticket_id)) for ticket in tickets]
    came += [
        (call.json["type"], call.json["data"]["delivery"]["delivery_id"], call.headers["webhook-id"])
        for call in (*parts.order_system.calls, *parts.stand_in.calls)
        if call.json["data"]["delivery"]["delivery_id"] != standing.DELIVERY_ID
    ]
    came += [("plan", delivery_id, version) for delivery_id, version in await vans.new_plans(parts.database)]
    ids: dict[tuple[str, str], set[str]] = {}
    for kind, delivery_id, id in came:
        ids.setdefault((kind, delivery_id), set()).add(id)
    distinct = Counter(came)
    return Arrived({key: frozenset(found) for key, found in ids.items()}, sum(distinct.values()) - len(distinct))


def delivery_of(number: str) -> str:
    """Whose number it is, see Life.phone."""
    return f"C-{int(number.removeprefix('+35840')) - 2_000_000:05}"


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
