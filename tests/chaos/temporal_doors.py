"""The two doors of the Temporal server, gRPC and its HTTP API, sent the same: payloads as they go over the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from google.protobuf.json_format import MessageToDict
from httpx import AsyncClient, HTTPError, Response
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import QueryWorkflowRequest, SignalWithStartWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from tests.workflows.garbage import send_signal, send_start, send_update
from workflows.contract import TASK_QUEUE

Args = Sequence[Payload]


@dataclass(frozen=True, slots=True)
class Start:
    """A workflow to start."""

    kind: str
    workflow_id: str
    args: Args


class TemporalDoor(Protocol):
    """A way to send. Everything raises RPCError; the same id is the same piece, however often it is sent."""

    @property
    def name(self) -> str: ...

    async def start(self, start: Start, request_id: str) -> None: ...

    async def signal(self, workflow_id: str, name: str, args: Args, request_id: str) -> None: ...

    async def signal_with_start(self, start: Start, name: str, args: Args, request_id: str) -> None: ...

    async def update(self, workflow_id: str, name: str, args: Args, update_id: str) -> bool:
        """Whether it was refused; raises TimeoutError if the server waits no longer."""
        ...

    async def query(self, workflow_id: str, name: str, args: Args) -> None: ...


class Grpc:
    """As SDKs send."""

    name = "gRPC"

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start(self, start: Start, request_id: str) -> None:
        try:
            await send_start(self._client, TASK_QUEUE, start.args, start.kind, start.workflow_id, request_id)
        except RPCError as error:
            if error.status is not RPCStatusCode.ALREADY_EXISTS:
                raise

    async def signal(self, workflow_id: str, name: str, args: Args, request_id: str) -> None:
        await send_signal(self._client, workflow_id, name, args, request_id)

    async def signal_with_start(self, start: Start, name: str, args: Args, request_id: str) -> None:
        await self._client.workflow_service.signal_with_start_workflow_execution(
            SignalWithStartWorkflowExecutionRequest(
                namespace=self._client.namespace,
                workflow_id=start.workflow_id,
                workflow_type=WorkflowType(name=start.kind),
                task_queue=TaskQueue(name=TASK_QUEUE),
                input=Payloads(payloads=start.args),
                signal_name=name,
                signal_input=Payloads(payloads=args),
                request_id=request_id,
            )
        )

    async def update(self, workflow_id: str, name: str, args: Args, update_id: str) -> bool:
        outcome = await send_update(self._client, workflow_id, name, args, update_id)
        if not outcome.WhichOneof("value"):
            raise TimeoutError
        return bool(outcome.HasField("failure"))

    async def query(self, workflow_id: str, name: str, args: Args) -> None:
        await self._client.workflow_service.query_workflow(
            QueryWorkflowRequest(
                namespace=self._client.namespace,
                execution=WorkflowExecution(workflow_id=workflow_id),
                query=WorkflowQuery(query_type=name, query_args=Payloads(payloads=args)),
            )
        )


COMPLETED = "UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED"


class HttpApi:
    """As order systems without an SDK send: see examples/oms/http."""

    name = "HTTP API"

    def __init__(self, client: AsyncClient, namespace: str = "default") -> None:
        """`client` knows the address of the API."""
        self._client = client
        self._path = f"/api/v1/namespaces/{namespace}/workflows"

    async def start(self, start: Start, request_id: str) -> None:
        try:
            await self._post(start.workflow_id, _started(start, request_id))
        except RPCError as error:
            if error.status is not RPCStatusCode.ALREADY_EXISTS:
                raise

    async def signal(self, workflow_id: str, name: str, args: Args, request_id: str) -> None:
        await self._post(f"{quote(workflow_id)}/signal/{name}", {"requestId": request_id, "input": _input(args)})

    async def signal_with_start(self, start: Start, name: str, args: Args, request_id: str) -> None:
        body = {**_started(start, request_id), "signalInput": _input(args)}
        await self._post(f"{quote(start.workflow_id)}/signal-with-start/{name}", body)

    async def update(self, workflow_id: str, name: str, args: Args, update_id: str) -> bool:
        request = {"meta": {"updateId": update_id, "identity": "storm"}, "input": {"args": _input(args)}}
        body = {"waitPolicy": {"lifecycleStage": COMPLETED}, "request": request}
        outcome = (await self._post(f"{quote(workflow_id)}/update/{name}", body)).get("outcome")
        if not outcome:
            raise TimeoutError
        return "failure" in outcome

    async def query(self, workflow_id: str, name: str, args: Args) -> None:
        await self._post(f"{quote(workflow_id)}/query/{name}", {"query": {"queryArgs": _input(args)}})

    async def post_raw(self, path: str, type: str, body: bytes) -> Response:
        """Bytes that need be no JSON. Raises RPCError where it is the server that is at fault, or nobody answers."""
        try:
            answer = await self._client.post(f"{self._path}/{path}", content=body, headers={"Content-Type": type})
        except HTTPError as error:
            raise RPCError(repr(error), RPCStatusCode.UNAVAILABLE, b"") from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise _error_of(answer)
        return answer

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._client.post(f"{self._path}/{path}", json=body)
        except HTTPError as error:
            raise RPCError(repr(error), RPCStatusCode.UNAVAILABLE, b"") from None
        if answer.status_code != 200:
            raise _error_of(answer)
        return dict(answer.json())


def _started(start: Start, request_id: str) -> dict[str, Any]:
    about = {"workflowType": {"name": start.kind}, "taskQueue": {"name": TASK_QUEUE}}
    return {**about, "requestId": request_id, "input": _input(start.args)}


def _input(args: Args) -> dict[str, Any]:
    return dict(MessageToDict(Payloads(payloads=args)))


def _error_of(answer: Response) -> RPCError:
    """The error as gRPC would have it: its code stands in the body."""
    try:
        told = answer.json()
        return RPCError(str(told["message"]), RPCStatusCode(int(told["code"])), b"")
    except (ValueError, KeyError, TypeError):
        return RPCError(f"{answer.status_code} {answer.text[:200]}", RPCStatusCode.UNAVAILABLE, b"")
