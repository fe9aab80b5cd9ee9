"""An order system without any SDK: gRPC from Temporal's public .proto files. It plays one delivery and prints each answer.

pip install grpcio grpcio-tools; git clone --depth 1 https://github.com/temporalio/api; sh compile.sh
PYTHONPATH=pb python oms.py [delivery id]. TEMPORAL_ADDRESS says where Temporal is; without it it is the one of `doorstep up`.
"""

import json
import os
import sys
import time
import uuid
from pathlib import Path

import grpc
from temporal.api.common.v1.message_pb2 import Payload, Payloads, WorkflowExecution, WorkflowType
from temporal.api.enums.v1 import update_pb2, workflow_pb2
from temporal.api.errordetails.v1.message_pb2 import MultiOperationExecutionFailure, WorkflowExecutionAlreadyStartedFailure
from temporal.api.query.v1.message_pb2 import WorkflowQuery
from temporal.api.taskqueue.v1.message_pb2 import TaskQueue
from temporal.api.update.v1.message_pb2 import Input, Meta, Request, WaitPolicy
from temporal.api.workflowservice.v1 import request_response_pb2 as wire
from temporal.api.workflowservice.v1.service_pb2_grpc import WorkflowServiceStub

PAYLOADS = Path(__file__).parents[1] / "payloads"
NAMESPACE = os.environ.get("TEMPORAL_NAMESPACE", "default")
COMPLETED = WaitPolicy(lifecycle_stage=update_pb2.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED)
PATIENCE = 30  # seconds for one call


class Refused(Exception):
    """Doorstep said no: `type` is one of its error types, `problems` a list of {loc, msg, type}."""

    def __init__(self, type, problems):
        super().__init__(f"{type}: {problems}")
        self.type, self.problems = type, problems


def sent(text):
    """One argument. Without `encoding` it would not be read."""
    return Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=text.encode())])


def read(payloads):
    return json.loads(payloads.payloads[0].data)


def refused(failure):
    told = failure.application_failure_info
    problems = read(told.details) if told.details.payloads else [{"loc": "", "msg": failure.message, "type": ""}]
    return Refused(told.type, problems)


def starting(order):
    """`order` is JSON text. The server starts once for each request_id: send the same one when you do not know whether it came."""
    said = json.loads(order)
    reuse = "ALLOW_DUPLICATE" if said.get("reopen") else "ALLOW_DUPLICATE_FAILED_ONLY"
    return wire.StartWorkflowExecutionRequest(
        namespace=NAMESPACE,
        workflow_id=f"delivery-{said['delivery_id']}",
        workflow_type=WorkflowType(name="Delivery"),
        task_queue=TaskQueue(name="deliveries"),
        input=sent(order),
        request_id=str(uuid.uuid4()),
        workflow_id_conflict_policy=workflow_pb2.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
        workflow_id_reuse_policy=workflow_pb2.WorkflowIdReusePolicy.Value(f"WORKFLOW_ID_REUSE_POLICY_{reuse}"),
    )


def updating(delivery_id, name, request, key):
    """An update with a `key` of yours is done once, however often it is sent."""
    return wire.UpdateWorkflowExecutionRequest(
        namespace=NAMESPACE,
        workflow_execution=WorkflowExecution(workflow_id=f"delivery-{delivery_id}"),
        wait_policy=COMPLETED,
        request=Request(meta=Meta(update_id=key), input=Input(name=name, args=sent(request))),
    )


def start(temporal, order):
    """Succeeds whatever the order says: a wrong one ends as a failed workflow a moment later."""
    temporal.StartWorkflowExecution(starting(order), timeout=PATIENCE)


def accepted(temporal, order):
    """Starts, and waits until the order is accepted or refused. To send the same order again is safe."""
    delivery_id = json.loads(order)["delivery_id"]
    asked = updating(delivery_id, "accepted", "{}", str(uuid.uuid4()))
    operation = wire.ExecuteMultiOperationRequest.Operation
    both = [operation(start_workflow=starting(order)), operation(update_workflow=asked)]
    request = wire.ExecuteMultiOperationRequest(namespace=NAMESPACE, operations=both, resource_id=f"delivery-{delivery_id}")
    try:
        told = temporal.ExecuteMultiOperation(request, timeout=PATIENCE).responses[1].update_workflow
    except grpc.RpcError as error:
        if not has_ended(error):
            raise
        said = f"delivery {delivery_id} has ended; to begin its next generation set reopen"
        raise Refused("AlreadyFinished", [{"loc": "", "msg": said, "type": "AlreadyFinished"}]) from None
    return outcome(temporal, asked, told)


