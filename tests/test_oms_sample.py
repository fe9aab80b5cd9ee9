"""The Python of docs/oms.md against a real server: what an order system does in each case."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows.books import ATTEMPT, a_book
from tests.workflows.stage import Stage, a_status, an_order, stage
from workflows.contract import TASK_QUEUE

pytestmark = pytest.mark.temporal

PAGE = (Path(__file__).parents[1] / "docs" / "oms.md").read_text("utf-8")

Start = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def sample(on: Stage) -> Start:
    """The sample's `start`, as it stands on the page but for the address and the task queue."""
    (code,) = re.findall(r"```python\n(.*?)\nprint\(", PAGE, re.DOTALL)
    address = on.client.service_client.config.target_host
    assert '"127.0.0.1:7233"' in code
    assert f'"{TASK_QUEUE}"' in code
    names: dict[str, Any] = {}
    exec(code.replace("127.0.0.1:7233", address).replace(f'"{TASK_QUEUE}"', f'"{on.queue}"'), names)
    start: Start = names["start"]
    return start


async def ended(on: Stage, start: Start, order: dict[str, Any]) -> None:
    """A delivery that was started and delivered, and whose workflow is over."""
    await start(order)
    await on.deliveries.report(order["delivery_id"], [a_status("delivered")])
    await on.deliveries.handle(order["delivery_id"]).result()


async def test_an_order_is_acknowledged_and_sent_again_joins_what_runs(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        start, order = sample(on), an_order()

        first, again = await start(order), await start(order)

    assert first == again
    assert first["generation"] == 1


async def test_a_refused_order_may_be_sent_again_once_it_is_mended(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        start, order = sample(on), an_order()

        with pytest.raises(SystemExit, match="refused: InvalidInput: no rulebook nope is published"):
            await start({**order, "rulebook": "nope"})
        accepted = await start(order)

    assert accepted["generation"] == 1


async def test_a_delivery_that_has_ended_is_refused_in_a_sentence(temporal: WorkflowEnvironment) -> None:
    """The page promised an AlreadyFinished; with its policies it was a WorkflowAlreadyStartedError that nobody caught."""
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        start, order = sample(on), an_order()
        await ended(on, start, order)

        with pytest.raises(SystemExit, match=f"refused: {order['delivery_id']} has ended; .* set reopen"):
            await start(order)


async def test_a_delivery_that_has_ended_is_reopened_when_its_order_says_so(temporal: WorkflowEnvironment) -> None:
    """The page promised this with a policy under which Temporal refuses it."""
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        start, order = sample(on), an_order()
        await ended(on, start, order)

        accepted = await start({**order, "reopen": True})

    assert accepted["generation"] == 2
