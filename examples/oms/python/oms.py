"""An order system in Python: pip install temporalio; python oms.py [delivery id]. It plays one delivery and prints each answer.

TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY and so on say where Temporal is; without them it is the one of `doorstep up`.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

PAYLOADS = Path(__file__).parents[1] / "payloads"


class Refused(Exception):
    """Doorstep said no: `type` is one of its error types, `problems` a list of {loc, msg, type}."""

    def __init__(self, type: str, problems: list[dict[str, str]]) -> None:
        super().__init__(f"{type}: {problems}")
        self.type, self.problems = type, problems


def refused(error: BaseException | None) -> Refused:
    assert isinstance(error, ApplicationError), error
    return Refused(error.type or "", error.details[0] if error.details else [{"loc": "", "msg": error.message, "type": ""}])


def policies(order: dict[str, Any]) -> dict[str, Any]:
    reopens = order.get("reopen", False)
    return {
        "id": f"delivery-{order['delivery_id']}",
        "task_queue": "deliveries",
        "id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING,
        "id_reuse_policy": WorkflowIDReusePolicy.ALLOW_DUPLICATE
        if reopens
        else WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    }


async def start(client: Client, order: dict[str, Any]) -> None:
    """Succeeds whatever the order says: a wrong one ends as a failed workflow a moment later."""
    await client.start_workflow("Delivery", order, **policies(order))


async def accepted(client: Client, order: dict[str, Any]) -> dict[str, Any]:
    """Starts, and waits until the order is accepted or refused. To send the same order again is safe."""
    operation: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation("Delivery", order, **policies(order))
    try:
        answer = await client.execute_update_with_start_workflow("accepted", {}, start_workflow_operation=operation)
    except WorkflowUpdateFailedError as error:
        raise refused(error.cause) from None
    except WorkflowAlreadyStartedError:
        said = f"delivery {order['delivery_id']} has ended; to begin its next generation set reopen"
        raise Refused("AlreadyFinished", [{"loc": "", "msg": said, "type": "AlreadyFinished"}]) from None
    return dict(answer)


async def report(client: Client, delivery_id: str, event: dict[str, Any]) -> None:
    """One event or a batch. Its event_id makes it count once, however often it is sent."""
    await client.get_workflow_handle(f"delivery-{delivery_id}").signal("report", event)


async def update(client: Client, delivery_id: str, name: str, request: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    """`reschedule`, `cancel` and so on. With a `key` of your own it is done once, however often it is sent."""
    handle = client.get_workflow_handle(f"delivery-{delivery_id}")
    try:
        return dict(await handle.execute_update(name, request, id=key))
    except WorkflowUpdateFailedError as error:
        raise refused(error.cause) from None


async def snapshot(client: Client, delivery_id: str) -> dict[str, Any]:
    return dict(await client.get_workflow_handle(f"delivery-{delivery_id}").query("snapshot"))


async def result(client: Client, delivery_id: str, seconds: float) -> dict[str, Any] | None:
    """How it went, or None while it goes on: a delivery ends when the time for corrections after its final status is over."""
    handle = client.get_workflow_handle(f"delivery-{delivery_id}")
    try:
        return dict(await asyncio.wait_for(handle.result(), seconds))
    except TimeoutError:
        return None
    except WorkflowFailureError as error:
        raise refused(error.cause) from None


def tell(step: str, answer: Any) -> None:
    print(json.dumps({"step": step, "answer": answer}), flush=True)


async def play(client: Client, delivery_id: str, seconds: float) -> None:
    def payload(name: str) -> dict[str, Any]:
        return dict(json.loads((PAYLOADS / name).read_text().replace("D-1001", delivery_id)))

    await start(client, payload("order.json"))
    tell("accepted", await accepted(client, payload("order.json")))
    for name in ("event.json", "event.json", "batch.json"):
        await report(client, delivery_id, payload(name))
    tell("rescheduled", await update(client, delivery_id, "reschedule", payload("reschedule.json"), "reschedule-1"))
    tell("snapshot", await snapshot(client, delivery_id))
    tell("cancelled", await update(client, delivery_id, "cancel", payload("cancel.json"), "cancel-1"))
    ended = await result(client, delivery_id, seconds)
    tell("result", ended)
    if ended is not None:
        await expect_refusal("ended", accepted(client, payload("order.json")))
        tell("reopened", await accepted(client, payload("order-again.json")))
    await expect_refusal("refused", accepted(client, payload("order-refused.json")))


async def expect_refusal(step: str, call: Any) -> None:
    try:
        await call
    except Refused as error:
        tell(step, {"type": error.type, "details": error.problems})


async def main() -> None:
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "127.0.0.1:7233")
    delivery_id = sys.argv[1] if len(sys.argv) > 1 else "D-1001"
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5
    await play(await Client.connect(**config), delivery_id, seconds)


if __name__ == "__main__":
    asyncio.run(main())
