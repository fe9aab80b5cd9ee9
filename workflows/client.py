"""Speaking to deliveries from outside: connect, start, report, ask. For the command line, the gateway and tests."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    Interceptor,
    RPCTimeoutOrCancelledError,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.actions import ActionResult
from domain.event import Event
from domain.status import FINAL, IMPLIED_STATUS, Kind
from workflows.contract import (
    ANSWER,
    DELIVERY,
    LOOK_AGAIN,
    TASK_QUEUE,
    delivery_workflow_id,
)
from workflows.contract import problems_of as problems_of  # for the gateway, which reads forms too
from workflows.events import wire_event
from workflows.offers import as_it_ended
from workflows.orders import DeliveryOrder
from workflows.payloads import DATA_CONVERTER, UnreadableError
from workflows.words import order_label

UPDATES = (
    "acknowledge", "amend", "cancel", "claim", "confirm_availability", "correct", "decide", "instruct", "mute", "reassign",
    "reschedule", "resolve",
)  # fmt: skip
"""What people and programs may ask of a delivery, from the command line and over HTTP; docs/oms.md says what each is told."""

AnyHandle = WorkflowHandle[Any, Any]

REUSE = {
    False: WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    True: WorkflowIDReusePolicy.ALLOW_DUPLICATE,
}
"""By "reopen". A refused order may be sent again; a finished one stays what people see under its id, unless it is reopened."""

VERSIONS_A_QUERY = 50
"""How many versions one query of Temporal's visibility names."""

CANNOT_CONNECT = "cannot reach Temporal at {address}: {error}; is it running? `doorstep up` starts one here"
NOBODY_POLLS = "nobody polls the task queue {queue}; `doorstep up` or `doorstep worker` starts a worker"
NO_ANSWER = "no worker of the task queue {queue} answered within {seconds} s; is it still running? `doorstep doctor` says more"


class UnreachableError(ConnectionError):
    """Temporal, or a worker, cannot be reached; says where and what to do."""


