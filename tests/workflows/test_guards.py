"""Guards on a real Temporal server: looked up by one local activity, kept, looked up again when somebody calls."""

import asyncio

from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from domain.guards import Disrupted, FeedState
from domain.instant import HOUR, SECOND
from rules.directory import Carrier, Directory
from rules.tree import All, DisruptionOpen, EventPattern, Is, Received
from tests.workflows.books import NO_SCAN, OUT, TELL, a_book, a_rule
from tests.workflows.stage import a_status, an_event, stage
from tests.workflows.test_delivery import acted, all_closed, ended, is_open
from workflows.clock import wall_clock
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER

ON_HUB = DisruptionOpen("hub", text="disruption open on hub")
HELD_UP = a_rule("held-up", All((Is("status", ("on_hold",), text="status is on_hold"), ON_HUB)), do=(TELL,))
DOWN = a_rule("down", DisruptionOpen("hub", "strike", text="disruption open on hub of kind strike"), do=(TELL,))
AFTER = a_rule("after", Received(EventPattern("opened held-up"), text="opened held-up received"), clears_when=ON_HUB)
MISSED = a_rule("missed", All((OUT, NO_SCAN)), do=(TELL,))


async def test_a_guard_is_looked_up_once_when_the_rest_is_true_and_the_rule_opens_in_the_same_task(
    temporal: WorkflowEnvironment,
) -> None:
    async with stage(temporal.client, a_book(HELD_UP)) as on:
        on.elsewhere.open_on["hub:HEL1"] = (Disrupted(),)
        delivery_id = await on.start(hub="HEL1")
        await on.deliveries.report(delivery_id, [a_status("in_transit")])
        await on.until(delivery_id, lambda seen: seen["status"] == "in_transit")
        before = on.elsewhere.looks

        await on.deliveries.report(delivery_id, [a_status("on_hold")])
        await on.until(delivery_id, is_open("held-up"))
        why = (await on.deliveries.query(delivery_id, "why", {"rule": "held-up"}))["rules"][0]

        assert before == 0
        assert on.elsewhere.looks >= 1
        assert [sentence["truth"] for sentence in why["sentences"]] == ["true", "true"]


async def test_a_rule_of_guards_alone_opens_and_closes_when_it_is_called(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(DOWN)) as on:
        delivery_id = await on.start(hub="HEL1")
        on.elsewhere.open_on["hub:HEL1"] = (Disrupted("strike"),)
        await on.deliveries.look_again(delivery_id)
        await on.until(delivery_id, is_open("down"))

        on.elsewhere.open_on.clear()
        await on.deliveries.look_again(delivery_id)
        snapshot = await on.until(delivery_id, all_closed)

        assert [incident["resolution"] for incident in snapshot["incidents"]] == ["cured"]
        assert snapshot["rejected"]["count"] == 0
        assert snapshot["events_seen"] == 0


async def test_a_disruption_that_ends_by_itself_wakes_the_delivery_then(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(DOWN)) as on:
        delivery_id = await on.start(hub="HEL1")
        on.elsewhere.open_on["hub:HEL1"] = (Disrupted("strike", wall_clock() + 3 * SECOND),)
        await on.deliveries.look_again(delivery_id)
        await on.until(delivery_id, is_open("down"))

        snapshot = await on.until(delivery_id, all_closed)

        assert [incident["resolution"] for incident in snapshot["incidents"]] == ["cured"]


async def test_no_false_missed_scan_while_the_feed_is_silent_and_it_opens_once_the_feed_is_back(
    temporal: WorkflowEnvironment,
) -> None:
    directory = Directory(carriers={"acme": Carrier(cadence=HOUR)})
    async with stage(temporal.client, a_book(MISSED, directory=directory)) as on:
        on.elsewhere.known_feeds["acme"] = FeedState(last_seen=0)
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        async with asyncio.timeout(15):
            while not on.elsewhere.parked:  # noqa: ASYNC110 - what the activity did is the only sign
                await asyncio.sleep(0.05)
        silent = await on.snapshot(delivery_id)

        on.elsewhere.known_feeds["acme"] = FeedState(last_seen=4_000_000_000 * SECOND)
        await on.deliveries.look_again(delivery_id)
        await on.until(delivery_id, is_open("missed"))

        assert silent["open_incidents"] == []
        assert on.elsewhere.parked == [("acme", delivery_id)]


async def test_while_nobody_can_be_asked_the_guard_is_unknown_and_it_is_asked_again_once_somebody_can(
    temporal: WorkflowEnvironment,
) -> None:
    async with stage(temporal.client, a_book(HELD_UP)) as on:
        on.elsewhere.open_on["hub:HEL1"] = (Disrupted(),)
        on.elsewhere.broken = 1
        delivery_id = await on.start(hub="HEL1")

        await on.deliveries.report(delivery_id, [a_status("on_hold")])
        await on.until(delivery_id, is_open("held-up"))

        assert on.elsewhere.looks >= 3


async def test_a_life_with_guards_and_openings_replays(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(HELD_UP, DOWN, AFTER)) as on:
        on.elsewhere.broken = 2
        delivery_id = await on.start(hub="HEL1")
        on.elsewhere.open_on["hub:HEL1"] = (Disrupted(), Disrupted("strike"))
        await on.deliveries.report(delivery_id, [a_status("on_hold")])
        await on.until(delivery_id, acted("notify.customer", "done"))
        await on.until(delivery_id, is_open("down"))
        on.elsewhere.open_on.clear()
        await on.deliveries.report(delivery_id, [an_event("note")])
        await on.until(delivery_id, lambda seen: "held-up" not in {one["rule"] for one in seen["open_incidents"]})
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()

    replayed = await Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(
        history
    )

    assert replayed.replay_failure is None


async def test_what_falls_due_while_guards_are_looked_up_is_not_lost(temporal: WorkflowEnvironment) -> None:
    quick = a_rule("quick", Is("status", ("on_hold",), text="status is on_hold"), hold=SECOND)
    async with stage(temporal.client, a_book(HELD_UP, quick)) as on:
        delivery_id = await on.start(hub="HEL1")
        on.elsewhere.takes_s = 1.5  # longer than the hold of the other rule
        await on.deliveries.report(delivery_id, [a_status("on_hold")])

        opened = await on.until(delivery_id, is_open("quick"))

        assert [one["rule"] for one in opened["open_incidents"]] == ["quick"]
