"""Boards see how far a delivery has come without a word of it in its history."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from benchmarks.books import shipped
from cli.publishing import publish
from domain.copy import DeliveryCopy
from domain.glimpse import Glimpse
from domain.status import Status
from rules.check import Check
from settings import read_settings
from store.database import Database
from store.deliveries import Deliveries as Copies
from store.migrate import migrate
from tests.temporal import temporal_server
from tests.workflows.books import ATTEMPT, a_book
from tests.workflows.stage import Stage, a_status, an_event, an_order, from_now, stage
from tests.workflows.test_delivery import acted, ended
from web.app import Gateway, gateway_app
from worker import working
from workflows.client import Deliveries
from workflows.clock import wall_clock
from workflows.delivery import Delivery
from workflows.glimpses import Glimpsing
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER

BOOK = a_book(ATTEMPT)


def counted(history: WorkflowHistory) -> Counter[str]:
    """How many events of each type there are."""
    return Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history.events)


async def on_its_way(on: Stage, *statuses: str) -> str:
    """A delivery that was reported step by step."""
    delivery_id = await on.start()
    for seen, status in enumerate(statuses, 1):
        await on.deliveries.report(delivery_id, [a_status(status)])
        await on.until(delivery_id, lambda snapshot, seen=seen: snapshot["events_seen"] == seen)  # type: ignore[misc]
    return delivery_id


async def test_every_step_is_glimpsed_and_only_start_and_end_are_written(temporal: WorkflowEnvironment) -> None:
    steps = ["assigned", "picked_up", "at_hub", "out_for_delivery", "arrived"]
    async with stage(temporal.client, BOOK) as on:
        delivery_id = await on_its_way(on, *steps)
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()

    assert [glimpse.status for glimpse in on.paper.glimpses] == steps
    assert [glimpse.events_seen for glimpse in on.paper.glimpses] == [1, 2, 3, 4, 5]
    assert {(glimpse.delivery_id, glimpse.generation, glimpse.revision) for glimpse in on.paper.glimpses} == {(delivery_id, 1, 1)}
    assert [copy.status for copy in on.paper.copies] == ["created", "delivered"]
    assert on.paper.copies[-1].events_seen == 6
    happened = counted(history)
    assert happened["MARKER_RECORDED"] == happened["UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"] == 2


async def test_a_replay_glimpses_nothing(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BOOK) as on:
        delivery_id = await on_its_way(on, "at_hub", "out_for_delivery")
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()
    seen = list[Glimpse]()

    replayer = Replayer(workflows=[Delivery], interceptors=[Guard(), Glimpsing(seen.append)], data_converter=DATA_CONVERTER)
    replayed = await replayer.replay_workflow(history)

    assert replayed.replay_failure is None
    assert seen == []


async def test_what_changes_nothing_on_boards_is_not_glimpsed(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BOOK) as on:
        delivery_id = await on_its_way(on, "out_for_delivery")
        for number in range(3):
            await on.deliveries.report(delivery_id, [an_event("scan", event_id=f"s{number}")])
        await on.until(delivery_id, lambda snapshot: snapshot["events_seen"] == 4)

    assert [glimpse.status for glimpse in on.paper.glimpses] == [Status.OUT_FOR_DELIVERY]


async def test_an_eta_is_glimpsed(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BOOK) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("eta", eta=from_now(hours=1))])
        await on.until(delivery_id, lambda snapshot: snapshot["eta"] is not None)

    assert [glimpse.eta is not None for glimpse in on.paper.glimpses] == [True]
    assert len(on.paper.copies) == 1


async def test_what_a_copy_says_is_not_glimpsed_as_well(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BOOK) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        await on.until(delivery_id, acted("notify.customer", "done"))

    assert "attempt_failed" in [copy.status for copy in on.paper.copies]
    assert on.paper.glimpses == []


async def test_a_status_that_comes_while_a_copy_is_written_is_glimpsed_after_it(
    temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shown at once, a copy that was slow would have put the older status back."""
    asked, go_on, known = asyncio.Event(), asyncio.Event(), list[int]()
    async with stage(temporal.client, BOOK) as on:
        delivery_id = await on.start()

        async def slowly(copy: DeliveryCopy) -> None:
            asked.set()
            await go_on.wait()
            known.append(len(on.paper.glimpses))

        monkeypatch.setattr(on.paper, "write", slowly)
        await on.deliveries.report(delivery_id, [an_event("promise_changed", detail={"end": from_now(hours=9)})])
        await asked.wait()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        asyncio.get_running_loop().call_later(0.3, go_on.set)
        await on.until(delivery_id, lambda _: bool(on.paper.glimpses))

    assert known == [0]
    assert [(glimpse.status, glimpse.revision) for glimpse in on.paper.glimpses] == [(Status.OUT_FOR_DELIVERY, 2)]


