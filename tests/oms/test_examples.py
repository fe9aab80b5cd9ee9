"""The example of each language plays one delivery against a site like that of `doorstep up`: what it printed, what went over the wire."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowHistory

from cli.site import Site
from tests.oms.golden import EXAMPLES, acknowledgement, sent, told
from tests.oms.running import LANGUAGES, Story
from workflows.client import connect

pytestmark = [pytest.mark.temporal, pytest.mark.timeout(600)]

HAS_ENDED = {
    "python": "{'type': 'AlreadyFinished'",
    "typescript": "{'type': 'AlreadyFinished'",
    "grpc": "{'type': 'AlreadyFinished'",
    "http": "Workflow execution already finished successfully",
    "cli": "Workflow execution already finished successfully",
}
"""How an order is refused whose delivery has ended: Temporal does it, each transport in its words."""


def test_every_folder_of_an_example_is_run() -> None:
    assert {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()} == {*LANGUAGES, "payloads"}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_example_plays_a_delivery_and_its_payloads_are_the_golden_ones(
    site: Site, language: str, tmp_path: Path
) -> None:
    delivery_id = f"D-{language}"

    story = await LANGUAGES[language](site, delivery_id, tmp_path)
    client = await connect(site.address)
    first, second = await both_runs(client, f"delivery-{delivery_id}")

    version = story["accepted"]["rulebook_version"]
    as_it_should_be(story, delivery_id, version)
    assert HAS_ENDED[language] in str(story["ended"])
    assert inputs(first, "report") == expected_reports(language, delivery_id)
    assert started_with(first) == sent("order.json", delivery_id)
    assert started_with(second) == sent("order-again.json", delivery_id)
    assert updates(first) == [b"{}", sent("reschedule.json"), sent("cancel.json")]
    assert answers(first)[0] == acknowledgement(delivery_id, version)
    assert [without_time(answer) for answer in answers(first)[1:]] == [without_time(sent("update-answer.json"))] * 2
    assert result_of(first) == sent("result.json", delivery_id)
    assert error_of(await history_of(client, f"delivery-{delivery_id}-wrong")) == sent("error.json")


def as_it_should_be(story: Story, delivery_id: str, version: str) -> None:
    assert story["accepted"] == json.loads(acknowledgement(delivery_id, version))
    assert story["rescheduled"]["ok"] is story["cancelled"]["ok"] is True
    assert story["snapshot"]["status"] == "out_for_delivery"
    assert story["snapshot"]["events_seen"] == 4, "the scan that was sent twice counts once"
    assert story["snapshot"]["promised"] == {"start": "2030-01-08T12:00:00Z", "end": "2030-01-08T14:00:00Z"}
    assert story["result"] == told("result.json", delivery_id)
    assert story["reopened"] == json.loads(acknowledgement(delivery_id, version, 2, "order-again.json"))
    assert story["refused"] == {"type": "InvalidInput", "details": told("error.json")}


def expected_reports(language: str, delivery_id: str) -> list[bytes]:
    """Where the transport lets a sender name its request, the server itself drops what comes again."""
    event, batch = sent("event.json", delivery_id), sent("batch.json", delivery_id)
    return [event, batch] if language in ("grpc", "http") else [event, event, batch]


async def both_runs(client: Client, workflow_id: str) -> Sequence[WorkflowHistory]:
    """The histories of the first life and the second. Temporal lists what has begun a moment later."""
    async with asyncio.timeout(60):
        while len(found := [one async for one in client.list_workflows(f"WorkflowId = '{workflow_id}'")]) < 2:  # noqa: ASYNC110 - a query is the only way to know
            await asyncio.sleep(0.1)
    found.sort(key=lambda one: one.start_time)
    return [await client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history() for one in found]


async def history_of(client: Client, workflow_id: str) -> WorkflowHistory:
    return await client.get_workflow_handle(workflow_id).fetch_history()


def only(payloads: Sequence[Payload]) -> bytes:
    """The bytes of the one payload, which says that it is JSON."""
    (payload,) = payloads
    assert payload.metadata["encoding"] == b"json/plain"
    return payload.data


def of(history: WorkflowHistory, kind: str) -> list[Any]:
    """The attributes of the events of a kind."""
    return [getattr(event, kind) for event in history.events if event.HasField(kind)]  # type: ignore[arg-type]


def started_with(history: WorkflowHistory) -> bytes:
    return only(of(history, "workflow_execution_started_event_attributes")[0].input.payloads)


def inputs(history: WorkflowHistory, signal: str) -> list[bytes]:
    found = of(history, "workflow_execution_signaled_event_attributes")
    return [only(one.input.payloads) for one in found if one.signal_name == signal]


def updates(history: WorkflowHistory) -> list[bytes]:
    found = of(history, "workflow_execution_update_accepted_event_attributes")
    return [only(one.accepted_request.input.args.payloads) for one in found]


def answers(history: WorkflowHistory) -> list[bytes]:
    found = of(history, "workflow_execution_update_completed_event_attributes")
    return [only(one.outcome.success.payloads) for one in found]


def result_of(history: WorkflowHistory) -> bytes:
    return only(of(history, "workflow_execution_completed_event_attributes")[0].result.payloads)


def error_of(history: WorkflowHistory) -> bytes:
    failure = of(history, "workflow_execution_failed_event_attributes")[0].failure
    return only(failure.application_failure_info.details.payloads)


def without_time(answer: bytes) -> dict[str, Any]:
    return {name: value for name, value in json.loads(answer).items() if name != "as_of"}