def has_ended(error):
    """Whether Temporal refused the start because a workflow of this id has completed."""
    status = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    return MultiOperationExecutionFailure.DESCRIPTOR.full_name.encode() in status and (
        WorkflowExecutionAlreadyStartedFailure.DESCRIPTOR.full_name.encode() in status
    )


def report(temporal, delivery_id, event, event_id):
    """One event or a batch. Its event_id makes it count once; as request_id the server itself drops what comes again."""
    request = wire.SignalWorkflowExecutionRequest(
        namespace=NAMESPACE,
        workflow_execution=WorkflowExecution(workflow_id=f"delivery-{delivery_id}"),
        signal_name="report",
        input=sent(event),
        request_id=event_id,
    )
    temporal.SignalWorkflowExecution(request, timeout=PATIENCE)


def update(temporal, delivery_id, name, request, key):
    """`reschedule`, `cancel` and so on."""
    asked = updating(delivery_id, name, request, key)
    return outcome(temporal, asked, temporal.UpdateWorkflowExecution(asked, timeout=PATIENCE))


def outcome(temporal, asked, told):
    """Waits for the answer: while no worker is there the server comes back without one, and is asked again."""
    while not told.HasField("outcome"):
        poll = wire.PollWorkflowExecutionUpdateRequest(namespace=NAMESPACE, update_ref=told.update_ref, wait_policy=COMPLETED)
        try:
            told = temporal.PollWorkflowExecutionUpdate(poll, timeout=PATIENCE)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
            told = temporal.UpdateWorkflowExecution(asked, timeout=PATIENCE)  # it was not taken up yet: send it again
    if told.outcome.HasField("failure"):
        raise refused(told.outcome.failure)
    return read(told.outcome.success)


def snapshot(temporal, delivery_id):
    request = wire.QueryWorkflowRequest(
        namespace=NAMESPACE,
        execution=WorkflowExecution(workflow_id=f"delivery-{delivery_id}"),
        query=WorkflowQuery(query_type="snapshot"),
    )
    return read(temporal.QueryWorkflow(request, timeout=PATIENCE).query_result)


def result(temporal, delivery_id, seconds):
    """How it went, or None while it goes on: a delivery ends when the time for corrections after its final status is over."""
    request = wire.GetWorkflowExecutionHistoryRequest(
        namespace=NAMESPACE,
        execution=WorkflowExecution(workflow_id=f"delivery-{delivery_id}"),
        wait_new_event=True,
        history_event_filter_type=workflow_pb2.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
    )
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            told = temporal.GetWorkflowExecutionHistory(request, timeout=left)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                return None
            raise
        if told.history.events:
            return ended_as(told.history.events[-1])
        request.next_page_token = told.next_page_token
    return None


def ended_as(event):
    if event.HasField("workflow_execution_completed_event_attributes"):
        return read(event.workflow_execution_completed_event_attributes.result)
    if event.HasField("workflow_execution_failed_event_attributes"):
        raise refused(event.workflow_execution_failed_event_attributes.failure)
    raise RuntimeError(f"the workflow ended otherwise: {event}")


def tell(step, answer):
    print(json.dumps({"step": step, "answer": answer}), flush=True)


def expect_refusal(step, call):
    try:
        call()
    except Refused as error:
        tell(step, {"type": error.type, "details": error.problems})


def play(temporal, delivery_id, seconds):
    def payload(name):
        return (PAYLOADS / name).read_text().replace("D-1001", delivery_id)

    start(temporal, payload("order.json"))
    tell("accepted", accepted(temporal, payload("order.json")))
    for name, event_id in (("event.json", "acme-991"), ("event.json", "acme-991"), ("batch.json", "acme-992")):
        report(temporal, delivery_id, payload(name), event_id)
    tell("rescheduled", update(temporal, delivery_id, "reschedule", payload("reschedule.json"), "reschedule-1"))
    tell("snapshot", snapshot(temporal, delivery_id))
    tell("cancelled", update(temporal, delivery_id, "cancel", payload("cancel.json"), "cancel-1"))
    ended = result(temporal, delivery_id, seconds)
    tell("result", ended)
    if ended is not None:
        expect_refusal("ended", lambda: accepted(temporal, payload("order.json")))
        tell("reopened", accepted(temporal, payload("order-again.json")))
    expect_refusal("refused", lambda: accepted(temporal, payload("order-refused.json")))


if __name__ == "__main__":
    with grpc.insecure_channel(os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233")) as channel:
        play(
            WorkflowServiceStub(channel),
            sys.argv[1] if len(sys.argv) > 1 else "D-1001",
            float(sys.argv[2]) if len(sys.argv) > 2 else 5,
        )
