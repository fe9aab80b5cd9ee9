"""The functions of the Python example against a real site: what an order system is told in each case."""

import importlib.util
import uuid
from types import ModuleType
from typing import Any

import pytest
from temporalio.client import Client

from cli.site import Site
from tests.oms.golden import EXAMPLES, told
from workflows.client import connect

pytestmark = pytest.mark.temporal


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("oms_example", EXAMPLES / "python" / "oms.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


OMS = example()


@pytest.fixture
async def client(site: Site) -> Client:
    return await connect(site.address)


def an_order(**changes: Any) -> dict[str, Any]:
    return {**told("order.json", f"D-{uuid.uuid4().hex[:10]}"), **changes}


async def ended(client: Client, order: dict[str, Any]) -> None:
    """A delivery that was started and delivered, and whose workflow is over."""
    delivered = {**told("event.json"), "event_id": uuid.uuid4().hex, "kind": "status", "status": "delivered"}
    await OMS.accepted(client, order)
    await OMS.report(client, order["delivery_id"], delivered)
    assert await OMS.result(client, order["delivery_id"], 60) is not None


async def test_an_order_is_acknowledged_and_sent_again_joins_what_runs(client: Client) -> None:
    order = an_order()

    first, again = await OMS.accepted(client, order), await OMS.accepted(client, order)

    assert first == again
    assert first["generation"] == 1


async def test_a_refused_order_may_be_sent_again_once_it_is_mended(client: Client) -> None:
    order = an_order()

    with pytest.raises(OMS.Refused, match="no rulebook nope is published") as refused:
        await OMS.accepted(client, {**order, "rulebook": "nope"})
    accepted = await OMS.accepted(client, order)

    assert refused.value.problems[0]["loc"] == "rulebook"
    assert accepted["generation"] == 1


async def test_a_delivery_that_has_ended_is_refused_in_a_sentence(client: Client) -> None:
    """The page promised an AlreadyFinished; with its policies it was a WorkflowAlreadyStartedError that nobody caught."""
    order = an_order()
    await ended(client, order)

    with pytest.raises(OMS.Refused, match=f"AlreadyFinished.*{order['delivery_id']} has ended; .* set reopen"):
        await OMS.accepted(client, order)


async def test_a_delivery_that_has_ended_is_reopened_when_its_order_says_so(client: Client) -> None:
    """The page promised this with a policy under which Temporal refuses it."""
    order = an_order()
    await ended(client, order)

    accepted = await OMS.accepted(client, {**order, "reopen": True})

    assert accepted["generation"] == 2


async def test_a_plain_start_of_a_wrong_order_fails_where_its_result_is_awaited(client: Client) -> None:
    order = an_order(promised={})

    await OMS.start(client, order)

    with pytest.raises(OMS.Refused, match="InvalidInput") as refused:
        await OMS.result(client, order["delivery_id"], 60)
    assert refused.value.problems == [{"loc": "promised.end", "msg": "Field required", "type": "missing"}]


async def test_an_update_with_the_same_key_is_done_once(client: Client) -> None:
    order = an_order()
    await OMS.accepted(client, order)
    moved = [OMS.update(client, order["delivery_id"], "reschedule", told("reschedule.json"), "key-1") for _ in range(2)]

    first, again = await moved[0], await moved[1]
    snapshot = await OMS.snapshot(client, order["delivery_id"])

    assert first == again
    assert snapshot["events_seen"] == 1


async def test_a_promise_in_the_past_is_refused_at_its_field(client: Client) -> None:
    order = an_order()
    await OMS.accepted(client, order)

    with pytest.raises(OMS.Refused, match="InvalidInput") as refused:
        await OMS.update(client, order["delivery_id"], "reschedule", {"end": "2020-01-01T00:00:00Z", "by": "oms"})

    assert refused.value.problems[0]["type"] == "in_the_past"