class RefusedError(ValueError):
    """A delivery refused what was asked; `type` is one of the contract's error types, `problems` its details."""

    def __init__(self, message: str, type: str, problems: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.type = type
        self.problems = problems


async def connect(
    address: str | None = None,
    default: str = "localhost:7233",
    converter: DataConverter = DATA_CONVERTER,
    interceptors: Sequence[Interceptor] = (),
) -> Client:
    """A client to an address, or by the SDK's own configuration (TEMPORAL_ADDRESS, TEMPORAL_PROFILE, ...), else to the default."""
    target = address or default
    try:
        config = ClientConfig.load_client_connect_config()
        target = address or config.get("target_host") or default
        config["target_host"] = target
        return await Client.connect(**config, data_converter=converter, interceptors=interceptors)
    except (RuntimeError, OSError) as error:
        raise UnreachableError(CANNOT_CONNECT.format(address=target, error=_reason(error))) from None


class Deliveries:
    """The deliveries of one Temporal namespace."""

    def __init__(self, client: Client, task_queue: str = TASK_QUEUE, patience: float | None = None) -> None:
        """`patience`: seconds until what nobody answers raises UnreachableError; None waits for ever."""
        self._client = client
        self._task_queue = task_queue
        self._patience = patience

    def handle(self, delivery_id: str) -> AnyHandle:
        return self._client.get_workflow_handle(delivery_workflow_id(delivery_id))

    async def start(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Starts a delivery and waits until it says that it accepted the order; raises RefusedError otherwise.

        Sending the same order again joins the running delivery; another order under its id is refused as a Conflict.
        """
        operation: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            DELIVERY,
            order,
            id=delivery_workflow_id(str(order.get("delivery_id"))),
            task_queue=self._task_queue,
            static_summary=order_label(order),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=REUSE[bool(order.get("reopen"))],
        )
        try:
            accepted: dict[str, Any] = await self._answered(
                self._client.execute_update_with_start_workflow("accepted", {}, start_workflow_operation=operation)
            )
        except WorkflowUpdateFailedError as error:
            raise refused(error) from None
        except RPCError as error:
            raise unreachable(error) from None
        except WorkflowAlreadyStartedError:
            said = (
                f'delivery {order.get("delivery_id")} has ended; send it again with "reopen": true to begin its next generation'
            )
            raise RefusedError(said, "AlreadyFinished") from None
        if accepted["order_sha256"] != self._digest(order):
            said = f"{accepted['delivery_id']} is under way with another order, which stays in force; change it by amend and reschedule"
            raise RefusedError(said, "Conflict")
        return accepted

    def _digest(self, order: Mapping[str, Any]) -> str:
        """SHA-256 of the order as it is sent."""
        payload = self._client.data_converter.payload_converter.to_payloads([order])[0]
        return hashlib.sha256(payload.data).hexdigest()

    async def report(self, delivery_id: str, events: Sequence[Event | Mapping[str, Any]]) -> None:
        """Reports events in one signal; raises LookupError if the delivery is not running."""
        batch = {"events": [wire_event(event) if isinstance(event, Event) else event for event in events]}
        try:
            await self.handle(delivery_id).signal("report", batch)
        except RPCError as error:
            raise _not_running(error, delivery_id) from None

    async def answer(self, delivery_id: str, incident_id: str, key: str, result: ActionResult) -> None:
        """Tells a delivery what came of what it asked for by a key, see rules.requests; raises LookupError if it is not running."""
        events = [wire_event(event) for event in result.events]
        told = {"incident_id": incident_id, "key": key, "outcome": result.outcome.value, "note": result.note, "events": events}
        try:
            await self.handle(delivery_id).signal(ANSWER, told)
        except RPCError as error:
            raise _not_running(error, delivery_id) from None

    async def answer_offer(self, assignment_id: str, said: Mapping[str, Any], update_id: str | None = None) -> dict[str, Any]:
        """Answers an offer of an assignment (INCIDENT-NUMBER), once for each `update_id`. Of one that has ended the same answer
        again is answered as before. Raises RefusedError, which says why it comes too late, LookupError or UnreachableError.
        """
        handle: AnyHandle = self._client.get_workflow_handle(f"assignment-{assignment_id}")
        try:
            answer: dict[str, Any] = await self._answered(handle.execute_update("answer", said, id=update_id))
        except WorkflowUpdateFailedError as error:
            raise refused(error) from None
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise unreachable(error) from None
            ended = as_it_ended(await self.offers(assignment_id), said)
            if isinstance(ended, str):
                raise RefusedError(ended, "Conflict") from None
            return ended
        return answer

    async def offers(self, assignment_id: str) -> dict[str, Any]:
        """An assignment and how its offers stand. Raises LookupError or UnreachableError."""
        handle: AnyHandle = self._client.get_workflow_handle(f"assignment-{assignment_id}")
        try:
            told: dict[str, Any] = await self._answered(handle.query("snapshot"))
        except WorkflowQueryFailedError as error:
            raise LookupError(f"assignment {assignment_id}: {error.message}") from None
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise LookupError(f"there is no assignment {assignment_id}") from None
            raise unreachable(error) from None
        return told

    async def reopen(self, delivery_id: str, events: Sequence[Event | Mapping[str, Any]]) -> bool:
        """Begins the next generation of a delivery that has ended, if the events say that its end did not occur.

        It is told all that its last life knew, and the events; it is admitted when this returns. Raises LookupError if there never
        was such a delivery, RefusedError if it is not admitted.
        """
        told = [wire_event(event) if isinstance(event, Event) else event for event in events]
        life = await self.query(delivery_id, "history")
        if not _undoes_the_end(life["events"], told):
            return False
        try:
            await self._client.start_workflow(
                DELIVERY,
                {**life["order"], "reopen": True},
                id=delivery_workflow_id(delivery_id),
                task_queue=self._task_queue,
                static_summary=order_label(life["order"]),
                id_reuse_policy=REUSE[True],
                start_signal="report",
                start_signal_args=[{"events": [*life["events"], *told]}],
            )
        except WorkflowAlreadyStartedError:  # somebody else has begun it meanwhile
            await self.report(delivery_id, events)
        except RPCError as error:
            raise unreachable(error) from None
        await self.ask(delivery_id, "accepted", {})
        return True

    async def look_again(self, delivery_id: str) -> None:
        """Calls a delivery to look at its guards; raises LookupError if it is not running."""
        try:
            await self.handle(delivery_id).signal(LOOK_AGAIN)
        except RPCError as error:
            raise _not_running(error, delivery_id) from None

    async def ask(
        self, delivery_id: str, update: str, request: Mapping[str, Any], update_id: str | None = None
    ) -> dict[str, Any]:
        """Executes an update, once for each `update_id` if one is given; raises RefusedError, LookupError or UnreachableError."""
        try:
            call = self.handle(delivery_id).execute_update(update, request, id=update_id)
            answer: dict[str, Any] = await self._answered(call)
        except WorkflowUpdateFailedError as error:
            raise refused(error) from None
        except RPCError as error:
            raise _not_running(error, delivery_id) from None
        return answer

    async def watched_by(self, versions: Sequence[str]) -> AsyncIterator[str]:
        """The ids of the running deliveries under one of some versions of rulebooks, as Temporal lists them. Raises RPCError."""
        for start in range(0, len(versions), VERSIONS_A_QUERY):
            named = ", ".join(f"'{version[:12]}'" for version in versions[start : start + VERSIONS_A_QUERY])
            running = f"WorkflowType = '{DELIVERY}' AND ExecutionStatus = 'Running' AND TaskQueue = '{self._task_queue}'"
            async for found in self._client.list_workflows(f"{running} AND RulebookVersion IN ({named})"):
                yield found.id.removeprefix(delivery_workflow_id(""))

    async def query(self, delivery_id: str, query: str, request: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Asks for snapshot, timeline or why.

        Raises LookupError if there is no such delivery, or no such rule; UnreachableError if nobody answers.
        """
        try:
            answer: dict[str, Any] = await self._answered(self.handle(delivery_id).query(query, request or {}))
        except WorkflowQueryFailedError as error:
            raise LookupError(f"delivery {delivery_id}: {error.message}") from None
        except RPCError as error:
            raise _not_running(error, delivery_id) from None
        return answer

    async def _answered(self, call: Awaitable[Any]) -> Any:
        """The answer; raises UnreachableError, with who is missing, when it does not come in time."""
        try:
            async with asyncio.timeout(self._patience):
                return await call
        except UnreadableError as error:
            raise UnreachableError(str(error)) from None
        except (TimeoutError, RPCTimeoutOrCancelledError):
            if _is_cancelled():  # the SDK says the same of a call that took too long and of one that nobody waits for any more
                raise asyncio.CancelledError from None
            if self._patience is None:
                raise
        except RPCError as error:
            if error.status is not RPCStatusCode.FAILED_PRECONDITION:  # a query that finds no poller
                raise
        said = NO_ANSWER if await pollers(self._client, self._task_queue) else NOBODY_POLLS
        raise UnreachableError(said.format(queue=self._task_queue, seconds=self._patience))


def _undoes_the_end(known: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> bool:
    """Whether what is told (wire JSON) withdraws all that said that a delivery had ended."""
    finals = {event["event_id"] for event in known if (event["status"] or IMPLIED_STATUS.get(event["kind"])) in FINAL}
    withdrawn = {event["detail"]["event_id"] for event in (*known, *told) if event["kind"] == Kind.CORRECTION}
    return bool(finals) and finals <= withdrawn


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def pollers(client: Client, task_queue: str = TASK_QUEUE) -> int:
    """How many workers polled for workflows in the last minutes. Raises RPCError."""
    queue = TaskQueue(name=task_queue)
    kind = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    asked = DescribeTaskQueueRequest(namespace=client.namespace, task_queue=queue, task_queue_type=kind)
    return len((await client.workflow_service.describe_task_queue(asked)).pollers)


def check_order(order: Mapping[str, Any]) -> None:
    """Raises RefusedError "InvalidInput", as the delivery would, for an order that cannot be read."""
    try:
        DeliveryOrder.model_validate_json(json.dumps(order))
    except ValidationError as error:
        found = problems_of(error)
        raise RefusedError("the order cannot be read", "InvalidInput", found) from None


def refused(error: WorkflowUpdateFailedError) -> RefusedError:
    """The refusal in an update's failure."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        problems = cause.details[0] if cause.details else ()
        return RefusedError(cause.message, cause.type or "ApplicationError", problems)
    return RefusedError(str(cause), type(cause).__name__)


def _not_running(error: RPCError, delivery_id: str) -> Exception:
    if error.status is RPCStatusCode.NOT_FOUND:
        return LookupError(f"no delivery {delivery_id} is running")
    return unreachable(error)


def unreachable(error: RPCError) -> UnreachableError:
    """What Temporal answered, for people."""
    return UnreachableError(f"Temporal did not do what was asked: {_reason(error)} ({error.status.name})")


def _reason(error: BaseException) -> str:
    """The SDK's errors name every layer; people need the last."""
    said = str(error)
    known = {
        "UnknownIssuer": "its certificate is not signed by an authority that is known here; name the authority's file in"
        " TEMPORAL_TLS_SERVER_CA_CERT_PATH",
        "NotValidForName": "its certificate is for another name; give that in TEMPORAL_TLS_SERVER_NAME",
        "Expired": "its certificate has expired",
        "CertificateRequired": "it wants a certificate of ours: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH",
        "ConnectionRefused": "connection refused",
        "dns error": "unknown host",
        "timed out": "no answer in time",
    }
    return next(
        (words for sign, words in known.items() if sign in said), said.splitlines()[0][:200] if said else type(error).__name__
    )
