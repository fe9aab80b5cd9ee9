"""Groups on a real Temporal server: three deliveries of one van, one action for them, whatever happens to the worker."""

from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from domain.instant import SECOND
from rules.book import Grouping, Ladder, LadderStep, Rulebook
from rules.tree import Is
from tests.workflows.books import TELL, TICKET, a_book, a_rule
from tests.workflows.stage import Stage, a_status, stage
from tests.workflows.test_delivery import acted, all_closed, is_open
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER


def a_van(**group: int | bool) -> Rulebook:
    return a_book(
        a_rule(
            "van",
            Is("status", ("on_hold",), text="status is on_hold"),
            group=Grouping("route", 3, **group),  # type: ignore[arg-type]
            do=(TELL,),
        )
    )


async def three(on: Stage) -> list[str]:
    """Three deliveries of one van, and one of another."""
    return [await on.start(route_id=route) for route in ("R7", "R7", "R7", "R8")]


async def test_three_of_one_van_open_together_and_one_of_them_acts_once(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_van(instead=True)) as on:
        *mine, other = await three(on)
        for delivery_id in (*mine[:2], other):
            await on.deliveries.report(delivery_id, [a_status("on_hold")])
            await on.until(delivery_id, lambda seen: seen["status"] == "on_hold")
        before = [await on.snapshot(delivery_id) for delivery_id in mine]

        await on.deliveries.report(mine[2], [a_status("on_hold")])
        for delivery_id in mine:
            await on.until(delivery_id, is_open("van"))
        await on.until(mine[2], acted("notify.customer", "done"))
        held = [await on.until(delivery_id, acted("notify.customer", "withheld")) for delivery_id in mine[:2]]
        apart = await on.snapshot(other)

        assert [seen["open_incidents"] for seen in before] == [[], [], []]
        assert len(on.recorder.requests) == 1
        assert on.recorder.requests[0].key == "disruption/1/van/do.0/0"
        assert "disruption 1 acts" in str(held[0])
        assert apart["open_incidents"] == []


async def test_one_is_enough_and_when_it_has_ended_another_goes_on_with_the_escalation(temporal: WorkflowEnvironment) -> None:
    """Nobody escalated any more once the delivery that had acted for its van was cured."""
    ladder = Ladder((LadderStep(10 * SECOND, (TICKET,)),))
    condition = Is("status", ("on_hold",), text="status is on_hold")
    rule = a_rule("van", condition, group=Grouping("route", 1, instead=True), do=(TELL,), escalate=ladder)
    async with stage(temporal.client, a_book(rule)) as on:
        first, second, alone = [await on.start(route_id=route) for route in ("R7", "R7", None)]

        await on.deliveries.report(first, [a_status("on_hold")])
        await on.until(first, acted("notify.customer", "done"))
        for delivery_id in (second, alone):
            await on.deliveries.report(delivery_id, [a_status("on_hold")])
        await on.until(second, acted("notify.customer", "withheld"))
        await on.until(alone, acted("notify.customer", "done"))
        await on.deliveries.report(first, [a_status("in_transit")])
        await on.until(first, all_closed)
        await on.until(second, acted("open_ticket", "done"))

        keys = [request.key for request in on.recorder.requests]
        assert [key for key in keys if key.startswith("disruption/1/")] == [
            "disruption/1/van/do.0/0",
            "disruption/1/van/escalate.0.do.0/0",
        ]
        assert any(key.startswith(f"{alone}/") for key in keys)


async def test_nothing_is_done_twice_when_the_worker_ends_while_the_group_gathers(temporal: WorkflowEnvironment) -> None:
    book = a_van(gather=2 * SECOND, instead=True)
    async with stage(temporal.client, book) as on:
        mine = (await three(on))[:3]
        for delivery_id in mine:
            await on.deliveries.report(delivery_id, [a_status("on_hold")])
        for delivery_id in mine:
            await on.until(delivery_id, is_open("van"))
        done_before = list(on.recorder.requests)

    async with stage(temporal.client, book, queue=on.queue, elsewhere=on.elsewhere) as again:
        seen = [await again.until(one, lambda seen: bool(seen["actions"])) for one in mine]
        await again.until(mine[_leader(again, mine)], acted("notify.customer", "done"))
        for delivery_id in mine:
            await again.deliveries.report(delivery_id, [a_status("in_transit")])
            await again.until(delivery_id, all_closed)
        history = await again.deliveries.handle(mine[0]).fetch_history()

    replayed = await Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(
        history
    )

    assert done_before == []
    assert len(seen) == 3
    assert [request.key for request in again.recorder.requests] == ["disruption/1/van/do.0/0"]
    assert not on.elsewhere.groups.disruptions
    assert replayed.replay_failure is None


def _leader(on: Stage, mine: list[str]) -> int:
    group = next(iter(on.elsewhere.groups.groups.values()))
    assert group.leading is not None
    return mine.index(group.leading.delivery_id)


async def test_while_the_store_is_away_nothing_opens_and_it_does_once_it_is_back(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_van()) as on:
        mine = (await three(on))[:3]
        for delivery_id in mine[:2]:
            await on.deliveries.report(delivery_id, [a_status("on_hold")])
            await on.until(delivery_id, lambda seen: seen["status"] == "on_hold")
        on.elsewhere.broken = 2

        await on.deliveries.report(mine[2], [a_status("on_hold")])
        for delivery_id in mine:
            await on.until(delivery_id, acted("notify.customer", "done"))

        assert len({request.key for request in on.recorder.requests}) == 3
