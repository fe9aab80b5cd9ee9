"""The Feed workflow on a real server, with the real store: it notices silence, and calls who waited when the feed is back."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from activities.feeds import Feeding
from cli.feeds import heard_of
from domain.feed import Expected
from domain.instant import HOUR, MINUTE, SECOND, Span
from store.database import Database
from store.disruptions import Disruptions
from store.feeds import Feeds
from workflows.clock import wall_clock
from workflows.contract import FEED, feed_workflow_id
from workflows.feed import Feed
from workflows.feeds import WatchedFeeds
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER


@dataclass
class Ground:
    """A feed of its own, the store, and who was called."""

    client: Client
    queue: str
    database: Database
    source: str = field(default_factory=lambda: f"F{uuid.uuid4().hex[:8]}")
    called: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def feeds(self) -> Feeds:
        return Feeds(self.database)

    @property
    def watched(self) -> WatchedFeeds:
        return WatchedFeeds(self.client, self.queue)

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(feed_workflow_id(self.source))

    async def open_now(self) -> list[tuple[str, str | None]]:
        return [(one.place, one.kind) for one in await Disruptions(self.database).open_at(wall_clock())]

    async def expect(self, cadence: Span) -> None:
        await self.watched.expect(Expected(self.source, cadence))

    async def heard(self) -> None:
        await heard_of(self.feeds, self.watched, self.source, wall_clock())

    async def until(self, **state: Any) -> dict[str, Any]:
        """The first snapshot that says so."""
        async with asyncio.timeout(20):
            while not state.items() <= (seen := await self.handle.query("snapshot")).items():  # noqa: ASYNC110 - a query is the only way
                await asyncio.sleep(0.05)
        return dict(seen)

    async def tell(self, place: str) -> None:
        self.told.append(place)

    async def look_again(self, delivery_id: str) -> None:
        if delivery_id == "D2":
            raise LookupError("it has ended")
        self.called.append(delivery_id)


@asynccontextmanager
async def ground(client: Client, database: Database) -> AsyncIterator[Ground]:
    on = Ground(client, f"test-{uuid.uuid4().hex[:8]}", database)
    async with working(on):
        yield on


@asynccontextmanager
async def working(on: Ground) -> AsyncIterator[None]:
    deeds = Feeding(on.feeds, Disruptions(on.database), on, on, wall_clock)
    activities: list[Callable[..., Any]] = [deeds.look, deeds.back]
    async with Worker(on.client, task_queue=on.queue, workflows=[Feed], activities=activities, interceptors=[Guard()]):
        yield


async def test_a_feed_that_is_silent_beyond_its_cadence_is_a_disruption_until_it_is_back(
    temporal: WorkflowEnvironment, database: Database
) -> None:
    async with ground(temporal.client, database) as on:
        await on.feeds.seen(on.source, at=wall_clock() - HOUR)
        await on.feeds.park([on.source], "D1", now=wall_clock())
        await on.feeds.park([on.source], "D2", now=wall_clock())

        await on.expect(30 * MINUTE)
        silent = await on.until(silent=True)
        opened = await on.open_now()
        await on.heard()
        await on.until(silent=False)
        async with asyncio.timeout(20):
            while await on.feeds.waiting_for(on.source):  # noqa: ASYNC110 - the last thing that it does
                await asyncio.sleep(0.05)
        history = await on.handle.fetch_history()

    replayed = await Replayer(workflows=[Feed], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(history)
    assert (silent["source"], silent["cadence_seconds"]) == (on.source, 1800)
    assert opened == [(f"feed:{on.source}", "silent")]
    assert await on.open_now() == []
    assert on.told == [f"feed:{on.source}", f"feed:{on.source}"]
    assert (on.called, await on.feeds.waiting_for(on.source)) == (["D1"], ())
    assert replayed.replay_failure is None
    assert len(history.events) < 40


async def test_it_wakes_when_the_feed_would_be_silent_and_reports_are_no_signals(
    temporal: WorkflowEnvironment, database: Database
) -> None:
    async with ground(temporal.client, database) as on:
        await on.feeds.seen(on.source, at=wall_clock())
        await on.expect(2 * SECOND)
        await on.until(silent=False)
        for _ in range(4):
            await asyncio.sleep(0.5)  # the feed's own pace
            await on.heard()
        alive = await on.open_now()
        await on.until(silent=True)
        signals = [
            event
            for event in (await on.handle.fetch_history()).events
            if event.HasField("workflow_execution_signaled_event_attributes")
        ]

    assert alive == []
    assert len(signals) == 1
    assert await on.open_now() == [(f"feed:{on.source}", "silent")]


async def test_one_that_was_never_heard_of_is_not_silent_and_is_watched_from_its_first_report(
    temporal: WorkflowEnvironment, database: Database
) -> None:
    async with ground(temporal.client, database) as on:
        await on.expect(SECOND)
        never = await on.until(silent=False)
        await on.heard()
        await on.until(silent=True)

    assert never["last_seen"] is None


async def test_another_worker_goes_on_and_a_new_cadence_counts_at_once(temporal: WorkflowEnvironment, database: Database) -> None:
    async with ground(temporal.client, database) as on:
        await on.feeds.seen(on.source, at=wall_clock() - MINUTE)
        await on.expect(HOUR)
        await on.until(silent=False)

    async with working(on):
        await on.expect(10 * SECOND)
        await on.until(silent=True, cadence_seconds=10)

    assert await on.open_now() == [(f"feed:{on.source}", "silent")]


async def test_what_is_wrong_with_an_expectation_is_said_and_bad_signals_are_counted(
    temporal: WorkflowEnvironment, database: Database
) -> None:
    async with ground(temporal.client, database) as on:
        workflow_id = feed_workflow_id(on.source)
        for sent in ({}, {"source": "another", "cadence_seconds": 60}, {"source": on.source, "cadence_seconds": 0}, None):
            with pytest.raises(WorkflowFailureError) as wrong:
                await on.client.execute_workflow(FEED, sent, id=workflow_id, task_queue=on.queue)
            assert isinstance(wrong.value.cause, ApplicationError)
            assert wrong.value.cause.type == "InvalidInput"

        await on.expect(HOUR)
        await on.handle.signal("expect", args=[1, 2])
        await on.handle.signal("nonsense")
        seen = await on.until(silent=False)

    assert seen["rejected"]["count"] == 2


async def test_a_feed_that_nobody_watches_may_be_heard_of(temporal: WorkflowEnvironment, database: Database) -> None:
    on = Ground(temporal.client, "nobody", database)

    await on.heard()

    assert (await on.feeds.states([on.source]))[on.source].last_seen is not None
