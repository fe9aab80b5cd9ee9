"""A canary while deliveries begin and report all the time, on a real Temporal server, with the real worker and store."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from cli.adoption import adopt_rulebook
from cli.canary import end_canary, promote_canary, show_canary, widen_canary
from cli.publishing import publish
from domain.lot import lot
from rules.book import Rulebook, canonical_json, sha256
from rules.check import Check
from settings import Settings, read_settings
from store.database import Database
from store.deliveries import Deliveries as Copies
from store.migrate import migrate
from tests.chaos.evidence import HARMLESS
from tests.workflows.books import ATTEMPT, LATE, a_book
from tests.workflows.stage import a_status, an_event, an_order
from tests.workflows.test_adoption import cold, replayed_from
from worker import working
from workflows.client import Deliveries
from workflows.contract import TASK_QUEUE

__all__ = ["cold"]

SENDERS = 3
ENOUGH = 6
"""Deliveries that begin while nothing changes, before the next change."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A delivery: the version that it got, and the moments (see Load.moment) between which it was admitted."""

    delivery_id: str
    version: str
    after: int
    before: int


@dataclass
class Load:
    """Order systems that start deliveries and report on them all the time. `shares`: which percentage has got the new version, one
    for each time between two changes. The moment is even at such times, odd during a change."""

    deliveries: Deliveries
    old: str
    new: str
    shares: list[int] = field(default_factory=lambda: [0])
    changing: bool = False
    stopped: bool = False
    begun: list[Begun] = field(default_factory=list)

    @property
    def moment(self) -> int:
        return 2 * (len(self.shares) - 1) + self.changing

    async def send(self) -> None:
        while not self.stopped:
            order, after = an_order(), self.moment
            accepted = await self.deliveries.start(order)
            self.begun.append(Begun(order["delivery_id"], accepted["rulebook_version"], after, self.moment))
            await self.deliveries.report(order["delivery_id"], [an_event("scan")])

    @asynccontextmanager
    async def change(self, share: int) -> AsyncIterator[None]:
        """Once enough deliveries have begun as it is, changes which share has the new version."""
        await self.enough()
        self.changing = True
        yield
        self.shares.append(share)
        self.changing = False

    async def enough(self) -> None:
        """Waits until deliveries have begun since the last change, old and new ones if both can be."""
        wanted = {self.new} if self.shares[-1] == 100 else {self.old} if self.shares[-1] == 0 else {self.old, self.new}
        async with asyncio.timeout(120):
            while len(here := self._since()) < ENOUGH or {one.version for one in here} != wanted:
                assert {one.version for one in here} <= wanted
                await asyncio.sleep(0.05)

    def _since(self) -> list[Begun]:
        return [one for one in self.begun if one.after == self.moment]

    def strays(self) -> list[Begun]:
        """Deliveries whose version is not that of their lot at any moment at which they can have been admitted."""
        return [one for one in self.begun if one.version not in self._right(one)]

    def _right(self, one: Begun) -> set[str]:
        shares = self.shares[one.after // 2 : (one.before + 1) // 2 + 1]
        return {self.new if lot(one.delivery_id) < share else self.old for share in shares}


@dataclass
class Site:
    """A worker with its database and two versions, of which the first is current; the load goes on until it is stopped."""

    settings: Settings
    database: Database
    load: Load
    senders: Sequence["asyncio.Task[None]"]
    new: Rulebook

    async def stop(self) -> list[str]:
        """Ends the load; the ids of all deliveries."""
        self.load.stopped = True
        await asyncio.gather(*self.senders)
        return [one.delivery_id for one in self.load.begun]

    async def versions(self, ids: Sequence[str]) -> set[str]:
        return {(await self.load.deliveries.query(one, "snapshot"))["rulebook"]["version"] for one in ids}

    async def adopted(self, ids: Sequence[str], version: str, only: str | None = None) -> None:
        """Lets them adopt it, again for those that the server's lists, a little late, did not have yet."""
        async with asyncio.timeout(120):
            while await self.versions(ids) != {version}:
                assert await adopt_rulebook(self.settings, "standard", 200, "json", only) == 0

    async def end(self, ids: Sequence[str]) -> list[WorkflowHistory]:
        """Delivers all; their histories."""

        async def ended(one: str) -> WorkflowHistory:
            await self.load.deliveries.report(one, [a_status("delivered")])
            await self.load.deliveries.handle(one).result()
            return await self.load.deliveries.handle(one).fetch_history()

        return await asyncio.gather(*map(ended, ids))


def a_version(what: str) -> Rulebook:
    return a_book(ATTEMPT, replace(LATE, says=f"late: {what}"))


@asynccontextmanager
async def under_load(temporal: WorkflowEnvironment, folder: Path, what: str) -> AsyncIterator[Site]:
    made = {"DOORSTEP_HOME": str(folder), "DOORSTEP_DATABASE_URL": f"sqlite:///{folder}/store.db"}
    settings = read_settings(made)
    await migrate(settings.database_url)
    database, old, new = Database(settings.database_url), a_version(f"before {what}"), a_version(what)
    await publish(Check((old,), ()), database)
    before, after = (sha256(canonical_json(book)) for book in (old, new))
    load = Load(Deliveries(temporal.client, TASK_QUEUE), before, after)
    async with working(temporal.client, settings):
        senders = [asyncio.create_task(load.send()) for _ in range(SENDERS)]
        site = Site(settings, database, load, senders, new)
        try:
            yield site
        finally:
            load.stopped = True
            await asyncio.gather(*senders)
            await database.close()


def failures(histories: Sequence[WorkflowHistory]) -> list[str]:
    """What made tasks fail."""
    told = [one.workflow_task_failed_event_attributes for history in histories for one in history.events]
    return [one.failure.message for one in told if one.ByteSize() and one.cause not in HARMLESS]


@pytest.fixture(autouse=True)
def at_the_server(temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.client.service_client.config.target_host)


async def test_each_delivery_gets_the_version_of_its_lot_while_a_canary_is_published_widened_and_promoted(
    temporal: WorkflowEnvironment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with under_load(temporal, tmp_path, "promoted") as site:
        load = site.load
        async with load.change(30):
            await publish(Check((site.new,), ()), site.database, share=30)
        async with load.change(70):
            await widen_canary(site.settings, "standard", 70, "json")
        await load.enough()
        capsys.readouterr()
        await show_canary(site.settings, "standard", "json")
        shown = json.loads(capsys.readouterr().out)
        async with load.change(100):
            await promote_canary(site.settings, "standard", "json")
        await load.enough()
        ids = await site.stop()
        copies = [await Copies(site.database).latest(one) for one in ids]
        await site.adopted(ids, load.new)
        histories = await site.end(ids)

    assert load.strays() == []
    assert [copy.rulebook_version for copy in copies if copy] == [one.version for one in load.begun]
    assert shown["canary"]["share"] == 70
    assert shown["canary"]["deliveries"] >= 2
    assert failures(histories) == []


async def test_after_a_canary_has_ended_under_load_no_delivery_has_it_any_more(
    temporal: WorkflowEnvironment, tmp_path: Path, cold: Callable[[], None]
) -> None:
    async with under_load(temporal, tmp_path, "ended") as site:
        load = site.load
        async with load.change(50):
            await publish(Check((site.new,), ()), site.database, share=50)
        async with load.change(0):
            assert await end_canary(site.settings, "standard", 200, "json") == 0
        await load.enough()
        ids = await site.stop()
        await site.adopted(ids, load.old, load.new[:12])
        histories = await site.end(ids)
        of_canary = next(n for n, one in enumerate(load.begun) if one.version == load.new)
        cold()
        await replayed_from(tmp_path / "rulebooks", histories[of_canary])

    assert load.strays() == []
    assert {one.version for one in load.begun} == {load.old, load.new}
    assert failures(histories) == []
