"""`doorstep rules adopt`, `delivery mute` and `delivery decide` against a real server."""

import json
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from cli.adoption import adopt_rulebook
from cli.deliveries import decide_proposal
from cli.muting import mute_rule
from domain.incident import Mode
from rules.book import canonical_json
from settings import read_settings
from store.database import Database
from store.migrate import migrate
from store.rulebooks import Rulebooks
from tests.workflows.books import ATTEMPT, FAILED, LATE, TICKET, a_book, a_rule
from tests.workflows.stage import an_event, from_now, stage
from tests.workflows.test_takeover import listed
from workflows.contract import TASK_QUEUE

ASKING = a_rule("asking", FAILED, mode=Mode.PROPOSE, do=(TICKET,))


async def test_running_deliveries_adopt_mute_and_decide_by_command(
    temporal: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.client.service_client.config.target_host)
    settings = read_settings({"DOORSTEP_HOME": str(tmp_path), "DOORSTEP_DATABASE_URL": f"sqlite:///{tmp_path}/store.db"})
    await migrate(settings.database_url)
    database, before, after = Database(settings.database_url), a_book(ATTEMPT, LATE), a_book(ASKING, LATE)
    await Rulebooks(database).publish("standard", canonical_json(before), now=1)
    version = await Rulebooks(database).publish("standard", canonical_json(after), now=2)
    await database.close()
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
