"""`doorstep rules adopt`, `delivery mute` and `delivery decide` against a real server."""

import asyncio
import json

import pytest
from temporalio.testing import WorkflowEnvironment

from cli.adoption import adopt_rulebook, roll_back
from cli.deliveries import decide_proposal
from cli.muting import mute_rule
from domain.incident import Mode
from rules.book import Rulebook, canonical_json
from settings import Settings
from store.database import Database
from store.rulebooks import Rulebooks
from tests.workflows.books import ATTEMPT, FAILED, LATE, TICKET, a_book, a_rule
from tests.workflows.stage import an_event, from_now, stage
from tests.workflows.test_takeover import listed
from workflows.contract import TASK_QUEUE
from workflows.takeover import Takeover

ASKING = a_rule("asking", FAILED, mode=Mode.PROPOSE, do=(TICKET,))


async def published(database: Database, *books: Rulebook) -> list[str]:
    """The versions of one rulebook, the last of which is current."""
    shelf = Rulebooks(database)
    return [await shelf.publish("standard", canonical_json(book), now=now) for now, book in enumerate(books, 1)]


async def test_running_deliveries_adopt_mute_and_decide_by_command(
    temporal: WorkflowEnvironment,
    settings: Settings,
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.client.service_client.config.target_host)
    before, after = a_book(ATTEMPT, LATE), a_book(ASKING, LATE)
    _, version = await published(sqlite_database, before, after)
    async with stage(temporal.client, before, queue=TASK_QUEUE) as on:
        async with stage(temporal.client, after, queue="elsewhere"):
            delivery_id = await on.start()
        await listed(on, before, 1)

        adopted = await adopt_rulebook(settings, "standard", 50, "json")
        told = json.loads(capsys.readouterr().out)
        muted = await mute_rule(delivery_id, "late", from_now(hours=1), None, "", "Kim")
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        with pytest.raises(LookupError, match="awaits an answer"):
            await decide_proposal(await on.start(), None, approve=True, by="Kim")
        decided = await decide_proposal(delivery_id, None, approve=False, by="Kim")
        snapshot = await on.snapshot(delivery_id)

    assert (adopted, muted, decided) == (0, 0, 0)
    assert (told["version"], told["found"], told["adopted"], told["troubles"]) == (version, 1, 1, [])
    assert [mute["rule"] for mute in snapshot["muted"]] == ["late"]
    assert snapshot["proposals"][0]["answer"] == "rejected"


async def test_one_command_goes_back_to_the_version_before_while_deliveries_begin_and_report(
    temporal: WorkflowEnvironment,
    settings: Settings,
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.client.service_client.config.target_host)
    good, bad = a_book(ATTEMPT, LATE), a_book(ASKING, ATTEMPT)
    version, _ = await published(sqlite_database, good, bad)
    async with stage(temporal.client, bad, queue=TASK_QUEUE) as on, stage(temporal.client, good, queue="elsewhere"):
        running = [await on.start() for _ in range(10)]
        await listed(on, bad, 10)

        async def reports() -> None:
            for delivery_id in running * 3:
                await on.deliveries.report(delivery_id, [an_event("scan")])

        code, _ = await asyncio.gather(roll_back(settings, "standard", 50, "json"), reports())
        told = json.loads(capsys.readouterr().out)
        snapshots = [await on.until(one, lambda seen: seen["events_seen"] == 3) for one in running]
        current = await Rulebooks(sqlite_database).current("standard")

    assert code == 0
    assert current == version
    assert (told["version"], told["adopted"], told["troubles"]) == (version, 10, [])
    assert {seen["rulebook"]["version"] for seen in snapshots} == {version}


async def test_a_rollback_that_one_delivery_did_not_answer_says_how_to_go_on_and_not_forth_again(
    settings: Settings, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said "run it again", and another rollback made the bad version current again for everybody."""
    good, bad = await published(sqlite_database, a_book(ATTEMPT), a_book(LATE))

    async def nobody(_: Settings) -> None:
        return None

    async def one_is_left(_: object, version: str, *__: object) -> Takeover:
        return Takeover(version, found=2, adopted=1, unanswered=1)

    monkeypatch.setattr("cli.adoption.deliveries_of", nobody)
    monkeypatch.setattr("cli.adoption.take_over", one_is_left)
    codes = [await roll_back(settings, "standard", 7, "text")]
    told = capsys.readouterr()
    codes += [
        await roll_back(settings, "standard", 7, "json", good[:12]),
        await adopt_rulebook(settings, "standard", 7, "text", bad),
    ]
    current = await Rulebooks(sqlite_database).current("standard")

    assert (codes, current) == ([1, 1, 1], good)
    assert told.err.splitlines() == [
        f"standard: {good[:12]} is current; if this is cut off, `doorstep rules adopt standard --rate 7` goes on",
        "go on with those that are left: `doorstep rules adopt standard --rate 7`",
    ]
    assert "again" not in told.out
    assert f"`doorstep rules adopt standard --rate 7 --from {bad[:12]}`" in capsys.readouterr().err
