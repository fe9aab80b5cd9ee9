"""A delivery that has ended lives again when its end turns out not to have occurred."""

from collections.abc import Mapping
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows.books import MISSED_SCAN, a_book
from tests.workflows.stage import a_status, an_event, stage
from tests.workflows.test_delivery import ended

BOOK = a_book(MISSED_SCAN)


def a_correction(event_id: str) -> Mapping[str, Any]:
    return an_event("correction", detail={"event_id": event_id, "reason": "did_not_occur"})


async def test_a_correction_of_the_final_event_begins_the_next_generation(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BOOK) as on:
        delivery_id = await on.start()
        on_the_van, handed_over = a_status("out_for_delivery"), a_status("delivered")
        await on.deliveries.report(delivery_id, [on_the_van])
        await on.deliveries.report(delivery_id, [handed_over])
        await ended(on, delivery_id)

        is_reopened = await on.deliveries.reopen(delivery_id, [a_correction(handed_over["event_id"])])

        again = await on.until(delivery_id, lambda seen: seen["status"] == "out_for_delivery")
        assert is_reopened
        assert again["generation"] == 2
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)


async def test_a_correction_of_another_event_reopens_nothing(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BOOK) as on:
        delivery_id = await on.start()
        on_the_van = a_status("out_for_delivery")
        await on.deliveries.report(delivery_id, [on_the_van, a_status("delivered")])
        await ended(on, delivery_id)

        is_reopened = await on.deliveries.reopen(delivery_id, [a_correction(on_the_van["event_id"])])

        assert not is_reopened
        with pytest.raises(LookupError, match="is running"):
            await on.deliveries.report(delivery_id, [an_event("scan")])
