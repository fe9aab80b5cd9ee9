"""`doorstep purge` and `doorstep erase`: what is old, and what is known of a person, is taken out of the store and of Temporal."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from cli.command import FINDINGS, FINE, as_json
from cli.connection import client_of
from domain.instant import DAY, Instant, instant
from settings import Settings, SettingsError
from store.database import Database
from store.forgetting import Forgetting, Reference
from store.persons import Person, Persons, RefusedOrder, full_number
from workflows.clock import wall_clock
from workflows.contract import delivery_workflow_id

A_BATCH = 50
"""Deliveries in one transaction, and in one query of Temporal's visibility."""

NOTHING_SET = (
    "nothing says how long to keep: set DOORSTEP_KEEP_DAYS or DOORSTEP_KEEP_PERSONAL_DAYS, or give --before or --personal-before"
)


@dataclass
class Erased:
    """What came of one delivery. `elsewhere`: what others keep, by their ids; `waits`: why it could not be erased yet.

    `is_order_only`: the delivery is of somebody else, and only an order of the person that it refused is erased.
    """

    delivery_id: str
    waits: str | None = None
    histories: int = 0
    elsewhere: list[Reference] = field(default_factory=list)
    is_order_only: bool = False


async def purge(settings: Settings, before: str | None, personal_before: str | None, dry: bool, format: str) -> int:
    """Takes out what ended before the days of the settings, or those that are given. Raises SettingsError, UnreachableError, StoreError."""
    now = wall_clock()
    rows = _until(before, settings.keep_days, now)
    persons = _until(personal_before, settings.keep_personal_days, now)
    if rows is None and persons is None:
        raise SettingsError(NOTHING_SET)
    client = await client_of(settings)
    async with Database(settings.database_url) as database:
        forgetting = Forgetting(database)
        dropped = 0 if rows is None else await _dropped(forgetting, client, rows, dry)
        anonymised = 0 if persons is None else await _anonymised(forgetting, client, persons, dry)
    if format == "json":
        print(as_json({"deleted": dropped, "anonymised": anonymised, "dry_run": dry}))
    else:
        print(f"{'would be ' if dry else ''}deleted: {dropped} deliveries; {'would be ' if dry else ''}anonymised: {anonymised}")
    return FINE


def _until(told: str | None, days: int | None, now: Instant) -> Instant | None:
    if told is not None:
        try:
            return min(instant(datetime.combine(date.fromisoformat(told), time(), UTC)), now)
        except ValueError:
            raise SettingsError(f"{told!r} is no day; give one such as 2026-11-23") from None
    return None if days is None else now - days * DAY


async def _dropped(forgetting: Forgetting, client: Client, before: Instant, dry: bool) -> int:
    """Rows go when Temporal has no history of the delivery any more: as long as it has, it can be looked at and reopened."""
    count, last = 0, ""
    while ids := await forgetting.ended(before, after_id=last, limit=A_BATCH):
        last = ids[-1]
        kept = await _known_to_temporal(client, ids, running=False)
        if going := [id for id in ids if id not in kept]:
            count += len(going)
            if not dry:
                await forgetting.drop(going)
    if not dry:
        await forgetting.drop_strays(before)
    return count


async def _anonymised(forgetting: Forgetting, client: Client, before: Instant, dry: bool) -> int:
    count, last = 0, ""
    while ids := await forgetting.ended(before, after_id=last, limit=A_BATCH, with_persons=True):
        last = ids[-1]
        running = await _known_to_temporal(client, ids, running=True)
        if going := [id for id in ids if id not in running]:
            count += len(going)
            if not dry:
                await forgetting.anonymise(going)
    if not dry:
        await forgetting.drop_strays(before)
    return count


async def _known_to_temporal(client: Client, ids: Sequence[str], *, running: bool) -> frozenset[str]:
    """Which of the deliveries Temporal still has a history of, or only one that runs."""
    names = {delivery_workflow_id(id): id for id in ids}
    query = f"WorkflowId IN ({', '.join(repr(name) for name in names)})" + (" AND ExecutionStatus = 'Running'" if running else "")
    return frozenset([names[found.id] async for found in client.list_workflows(query)])


