"""Nobody there, no such rule, a refused order: a clear sentence instead of silence or a traceback."""

import asyncio
import uuid
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from cli.errors import explained
from tests.workflows.books import ATTEMPT, a_book
from tests.workflows.stage import an_order, stage
from workflows.client import Deliveries, RefusedError, UnreachableError

pytestmark = pytest.mark.temporal


def unattended(temporal: WorkflowEnvironment) -> Deliveries:
    """Deliveries of a task queue that nobody polls."""
    return Deliveries(temporal.client, f"nobody-{uuid.uuid4().hex[:8]}", patience=0.5)


async def test_a_start_without_a_worker_says_who_is_missing(temporal: WorkflowEnvironment) -> None:
    """It hung, silently, for ever."""
    with pytest.raises(UnreachableError, match=r"nobody polls the task queue nobody-.*; `doorstep up` or `doorstep worker`"):
        await unattended(temporal).start(an_order())


async def test_a_question_without_a_worker_says_so_too(temporal: WorkflowEnvironment) -> None:
    deliveries, order = unattended(temporal), an_order()
    with pytest.raises(UnreachableError, match="nobody polls"):
        await deliveries.start(order)

    with pytest.raises(UnreachableError, match="nobody polls"):
        await deliveries.query(order["delivery_id"], "snapshot")


async def test_a_call_that_nobody_waits_for_any_more_is_cancelled_and_no_outage(temporal: WorkflowEnvironment) -> None:
    """It became an UnreachableError, which callers answer by trying again: they could not be ended."""
    deliveries = Deliveries(temporal.client, f"nobody-{uuid.uuid4().hex[:8]}", patience=30)
    order = an_order()
    call = asyncio.create_task(deliveries.start(order))
    handle = deliveries.handle(order["delivery_id"])
    async with asyncio.timeout(20):
        while not await _has_begun(handle):  # noqa: ASYNC110 - a look is the only way to know
            await asyncio.sleep(0.05)

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call


async def _has_begun(handle: WorkflowHandle[Any, Any]) -> bool:
    try:
        await handle.describe()
    except RPCError:
        return False
    return True


async def test_a_rule_that_there_is_not_is_named_with_those_that_are(temporal: WorkflowEnvironment) -> None:
    """It was a traceback: WorkflowQueryFailedError was nobody's."""
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery = await on.start()

        with pytest.raises(LookupError, match=f"delivery {delivery}: the rulebook standard has no rule nope; it has: ") as found:
            await on.deliveries.query(delivery, "why", {"rule": "nope"})

    assert explained(found.value) == str(found.value)


async def test_a_refused_order_can_be_asked_about(temporal: WorkflowEnvironment) -> None:
    """`show` on a refused run was a traceback."""
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        order = an_order(rulebook="nope")
        with pytest.raises(RefusedError, match="no rulebook nope is published"):
            await on.deliveries.start(order)

        with pytest.raises(LookupError, match=f"delivery {order['delivery_id']}: "):
            await on.deliveries.query(order["delivery_id"], "snapshot")


async def test_an_error_of_the_server_is_told_in_a_line(temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only NOT_FOUND was expected; every other RPCError was a traceback."""

    async def denied(*_: object, **__: object) -> None:
        raise RPCError("no access to this namespace", RPCStatusCode.PERMISSION_DENIED, b"")

    deliveries = Deliveries(temporal.client)
    monkeypatch.setattr(type(deliveries.handle("D-1")), "query", denied)

    with pytest.raises(UnreachableError, match=r"no access to this namespace \(PERMISSION_DENIED\)"):
        await deliveries.query("D-1", "snapshot")
