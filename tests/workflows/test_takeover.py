"""Many running deliveries adopt another version, on a real Temporal server: paced, told, and resumed after it was cut off."""

import asyncio
import time

from temporalio.testing import WorkflowEnvironment

from rules.book import Rulebook
from tests.workflows.books import ATTEMPT, LATE, MISSED_SCAN, a_book
from tests.workflows.stage import Stage, a_status, stage
from tests.workflows.test_adoption import NOWHERE, published
from tests.workflows.test_delivery import ended
from workflows.takeover import Takeover, take_over

BEFORE, AFTER = a_book(ATTEMPT, LATE), a_book(MISSED_SCAN, LATE)


async def listed(on: Stage, book: Rulebook, count: int) -> None:
    """Waits until the server lists so many running deliveries under a book: its lists are a little late."""
    async with asyncio.timeout(20):
        while len([found async for found in on.deliveries.watched_by([published(book)])]) != count:  # noqa: ASYNC110 - a query is the only way to know
            await asyncio.sleep(0.05)


async def test_all_running_deliveries_of_a_book_adopt_the_next_one_and_those_that_ended_do_not(
    temporal: WorkflowEnvironment,
) -> None:
    async with stage(temporal.client, BEFORE) as on:
        running = [await on.start() for _ in range(4)]
        gone = await on.start()
        await on.deliveries.report(gone, [a_status("delivered")])
        await ended(on, gone)
        await listed(on, BEFORE, 4)
        told: list[int] = []

        taken = await take_over(
            on.deliveries, published(AFTER), [published(BEFORE)], 100, lambda so_far: told.append(so_far.asked)
        )

        assert (taken.found, taken.adopted, taken.refused) == (4, 4, 0)
        assert told == [1, 2, 3, 4]
        assert {(await on.snapshot(one))["rulebook"]["version"] for one in running} == {published(AFTER)}
        assert (await on.snapshot(gone))["rulebook"]["version"] == published(BEFORE)


async def test_cut_off_it_goes_on_with_those_that_are_left(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BEFORE) as on:
        running = [await on.start() for _ in range(5)]
        await listed(on, BEFORE, 5)
        begun = asyncio.Event()

        def two_are_enough(so_far: Takeover) -> None:
            if so_far.adopted >= 2:
                begun.set()

        work = take_over(on.deliveries, published(AFTER), [published(BEFORE)], 2, two_are_enough)
        first = asyncio.create_task(work)
        await begun.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await listed(on, AFTER, 2)

        second = await take_over(on.deliveries, published(AFTER), [published(BEFORE)], 100, _nobody)
        await listed(on, AFTER, 5)

        assert (second.found, second.adopted) == (3, 3)
        for delivery_id in running:
            timeline = (await on.deliveries.query(delivery_id, "timeline"))["entries"]
            assert sum("adopted in version" in entry["what"] for entry in timeline) == 1


async def test_it_is_not_faster_than_is_wished_and_tells_who_refused(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BEFORE) as on:
        running = [await on.start() for _ in range(3)]
        await listed(on, BEFORE, 3)
        start = time.monotonic()

        taken = await take_over(on.deliveries, NOWHERE, [published(BEFORE)], 2, _nobody)

        assert time.monotonic() - start >= 1
        assert (taken.refused, taken.adopted) == (3, 0)
        assert sorted(said.split(":")[0] for said in taken.troubles) == sorted(running)
        assert all("UnknownRulebook" in said for said in taken.troubles)


def _nobody(taken: Takeover) -> None:
    pass
