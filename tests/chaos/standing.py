"""Workflows of every type that stand through the storm so that garbage can be thrown at them, and are looked at and ended after it.

The deliveries of the storm are thrown at as they are; of the other types there is one each: a route and a feed of nobody, a disruption
on no hub, and an assignment whose offer stays unanswered.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from domain.actions import ActionRequest
from domain.assignment import AssignmentRequest
from domain.instant import DAY, HOUR, iso, moment
from domain.order import Customer, Destination
from tests.chaos.trying import until_taken
from workflows.client import Deliveries
from workflows.clock import wall_clock
from workflows.contract import (
    ASSIGNMENT,
    DISRUPTION,
    FEED,
    ROUTE,
    TASK_QUEUE,
    WITHDRAW,
    assignment_workflow_id,
    delivery_workflow_id,
    disruption_workflow_id,
    feed_workflow_id,
    route_workflow_id,
)

NAME = "STORM"
DELIVERY_ID = "STORM-1"
"""The delivery that the assignment is about. It is in no count but that of tasks, and of what is left waiting."""

INCIDENT_ID = f"{DELIVERY_ID}-1-standing"


@dataclass(frozen=True, slots=True)
class Standing:
    """A workflow that stands. `withdraws`: it ends when it is told so, the others when they are cancelled."""

    kind: str
    workflow_id: str
    argument: Any
    withdraws: bool = False


def standing() -> tuple[Standing, ...]:
    """One of each type but Delivery."""
    now = wall_clock()
    day = moment(now).date().isoformat()
    route = {"route_id": NAME, "service_date": day, "ends_at": iso(now + DAY)}
    hub = {"scope": "hub", "key": NAME, "declared_by": "storm", "acted_on": True}
    return (
        Standing(ROUTE, route_workflow_id(NAME, day), route),
        Standing(DISRUPTION, disruption_workflow_id("hub", NAME), hub),
        Standing(FEED, feed_workflow_id(NAME), {"source": NAME, "cadence_seconds": 3_600}),
        Standing(ASSIGNMENT, assignment_workflow_id(INCIDENT_ID, 1), _assignment(), withdraws=True),
    )


def _assignment() -> AssignmentRequest:
    request = ActionRequest(
        key=f"{INCIDENT_ID}/0",
        incident_id=INCIDENT_ID,
        rule="standing",
        says="Somebody else is asked",
        severity="low",
        delivery_id=DELIVERY_ID,
        generation=1,
        args={"to": ["backup_carrier"], "accept_within": HOUR},
        customer=Customer(),
        destination=Destination("Europe/Helsinki"),
        carrier="other",
        asked_at=wall_clock(),
    )
    return AssignmentRequest(request, 1, delivery_workflow_id(DELIVERY_ID))


class Standers:
    """Starts them, asks them what they have counted, and ends them. `client` need not know the storm's lines."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._deliveries = Deliveries(client, patience=20)
        self.all: Sequence[Standing] = standing()

    @property
    def ids(self) -> Mapping[str, str]:
        """Workflow type -> workflow id."""
        return {one.kind: one.workflow_id for one in self.all}

    async def begin(self) -> None:
        """Returns when each of them answers, and the offer of the assignment was made."""
        order = {
            "delivery_id": DELIVERY_ID,
            "carrier": "other",
            "promised": {"end": iso(wall_clock() + DAY)},
            "destination": {"timezone": "Europe/Helsinki"},
        }
        await until_taken(lambda: self._deliveries.start(order), f"the order of {DELIVERY_ID}")
        for one in self.all:
            await until_taken(self._starting(one), f"start {one.workflow_id}")
        offered = self._handle(self.ids[ASSIGNMENT])
        await until_taken(lambda: _has_offered(offered), f"the offer of {self.ids[ASSIGNMENT]}")

    def _starting(self, one: Standing) -> Callable[[], Awaitable[Any]]:
        return lambda: self._client.start_workflow(
            one.kind,
            one.argument,
            id=one.workflow_id,
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )

    async def rejected(self) -> Mapping[str, int]:
        """Workflow id -> how many signals it could not read."""
        return {one.workflow_id: await self._rejected(one.workflow_id) for one in self.all}

    async def _rejected(self, workflow_id: str) -> int:
        told = await until_taken(lambda: self._handle(workflow_id).query("snapshot"), f"the snapshot of {workflow_id}")
        return int(told["rejected"]["count"])

    async def end(self) -> None:
        for one in self.all:
            handle = self._handle(one.workflow_id)
            await until_taken(lambda one=one, handle=handle: _ended(one, handle), f"the end of {one.workflow_id}")  # type: ignore[misc]
        cancel = {"by": "storm"}
        await until_taken(lambda: self._deliveries.ask(DELIVERY_ID, "cancel", cancel, "storm"), f"the end of {DELIVERY_ID}")

    def _handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id)


async def _has_offered(assignment: WorkflowHandle[Any, Any]) -> None:
    """Raises TimeoutError while nobody was asked yet."""
    if [offer["state"] for offer in (await assignment.query("snapshot"))["offers"]] != ["offered"]:
        raise TimeoutError


async def _ended(one: Standing, handle: WorkflowHandle[Any, Any]) -> None:
    await (handle.signal(WITHDRAW, {"reason": "the storm is over"}) if one.withdraws else handle.cancel())
