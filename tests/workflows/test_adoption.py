"""Another version of the rulebook for running deliveries, on a real Temporal server, with workers that start cold in between."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, WorkflowReplayResult

from domain.delivery import delivery_of
from domain.instant import HOUR, SECOND
from rules.book import Rulebook, canonical_json, sha256
from rules.decisions import Remark
from rules.tree import TrafficDelay
from rules.watch import Watch
from settings import read_settings
from store.database import Database
from store.migrate import migrate
from store.rulebooks import Rulebooks
from tests.workflows.books import ATTEMPT, OUT, TELL, TICKET, a_book, a_rule
from tests.workflows.stage import a_status, an_event, an_order, stage
from tests.workflows.test_delivery import acted, all_closed, ended, is_open, seconds_between
from worker import working
from workflows.client import Deliveries, RefusedError
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.orders import DeliveryOrder
from workflows.payloads import DATA_CONVERTER
from workflows.rulebooks import SHELF, Shelf
from workflows.state import STATE_KEY, State, packed, unpacked

HELD = a_rule("held", OUT, hold=4 * SECOND, do=(TICKET,), on_resolve={"cured": (TICKET,)})
ACTING = replace(HELD, says="it says something else", do=(TELL,), on_resolve={"cured": (TELL,)})
LONGER = replace(HELD, hold=HOUR)
NOWHERE = "0" * 64


def published(book: Rulebook) -> str:
    """The version of a book that workers of this process have at hand."""
    canonical = canonical_json(book)
    SHELF.put(sha256(canonical), canonical)
    return sha256(canonical)


async def test_a_hold_goes_on_when_only_texts_and_actions_change(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(HELD)) as on:
        delivery_id, out = await on.start(), a_status("out_for_delivery")
        await on.deliveries.report(delivery_id, [out])

        answer = await on.deliveries.ask(delivery_id, "adopt_rulebook", {"version": published(a_book(ACTING))})
        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        assert answer["ok"]
        assert 4 <= seconds_between(out["occurred_at"], snapshot["open_incidents"][0]["opened_at"]) < 5
        assert snapshot["rulebook"]["version"] == published(a_book(ACTING))
        assert snapshot["incidents"][0]["rulebook_version"] == published(a_book(ACTING))
        timeline = (await on.deliveries.query(delivery_id, "timeline"))["entries"]
        assert any(entry["what"].startswith("rulebook standard adopted in version") for entry in timeline)


async def test_the_copy_and_the_search_attributes_tell_of_the_new_version(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(HELD)) as on:
        delivery_id, version = await on.start(), published(a_book(LONGER))

        await on.deliveries.ask(delivery_id, "adopt_rulebook", {"version": version})
        await on.until(delivery_id, lambda _: on.paper.copies[-1].rulebook_version == version)
        described = await on.deliveries.handle(delivery_id).describe()

        shown = {pair.key.name: pair.value for pair in described.typed_search_attributes}
        assert shown["RulebookVersion"] == version[:12]


async def test_an_open_incident_finishes_under_the_book_that_opened_it(temporal: WorkflowEnvironment) -> None:
    now = replace(HELD, hold=0)
    async with stage(temporal.client, a_book(now)) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.until(delivery_id, acted("open_ticket", "done"))

        await on.deliveries.ask(delivery_id, "adopt_rulebook", {"version": published(a_book(ATTEMPT))})
        still = await on.snapshot(delivery_id)
        why = await on.deliveries.query(delivery_id, "why", {"rule": "held"})
        await on.deliveries.report(delivery_id, [a_status("at_hub")])
        cured = await on.until(delivery_id, lambda seen: all_closed(seen) and acted("solve_ticket", "done")(seen))
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        after = await on.snapshot(delivery_id)

        assert still["open_incidents"][0]["rule"] == "held"
        assert why["rules"][0]["phase"] == "open"
        assert cured["incidents"][0]["rulebook_version"] == on.book
        assert [act["action"] for act in cured["actions"]].count("open_ticket") == 2
        assert len(after["incidents"]) == 1


@pytest.mark.parametrize(
    ("version", "type_", "says"),
    [
        pytest.param(NOWHERE, "UnknownRulebook", "no rulebook version 0000", id="unknown"),
        pytest.param("standard", "InvalidInput", "version: String should match", id="no version"),
    ],
)
async def test_a_version_that_there_is_not_is_refused(temporal: WorkflowEnvironment, version: str, type_: str, says: str) -> None:
    async with stage(temporal.client, a_book(HELD)) as on:
        delivery_id = await on.start()

        with pytest.raises(RefusedError, match=says) as refused:
            await on.deliveries.ask(delivery_id, "adopt_rulebook", {"version": version})

        assert refused.value.type == type_
        assert (await on.snapshot(delivery_id))["rulebook"]["version"] == on.book


async def test_a_book_that_this_program_cannot_evaluate_is_refused(
    temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = canonical_json(a_book(a_rule("slow", TrafficDelay(HOUR)))).replace('"traffic_delay"', '"tea_leaves"')
    async with stage(temporal.client, a_book(HELD)) as on:
        monkeypatch.setattr(SHELF, "_fetch", {sha256(broken): broken}.__getitem__)
        delivery_id = await on.start()

        with pytest.raises(RefusedError, match="cannot be used by this program") as refused:
            await on.deliveries.ask(delivery_id, "adopt_rulebook", {"version": sha256(broken)})

        assert refused.value.type == "InvalidInput"
        assert (await on.snapshot(delivery_id))["rulebook"]["version"] == on.book


async def test_adopting_the_same_version_twice_is_adopting_it_once(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(HELD)) as on:
        delivery_id, version = await on.start(), published(a_book(ACTING))

        for _ in range(2):
            await on.deliveries.ask(delivery_id, "adopt_rulebook", {"version": version})
        timeline = (await on.deliveries.query(delivery_id, "timeline"))["entries"]

        assert sum("adopted" in entry["what"] for entry in timeline) == 1


async def test_a_signal_adopts_as_well_and_what_it_cannot_adopt_is_counted(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(HELD)) as on:
        delivery_id, version = await on.start(), published(a_book(ACTING))
        handle = on.deliveries.handle(delivery_id)

        for request in ({"version": NOWHERE}, {"version": 7}, {"version": version}):
            await handle.signal("adopt_rulebook", request)
        adopted = await on.until(
            delivery_id, lambda seen: seen["rulebook"]["version"] == version and seen["rejected"]["count"] == 2
        )

        assert any("no rulebook version 0000" in reason for reason in adopted["rejected"]["last"])
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        assert (await ended(on, delivery_id))["status"] == "delivered"


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Empties the memory of this process, as if it had just started."""

    def forget() -> None:
        monkeypatch.setattr(SHELF, "_books", {})
        monkeypatch.setattr(SHELF, "_fetch", Shelf()._fetch)

    return forget


