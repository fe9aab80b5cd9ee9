"""Current details of states that are cheaper to make than to wait for."""

from dataclasses import replace

from temporalio.testing import WorkflowEnvironment

from domain.actions import Outcome
from domain.feed import Expected, FeedLook
from domain.instant import HOUR, from_iso
from domain.replanning import Answered, PlannedStop
from tests.workflows.books import ATTEMPT, a_book
from tests.workflows.stage import a_status, an_event, from_now, stage
from workflows.place_details import feed_details
from workflows.route_details import details_of
from workflows.route_plan import RouteState

NOON = from_iso("2026-11-24T12:00:00Z")


async def test_a_muted_rule_and_what_is_over_are_told_and_a_closed_delivery_says_so(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()
        handle = on.deliveries.handle(delivery_id)
        await on.deliveries.report(delivery_id, [an_event("attempt_failed", reason="consignee_not_home")])
        await on.until(delivery_id, lambda snapshot: all(act["outcome"] == "done" for act in snapshot["actions"]))
        mute = {"rule": "attempt", "until": from_now(hours=1), "reason": "a *strike*", "by": "Kim"}
        await on.deliveries.ask(delivery_id, "mute", mute)
        muted = str(await handle.query("__temporal_workflow_metadata"))
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await handle.result()
        closed = str(await handle.query("__temporal_workflow_metadata"))

    assert "Failed attempts: 1 of 3, the last one because: consignee not home." in muted
    assert "Rule `attempt` is muted until" in muted
    assert "by Kim: a strike." in muted
    assert "It is closed, nothing more happens. The first promise was kept." in closed
    assert "### What is over" in closed
    assert "it says attempt (`attempt`):" in closed


def test_a_route_tells_its_plan_who_waits_and_what_was_answered_in_its_own_time() -> None:
    state = RouteState("R1", "2026-11-24", "Europe/Helsinki", NOON + 10 * HOUR)
    answer = Answered("D-7", "reroute", Outcome.NO_HELP, "no other order reaches it earlier")
    planned = replace(state, version=3, stops=(PlannedStop("D-8", NOON),), answers=((NOON, answer),))

    assert "The plan has not been looked at yet." in details_of(state)
    told = details_of(planned)
    assert "Version 3 of the plan is in force. Stops to come: 1, the next for D-8 at Tue 24 Nov 14:00." in told
    assert "- Tue 24 Nov 14:00, D-7: a better order of stops: could not help (no other order reaches it earlier)" in told
    assert "The day ends at **Wed 25 Nov 00:00** (Europe/Helsinki)." in told
    assert "All of its stops are done." in details_of(replace(planned, stops=()))


def test_a_feed_tells_whether_it_reports_and_when_it_counts_as_silent() -> None:
    expected = Expected("acme", 2 * HOUR)

    never = feed_details(expected, FeedLook(None, False), None)
    well = feed_details(expected, FeedLook(NOON, False), NOON + 2 * HOUR)
    silent = feed_details(expected, FeedLook(NOON, True), NOON + 6 * HOUR)

    assert "acme has never been heard of" in never
    assert "It is watched from its first report on." in never
    assert "It should report every 2 hours. It was heard of last at **Tue 24 Nov 12:00 UTC**." in well
    assert "If nothing is heard of it by **Tue 24 Nov 14:00 UTC**, it counts as silent." in well
    assert "`disruption-feed-acme`" in silent
    assert "We look again at **Tue 24 Nov 18:00 UTC**" in silent
