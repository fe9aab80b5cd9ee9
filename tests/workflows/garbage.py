"""What no workflow can use, and a way to send it that no SDK would let through: payloads as they go over the wire."""

import uuid
from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import (
    SignalWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    UpdateWorkflowExecutionRequest,
)
from temporalio.client import Client

from workflows.contract import DELIVERY, delivery_workflow_id

JSON = {"encoding": b"json/plain"}

NULL = Payload(metadata={"encoding": b"binary/null"})
BINARY = Payload(metadata={"encoding": b"binary/plain"}, data=b"\x00\xff\x80")
PROTO = Payload(metadata={"encoding": b"json/protobuf", "messageType": b"nope.Nope"}, data=b"{}")
UNKNOWN = Payload(metadata={"encoding": b"who/knows"}, data=b"{}")
BARE = Payload(data=b"{}")
EMPTY = Payload(metadata=JSON, data=b"")
NOT_JSON = Payload(metadata=JSON, data=b"{oops")
NOT_UTF8 = Payload(metadata=JSON, data=b'{"delivery_id": "\xff\xfe"}')
HUGE = Payload(metadata=JSON, data=b'{"x": "' + b"a" * 300_000 + b'"}')
DEEP = Payload(metadata=JSON, data=b"[" * 5_000 + b"]" * 5_000)
OBJECT = Payload(metadata=JSON, data=b"{}")
LIST = Payload(metadata=JSON, data=b"[1, 2]")
NUMBER = Payload(metadata=JSON, data=b"1e999")
WORD = Payload(metadata=JSON, data=b'"report"')
NONE = Payload(metadata=JSON, data=b"null")
HALF = Payload(metadata=JSON, data=b'{"delivery_id": "D-1", "carrier": 7, "promised": {"end": "tomorrow"}}')
KINDLESS = Payload(
    metadata=JSON, data=b'{"event_id": "e", "kind": "miracle", "occurred_at": "2026-11-23T08:04:00+02:00", "source": "a"}'
)
NAIVE = Payload(metadata=JSON, data=b'{"event_id": "e", "kind": "scan", "occurred_at": "2026-11-23T08:04:00", "source": "a"}')
FAR = Payload(metadata=JSON, data=b'{"event_id": "e", "kind": "scan", "occurred_at": "2099-12-31T23:59:59Z", "source": "a"}')
BATCH = Payload(metadata=JSON, data=b'{"events": 5}')
EVENT = b'"event_id": "e", "source": "a", "occurred_at": "2026-11-23T08:04:00+02:00", '
YEAR_ONE = Payload(
    metadata=JSON, data=b'{"event_id": "e", "source": "a", "kind": "scan", "occurred_at": "0001-01-01T00:00:00+14:00"}'
)
ETA_9999 = Payload(metadata=JSON, data=b"{" + EVENT + b'"kind": "eta", "eta": "9999-12-31T23:59:59-12:00"}')
MOVED_9999 = Payload(
    metadata=JSON, data=b"{" + EVENT + b'"kind": "promise_changed", "detail": {"end": "9999-12-31T23:59:59-12:00"}}'
)
HOT = Payload(metadata=JSON, data=b"{" + EVENT + b'"kind": "sensor", "detail": {"name": "t", "value": "1e20000", "unit": "C"}}')
WORDY = Payload(metadata=JSON, data=b"{" + EVENT + b'"kind": "note", "detail": {"text": "' + b"a" * 20_000 + b'"}}')
ORDER = b'"delivery_id": "D-1", "carrier": "a", "destination": {"timezone": "UTC"}, '
PROMISED_1 = Payload(metadata=JSON, data=b"{" + ORDER + b'"promised": {"end": "0001-01-01T00:00:00+14:00"}}')
HOT_PARCEL = Payload(
    metadata=JSON,
    data=b"{" + ORDER + b'"promised": {"end": "2030-01-01T00:00:00Z"}, '
    b'"parcels": [{"parcel_id": "P", "temperature_c": {"min": "1e300000"}}]}',
)

GARBAGE: tuple[Sequence[Payload], ...] = (
    (), (NULL,), (BINARY,), (PROTO,), (UNKNOWN,), (BARE,), (EMPTY,), (NOT_JSON,), (NOT_UTF8,), (HUGE,), (DEEP,), (OBJECT,),
    (LIST,), (NUMBER,), (WORD,), (NONE,), (HALF,), (KINDLESS,), (NAIVE,), (BATCH,), (YEAR_ONE,), (ETA_9999,), (MOVED_9999,),
    (HOT,), (WORDY,), (PROMISED_1,), (HOT_PARCEL,), (OBJECT, OBJECT), (OBJECT, UNKNOWN),
    (UNKNOWN, BARE, NULL), (NULL, NULL), (BINARY, OBJECT),
)  # fmt: skip
"""Argument lists that are no order, no event and no request."""

UPDATES = (
    "accepted", "amend", "reschedule", "cancel", "acknowledge", "claim", "resolve", "correct", "mute", "decide", "reassign",
    "adopt_rulebook", "confirm_availability", "instruct", "no_such_update",
)  # fmt: skip


async def send_start(
    client: Client,
    queue: str,
    args: Sequence[Payload],
    type: str = DELIVERY,
    workflow_id: str | None = None,
    request_id: str | None = None,
) -> str:
    """Starts a workflow; the id of a delivery of its own unless another one is given. The same `request_id` is the same start."""
    workflow_id = workflow_id or delivery_workflow_id(f"G-{uuid.uuid4().hex[:10]}")
    await client.workflow_service.start_workflow_execution(
        StartWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name=type),
            task_queue=TaskQueue(name=queue),
            input=Payloads(payloads=args),
            request_id=request_id or uuid.uuid4().hex,
        )
    )
    return workflow_id


async def send_signal(
    client: Client, workflow_id: str, name: str, args: Sequence[Payload], request_id: str | None = None
) -> None:
    """The same `request_id` is the same signal, however often it is sent."""
    await client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            signal_name=name,
            input=Payloads(payloads=args),
            request_id=request_id or uuid.uuid4().hex,
        ),
        retry=True,  # as every SDK does: while a run goes on as new, the server asks to come again
    )


async def send_update(client: Client, workflow_id: str, name: str, args: Sequence[Payload], update_id: str | None = None) -> Any:
    """The outcome of the update; waits until it is completed, or until the server waits no longer."""
    response = await client.workflow_service.update_workflow_execution(
        UpdateWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            wait_policy=WaitPolicy(lifecycle_stage=3),  # type: ignore[arg-type]
            request=Request(
                meta=Meta(update_id=update_id or uuid.uuid4().hex), input=Input(name=name, args=Payloads(payloads=args))
            ),
        ),
        retry=True,
    )
    return response.outcome


async def failed_tasks(client: Client, workflow_id: str) -> int:
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    return sum(event.HasField("workflow_task_failed_event_attributes") for event in history.events)
