"""What an order system is told when it got something wrong: one type, one list of mistakes, whatever the mistake was."""

from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError, WorkflowQueryFailedError
from temporalio.testing import WorkflowEnvironment

from tests.workflows.books import ATTEMPT, a_book
from tests.workflows.garbage import BARE, OBJECT, send_signal, send_start, send_update
from tests.workflows.stage import Stage, an_order, from_now, stage
from workflows.client import RefusedError
from workflows.contract import delivery_workflow_id
from workflows.replies import ErrorDetails, Snapshot

pytestmark = pytest.mark.temporal


async def refusal_of(on: Stage, delivery_id: str, update: str, args: list[Payload]) -> Any:
    """The failure of an update as it goes over the wire, and its details."""
    outcome = await send_update(on.client, delivery_workflow_id(delivery_id), update, args)
    (details,) = outcome.failure.application_failure_info.details.payloads
    return outcome.failure, ErrorDetails.model_validate_json(details.data).root


async def test_two_arguments_of_an_update_are_refused_as_what_they_are(temporal: WorkflowEnvironment) -> None:
    """It was "Doors._check_reschedule() takes from 1 to 2 positional arguments but 3 were given", of type TypeError."""
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()

        failure, (mistake,) = await refusal_of(on, delivery_id, "reschedule", [OBJECT, OBJECT])

    assert failure.application_failure_info.type == "InvalidInput"
    assert failure.application_failure_info.non_retryable
    assert mistake.msg == "2 arguments were sent; send one JSON object"


async def test_an_argument_without_an_encoding_is_refused_with_the_one_to_send(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()

        _, (mistake,) = await refusal_of(on, delivery_id, "cancel", [BARE])

    assert mistake.msg == "payload encoding is none; send one json/plain object"


async def test_two_arguments_of_a_query_are_refused_as_what_they_are(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        handle = on.deliveries.handle(await on.start())

        with pytest.raises(WorkflowQueryFailedError, match="2 arguments were sent; send one JSON object"):
            await handle.query("snapshot", args=[{}, {}])


async def test_a_start_without_an_encoding_fails_with_the_one_to_send(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        workflow_id = await send_start(on.client, on.queue, [BARE])

        with pytest.raises(WorkflowFailureError) as failed:
            await on.client.get_workflow_handle(workflow_id).result()

    assert "payload encoding is none; send one json/plain object" in str(failed.value.cause)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        pytest.param([OBJECT, OBJECT], "report takes one argument, 2 were sent", id="two arguments"),
        pytest.param([BARE], "payload encoding is none; send one json/plain object", id="no encoding"),
    ],
)
async def test_a_signal_that_cannot_be_read_is_found_in_the_snapshot(
    temporal: WorkflowEnvironment, args: list[Payload], said: str
) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()

        await send_signal(on.client, delivery_workflow_id(delivery_id), "report", args)
        rejected = (await on.snapshot(delivery_id))["rejected"]

    assert rejected["count"] == 1
    assert said in rejected["last"][0]


async def test_a_refusal_names_no_file_of_ours(temporal: WorkflowEnvironment) -> None:
    """Every refusal carried our stack: two kilobytes that its sender had no use for."""
    wrong = Payload(metadata={"encoding": b"json/plain"}, data=b'{"end": "2020-01-01T00:00:00Z", "by": "oms"}')
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()

        by_validator, _ = await refusal_of(on, delivery_id, "reschedule", [OBJECT])
        by_handler, _ = await refusal_of(on, delivery_id, "reschedule", [wrong])
        started = await send_start(on.client, on.queue, [OBJECT])
        with pytest.raises(WorkflowFailureError):
            await on.client.get_workflow_handle(started).result()
        history = await on.client.get_workflow_handle(started).fetch_history()

    by_start = history.events[-1].workflow_execution_failed_event_attributes.failure
    assert by_start.application_failure_info.type == "InvalidInput"
    assert [failure.stack_trace for failure in (by_validator, by_handler, by_start)] == ["", "", ""]


async def test_what_our_own_checks_say_comes_without_a_prefix(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        with pytest.raises(RefusedError) as refused:
            await on.start(destination={"timezone": "Helsinki"})

    (mistake,) = refused.value.problems
    assert mistake == {
        "loc": "destination.timezone",
        "msg": "unknown timezone; write an IANA name such as Europe/Helsinki",
        "type": "value_error",
    }


async def test_a_list_that_is_null_is_an_empty_one(temporal: WorkflowEnvironment) -> None:
    """Temporal's HTTP API makes null of every empty list: an order with `"tags": []` was refused."""
    nothing = dict.fromkeys(("tags", "parcels", "tracking_numbers", "skills", "requires", "plan"))
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start(**nothing, customer={"channels": None})
        event = {"event_id": "e1", "kind": "scan", "occurred_at": from_now(), "source": "acme", "parcel_ids": None}
        await on.deliveries.report(delivery_id, [event])

        snapshot = await on.snapshot(delivery_id)

    assert (snapshot["events_seen"], snapshot["rejected"]["count"]) == (1, 0)


async def test_a_snapshot_is_what_its_schema_says(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        order = an_order()
        await on.deliveries.start(order)
        failed = {"event_id": "e1", "kind": "attempt_failed", "occurred_at": from_now(), "source": "acme"}
        await on.deliveries.report(order["delivery_id"], [{**failed, "status": "attempt_failed"}])
        await on.until(order["delivery_id"], lambda found: len(found["actions"]) == 2)
        await on.deliveries.ask(
            order["delivery_id"], "mute", {"rule": "attempt", "until": from_now(hours=1), "reason": "known", "by": "Kim"}
        )

        snapshot = await on.snapshot(order["delivery_id"])

    read = Snapshot.model_validate(snapshot)
    assert (len(read.open_incidents), len(read.muted), bool(read.actions)) == (1, 1, True)
