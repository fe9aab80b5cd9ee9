"""Whatever is sent, nothing from outside leaves a workflow task failing."""

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from tests.workflows.books import ATTEMPT, a_book
from tests.workflows.garbage import (
    BATCH,
    ETA_9999,
    FAR,
    GARBAGE,
    HALF,
    HOT,
    HOT_PARCEL,
    JSON,
    KINDLESS,
    MOVED_9999,
    NAIVE,
    OBJECT,
    PROMISED_1,
    UPDATES,
    WORDY,
    YEAR_ONE,
    failed_tasks,
    send_signal,
    send_start,
    send_update,
)
from tests.workflows.stage import Stage, stage
from workflows.contract import delivery_workflow_id


@pytest.mark.slow
async def test_a_hundred_garbage_starts_all_end_with_invalid_input_and_no_failing_task(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        for args in GARBAGE * 4:
            workflow_id = await send_start(on.client, on.queue, args)

            with pytest.raises(WorkflowFailureError) as failure:
                await on.client.get_workflow_handle(workflow_id).result()

            assert isinstance(failure.value.cause, ApplicationError)
            assert failure.value.cause.type == "InvalidInput"
            assert failure.value.cause.details[0]
            assert await failed_tasks(on.client, workflow_id) == 0


@pytest.mark.slow
async def test_a_thousand_garbage_signals_and_updates_leave_the_delivery_alive(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()
        workflow_id = delivery_workflow_id(delivery_id)
        signals = await throw_signals(on, workflow_id)
        refused = await throw_updates(on, workflow_id)
        snapshot = await on.snapshot(delivery_id)
        described = await on.deliveries.handle(delivery_id).describe()

        assert signals + refused >= 1000
        assert snapshot["rejected"]["count"] == signals
        assert snapshot["status"] == "created"
        assert described.status is WorkflowExecutionStatus.RUNNING
        assert await failed_tasks(on.client, workflow_id) == 0


async def throw_signals(on: Stage, workflow_id: str) -> int:
    names = ("report", "report", "adopt_rulebook", "no_such_signal")
    thrown = [(name, args) for name in names for args in GARBAGE] * 9
    for name, args in thrown:
        await send_signal(on.client, workflow_id, name, args)
    return len(thrown)


JUST_OBJECTS = (
    [],
    *(
        [one]
        for one in (OBJECT, HALF, KINDLESS, NAIVE, BATCH, YEAR_ONE, ETA_9999, MOVED_9999, HOT, WORDY, PROMISED_1, HOT_PARCEL)
    ),
)
"""What `accepted {}` may be asked with: fields that it does not know are ignored."""


async def throw_updates(on: Stage, workflow_id: str) -> int:
    """Every garbage request to every update is refused at once; `accepted` may be asked with an empty object or nothing."""
    refused = 0
    for name in UPDATES:
        for args in GARBAGE:
            if name == "accepted" and list(args) in JUST_OBJECTS:
                continue
            outcome = await send_update(on.client, workflow_id, name, args)
            assert outcome.HasField("failure"), (name, args)
            refused += 1
    return refused


async def test_an_event_from_the_far_future_counts_as_now(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()

        await send_signal(on.client, delivery_workflow_id(delivery_id), "report", [FAR])

        assert (await on.snapshot(delivery_id))["events_seen"] == 1


async def test_an_order_under_a_foreign_workflow_id_or_rulebook_is_refused(temporal: WorkflowEnvironment) -> None:
    good = b'{"delivery_id": "D-9", "carrier": "acme", "promised": {"end": "2030-01-01T00:00:00Z"}, "destination": {"timezone": "UTC"}}'
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        workflow_id = await send_start(on.client, on.queue, [Payload(metadata=JSON, data=good)])

        with pytest.raises(WorkflowFailureError) as failure:
            await on.client.get_workflow_handle(workflow_id).result()

        assert "the workflow id must be delivery-D-9" in str(failure.value.cause)


async def test_an_unknown_rulebook_fails_with_those_that_there_are(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        with pytest.raises(Exception, match="no rulebook nope is published; published are: standard"):
            await on.start(rulebook="nope")
