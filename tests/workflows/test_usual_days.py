"""Days as most deliveries have them, on a real Temporal server: nothing happens, or it comes late."""

from temporalio.testing import WorkflowEnvironment

from cli.rules import templates_for
from rules.book import Rulebook
from rules.check import check
from settings import SHIPPED_RULES
from tests.workflows.books import LATE, a_book
from tests.workflows.stage import a_status, an_event, from_now, stage
from tests.workflows.test_delivery import acted, ended

MOST_EVENTS = 65
"""Of a healthy delivery with eight scans, each reported by itself (issue 5)."""

SCANS = ("picked_up", "in_transit", "at_hub", "in_transit", "at_hub", "out_for_delivery", "arrived", "delivered")


def shipped() -> Rulebook:
    books = check(SHIPPED_RULES, templates_for(SHIPPED_RULES)).books
    return next(book for book in books if book.name == "standard")


async def test_a_healthy_delivery_under_the_shipped_rulebook_has_a_short_history(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, shipped()) as on:
        delivery_id = await on.start()
        for count, status in enumerate(SCANS, start=1):
            await on.deliveries.report(delivery_id, [an_event("scan", status=status)])
            await on.until(delivery_id, lambda seen, count=count: seen["events_seen"] == count)  # type: ignore[misc]

        seen = await on.snapshot(delivery_id)

        history = await on.deliveries.handle(delivery_id).fetch_history()
        assert (seen["status"], seen["condition"], seen["incidents"]) == ("delivered", "on_time", [])
        assert on.recorder.requests == []
        assert len(history.events) <= MOST_EVENTS


async def test_a_late_delivery_tells_its_customer_and_ends_late(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(LATE)) as on:
        delivery_id = await on.start(promised={"end": from_now(seconds=2)})
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.until(delivery_id, acted("notify.customer", "done"))
        await on.deliveries.report(delivery_id, [a_status("delivered")])

        result = await ended(on, delivery_id)

        snapshot = await on.snapshot(delivery_id)
        assert result["incidents"] == 1
        assert snapshot["condition"] == "late"
        assert [request.args["template"] for request in on.recorder.requests] == ["running-late"]