async def test_glimpses_keep_their_order_when_a_delivery_goes_on_as_new() -> None:
    async with (
        temporal_server("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=30") as environment,
        stage(environment.client, BOOK) as on,
    ):
        delivery_id = await on_its_way(on, "at_hub")
        first_run = (await on.deliveries.handle(delivery_id).describe()).run_id
        for number in range(30):
            await on.deliveries.report(delivery_id, [an_event("note", event_id=f"n{number}")])
        await on.until(delivery_id, lambda snapshot: snapshot["events_seen"] == 31)
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.until(delivery_id, lambda snapshot: snapshot["status"] == "out_for_delivery")
        run = (await on.deliveries.handle(delivery_id).describe()).run_id

    places = [(glimpse.revision, glimpse.events_seen) for glimpse in on.paper.glimpses]
    assert run != first_run
    assert places == sorted(places)
    assert places[-1] == (1, 32)
    assert len(on.paper.copies) == 1


async def test_a_worker_that_takes_over_shows_what_the_one_before_may_not_have(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BOOK) as on:
        delivery_id = await on_its_way(on, "out_for_delivery")
        queue = on.queue

    async with stage(temporal.client, BOOK, queue=queue) as cold:
        await cold.deliveries.report(delivery_id, [an_event("scan")])
        await cold.until(delivery_id, lambda snapshot: snapshot["events_seen"] == 2)

    assert [replace(glimpse, events_seen=0) for glimpse in cold.paper.glimpses] == [
        replace(glimpse, events_seen=0) for glimpse in on.paper.glimpses
    ]


async def test_the_store_and_the_status_page_show_that_a_delivery_is_out(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    settings = read_settings({"DOORSTEP_HOME": str(tmp_path)}, tmp_path / "none.toml")
    await migrate(settings.database_url)
    database = Database(settings.database_url)
    await publish(Check((shipped(),), ()), database)
    copies, queue, order = Copies(database), f"test-{tmp_path.name}", an_order()
    app = gateway_app(Gateway(database, "http://127.0.0.1:8233", wall_clock))
    async with working(temporal.client, settings, queue):
        deliveries = Deliveries(temporal.client, queue)
        await deliveries.start(order)
        await deliveries.report(order["delivery_id"], [a_status("out_for_delivery")])

        seen = await _once_seen(copies, Status.OUT_FOR_DELIVERY)
        async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep") as client:
            page = (await client.get("/")).text
        await deliveries.report(order["delivery_id"], [a_status("arrived")])
        await deliveries.query(order["delivery_id"], "snapshot")
    at_the_end = await copies.open()
    await database.close()

    assert (seen.revision, seen.events_seen) == (1, 1)
    assert '<td data-name="Status">out for delivery' in page
    assert [(copy.status, copy.revision) for copy in at_the_end] == [(Status.ARRIVED, 1)]


async def _once_seen(copies: Copies, status: Status, within: float = 15) -> DeliveryCopy:
    async with asyncio.timeout(within):
        while not (found := [copy for copy in await copies.open() if copy.status is status]):  # noqa: ASYNC110 - as people look
            await asyncio.sleep(0.05)
    return found[0]