async def erase(settings: Settings, email: str | None, phone: str | None, delivery: str | None, format: str) -> int:
    """Erases what is known of a person; 1 if something has to wait. Raises SettingsError, LookupError, UnreachableError, StoreError."""
    person = _person(email, phone)
    if not (person or delivery):
        raise SettingsError("say whom to forget: --email, --phone or --delivery")
    client = await client_of(settings)
    async with Database(settings.database_url) as database:
        forgetting = Forgetting(database)
        ids, orders = ((delivery,), ()) if delivery else await Persons(database).look_up(person or Person())
        told = [await _erased(forgetting, client, id) for id in ids] + [await _unordered(forgetting, order) for order in orders]
    _tell(told, format)
    return FINDINGS if any(one.waits for one in told) else FINE


def _person(email: str | None, phone: str | None) -> Person | None:
    """Whom to look for; None if nobody is named. Raises SettingsError, since what is no address would be that of all who have none."""
    number = None if phone is None else full_number(phone)
    if phone is not None and number is None:
        raise SettingsError(f"--phone {phone!r} is no full number; give it with the prefix of its country, such as +358401234567")
    if email is not None and "@" not in email:
        raise SettingsError(f"--email {email!r} is no mail address; give one such as aino@example.com")
    return Person(email, number) if email or number else None


async def _unordered(forgetting: Forgetting, order: RefusedOrder) -> Erased:
    if not order.is_handed_on:
        return Erased(order.delivery_id, waits="an order for it has not been handed on", is_order_only=True)
    await forgetting.drop_orders([order.entry])
    return Erased(order.delivery_id, is_order_only=True)


async def _erased(forgetting: Forgetting, client: Client, delivery_id: str) -> Erased:
    waits = await forgetting.waits_for(delivery_id)
    names = (delivery_workflow_id(delivery_id), *(await _assignments(forgetting, client, delivery_id)))
    runs = [run for name in names for run in await _runs(client, name)]
    if waits is None and (open_ones := sorted({id for id, _, is_open in runs if is_open})):
        waits = f"{open_ones[0]} is still running"
    if waits is not None:
        return Erased(delivery_id, waits=waits)
    elsewhere = list(await forgetting.elsewhere(delivery_id))
    # Histories first: what names them is in the store, and a run that was cut off is finished by running it again.
    for id, run_id, _ in runs:
        await _delete(client, id, run_id)
    await forgetting.anonymise([delivery_id])
    return Erased(delivery_id, histories=len(runs), elsewhere=elsewhere)


async def _assignments(forgetting: Forgetting, client: Client, delivery_id: str) -> list[str]:
    """The offers that were made for a delivery are workflows of their own."""
    found: set[str] = set()
    for incident_id in await forgetting.incidents_of(delivery_id):
        query = f"WorkflowId STARTS_WITH 'assignment-{incident_id}-'"
        found |= {one.id async for one in client.list_workflows(query)}
    return sorted(found)


async def _runs(client: Client, id: str) -> list[tuple[str, str, bool]]:
    """Every run of a workflow id that Temporal has: id, run, whether it is open. The newest is asked for, not looked up in a list."""
    try:
        newest = await client.get_workflow_handle(id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return []
    listed = {one.run_id: one.status async for one in client.list_workflows(f"WorkflowId = {id!r}")}
    listed[newest.run_id] = newest.status
    return [(id, run_id, status is WorkflowExecutionStatus.RUNNING) for run_id, status in listed.items() if run_id]


async def _delete(client: Client, id: str, run_id: str) -> None:
    execution = WorkflowExecution(workflow_id=id, run_id=run_id)
    asked = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    try:
        await client.workflow_service.delete_workflow_execution(asked)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # an earlier try deleted it
            raise


def _tell(told: Sequence[Erased], format: str) -> None:
    if format == "json":
        rows: list[dict[str, Any]] = [asdict(one) for one in told]
        print(as_json({"deliveries": rows}))
        return
    if not told:
        print("nothing is known of this person")
    for one in told:
        if one.waits:
            print(f"{one.delivery_id}: waits, {one.waits}; run this again when it has")
            continue
        if one.is_order_only:
            print(f"{one.delivery_id}: is of somebody else; an order of this person that it refused is erased")
            continue
        print(f"{one.delivery_id}: erased, and {one.histories} histories deleted")
        for left in one.elsewhere:
            print(f"    kept by others, who have to be asked: {left.action} {left.reference}")