async def replayed_from(folder: Path, history: WorkflowHistory) -> WorkflowReplayResult:
    """A history played again by a process that finds the rulebooks in a folder only."""
    SHELF.fetch_from(lambda version: (folder / f"{version}.json").read_text("utf-8"), "reference")
    replayer = Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER)
    return await replayer.replay_workflow(history)


async def test_workers_that_start_cold_go_on_under_the_adopted_version_and_the_history_replays(
    temporal: WorkflowEnvironment, tmp_path: Path, cold: Callable[[], None]
) -> None:
    settings = read_settings({"DOORSTEP_HOME": str(tmp_path), "DOORSTEP_DATABASE_URL": f"sqlite:///{tmp_path}/store.db"})
    await migrate(settings.database_url)
    database, queue = Database(settings.database_url), f"test-{uuid.uuid4().hex[:8]}"
    deliveries = Deliveries(temporal.client, queue)
    now, later = replace(HELD, hold=0, id="now"), replace(HELD, do=(TICKET,))
    first = await Rulebooks(database).publish("standard", canonical_json(a_book(now, later)), now=1)
    order = an_order()
    delivery_id = order["delivery_id"]

    async with working(temporal.client, settings, queue):
        await deliveries.start(order)
        await deliveries.report(delivery_id, [a_status("out_for_delivery")])
        opened = await deliveries.query(delivery_id, "snapshot")
    second = await Rulebooks(database).publish("standard", canonical_json(a_book(replace(later, says="other"))), now=2)
    cold()
    async with working(temporal.client, settings, queue):
        await deliveries.ask(delivery_id, "adopt_rulebook", {"version": second})
    cold()
    async with working(temporal.client, settings, queue):
        await deliveries.report(delivery_id, [an_event("note")])
        between = await deliveries.query(delivery_id, "snapshot")
        while not is_open("held")(snapshot := await deliveries.query(delivery_id, "snapshot")):
            await deliveries.report(delivery_id, [an_event("note")])
        await deliveries.report(delivery_id, [a_status("delivered")])
        await deliveries.handle(delivery_id).result()
        history = await deliveries.handle(delivery_id).fetch_history()
        cold()
        replayed = await replayed_from(tmp_path / "rulebooks", history)
    await database.close()

    assert (opened["rulebook"]["version"], between["rulebook"]["version"]) == (first, second)
    assert [incident["rule"] for incident in between["open_incidents"]] == ["now"]
    versions = {incident["rule"]: incident["rulebook_version"] for incident in snapshot["incidents"]}
    assert versions == {"now": first, "held": second}
    opened_at = {incident["rule"]: incident["opened_at"] for incident in snapshot["incidents"]}
    assert 4 <= seconds_between(opened_at["now"], opened_at["held"]) < 5
    assert replayed.replay_failure is None


def test_what_was_adopted_goes_through_continue_as_new_and_an_older_state_is_still_read() -> None:
    order = DeliveryOrder.model_validate_json(json.dumps(an_order())).order()
    watch = Watch(delivery_of(order, 0), 1, "new", 0, kept={"held": "old"}, remarks=(Remark(5, "adopted", "Kim"),))
    state = State({}, "", watch, "standard", "run", 0, adoptions=1)

    sent = packed(state)
    back = unpacked(json.dumps(sent, separators=(",", ":")).encode())
    for gone in ("kept", "remarks"):
        del sent[STATE_KEY]["watch"][gone]
    del sent[STATE_KEY]["adoptions"]
    older = unpacked(json.dumps(sent, separators=(",", ":")).encode())

    assert back == state
    assert older == replace(state, adoptions=0, watch=replace(watch, kept={}, remarks=()))
