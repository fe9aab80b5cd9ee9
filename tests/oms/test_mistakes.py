"""What an order system gets wrong over Temporal's HTTP API and its command line, and what it is told. Raw gRPC, which may do all of it
and leave the encoding out, is in tests/workflows/test_refusals.py."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from cli.site import Site
from tests.oms.golden import told
from tests.oms.running import environment

pytestmark = pytest.mark.temporal

TWO = "2 arguments were sent; send one JSON object"


def an_order(**changes: Any) -> dict[str, Any]:
    return {**told("order.json", f"D-{uuid.uuid4().hex[:10]}"), **changes}


class Http:
    """Temporal's HTTP API."""

    def __init__(self, site: Site) -> None:
        self._address = f"http://127.0.0.1:{site.settings.temporal_http_port}/api/v1/namespaces/default/workflows/delivery-"

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.post(self._address + path, json=body)
        return dict(answer.json())

    async def start(self, delivery_id: str, *args: Any) -> None:
        begun = {"workflowType": {"name": "Delivery"}, "taskQueue": {"name": "deliveries"}, "input": args}
        assert "runId" in await self.post(delivery_id, begun)

    async def update(self, delivery_id: str, name: str, *args: Any) -> dict[str, Any]:
        completed = {"lifecycleStage": "UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED"}
        asked = {"waitPolicy": completed, "request": {"meta": {"identity": "oms"}, "input": {"args": args}}}
        return dict((await self.post(f"{delivery_id}/update/{name}", asked))["outcome"])

    async def snapshot(self, delivery_id: str) -> dict[str, Any]:
        return dict((await self.post(f"{delivery_id}/query/snapshot", {}))["queryResult"][0])


async def said_on_the_command_line(site: Site, *args: str) -> str:
    """What `temporal` says of a mistake."""
    process = await asyncio.create_subprocess_exec(
        "temporal", *args, env=environment(site), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, err = await process.communicate()
    assert process.returncode == 1
    return err.decode()


async def test_lists_that_the_http_api_makes_null_of_are_empty_ones(site: Site) -> None:
    """`"tags": []` came as null and was refused."""
    http, order = Http(site), an_order(tags=[], parcels=[], plan=[], skills=[])

    await http.start(order["delivery_id"], order)
    outcome = await http.update(order["delivery_id"], "accepted", {})

    assert outcome["success"][0]["delivery_id"] == order["delivery_id"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        pytest.param(({}, {}), TWO, id="two arguments"),
        pytest.param((), "no argument was sent; send one JSON object", id="none"),
        pytest.param(("cancel it",), "Input should be an object", id="a text"),
        pytest.param(({"by": 7},), "Input should be a valid string", id="a number for a name"),
    ],
)
async def test_a_wrong_update_over_http_is_refused_with_what_is_wrong(site: Site, args: tuple[Any, ...], said: str) -> None:
    http, order = Http(site), an_order()
    await http.start(order["delivery_id"], order)

    failure = (await http.update(order["delivery_id"], "cancel", *args))["failure"]

    assert failure["applicationFailureInfo"]["type"] == "InvalidInput"
    assert failure["applicationFailureInfo"]["details"][0][0]["msg"] == said
    assert "stackTrace" not in failure


async def test_a_wrong_event_over_http_is_found_in_the_snapshot(site: Site) -> None:
    http, order = Http(site), an_order()
    await http.start(order["delivery_id"], order)

    await http.post(f"{order['delivery_id']}/signal/report", {"input": [{}, {}]})
    await http.post(f"{order['delivery_id']}/signal/reprot", {"input": [{}]})
    rejected = (await http.snapshot(order["delivery_id"]))["rejected"]

    assert rejected["count"] == 2
    assert "report takes one argument, 2 were sent" in rejected["last"][0]
    assert "the signal for events is report" in rejected["last"][1]


async def test_the_command_line_is_told_what_is_wrong(site: Site) -> None:
    http, order = Http(site), an_order()
    await http.start(order["delivery_id"], order)
    update = ("workflow", "update", "execute", "--workflow-id", f"delivery-{order['delivery_id']}", "--name")

    twice = await said_on_the_command_line(site, *update, "cancel", "--input", "{}", "--input", "{}")
    unknown = await said_on_the_command_line(site, *update, "cancle", "--input", "{}")
    number = await said_on_the_command_line(site, *update, "cancel", "--input", '{"by": 7}')

    assert f"{TWO} (type: InvalidInput, retryable: false)" in twice
    assert "known updates: [accepted acknowledge" in unknown
    assert "by: Input should be a valid string (type: InvalidInput, retryable: false)" in number
