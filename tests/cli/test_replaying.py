"""`doorstep replay`: of recorded histories, and of what runs on a real server."""

import json
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from cli import replaying
from settings import Settings, read_settings
from tests.workflows.books import MISSED_SCAN, a_book
from tests.workflows.recording import folder
from tests.workflows.stage import a_status, stage
from tests.workflows.test_delivery import is_open
from tests.workflows.test_replay import Hesitant
from workflows.contract import TASK_QUEUE
from workflows.replay import replayed, running
from workflows.workflow_types import WORKFLOW_TYPES

CHANGED = [Hesitant, *WORKFLOW_TYPES[1:]]


def settings(folder: Path) -> Settings:
    return read_settings({"DOORSTEP_HOME": str(folder)})


async def test_recorded_histories_are_replayed_and_a_changed_workflow_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder() / "delivery-missed-scan-cured.json.gz"

    same = await replaying.replay_recordings([file], settings(tmp_path), "text")
    said = capsys.readouterr().out
    monkeypatch.setattr(replaying, "replayed", partial(replayed, types=CHANGED))
    changed = await replaying.replay_recordings([file], settings(tmp_path), "text")

    assert (same, changed) == (0, 1)
    assert said.startswith("replayed 1 histories with ")
    told = capsys.readouterr().out
    assert told.startswith("Delivery delivery-D-")
    assert "TMPRL1100" in told
    assert "differing: 1; see docs/changing-workflows.md" in told


async def test_what_runs_on_a_server_is_replayed_before_the_new_code_is_deployed(
    temporal: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.client.service_client.config.target_host)
    async with stage(temporal.client, a_book(MISSED_SCAN), queue=TASK_QUEUE) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.until(delivery_id, is_open("missed-scan"))
        monkeypatch.setattr(replaying, "running", partial(_listed, delivery_id))

        same = await replaying.replay_running(settings(tmp_path), None, "json")
        told = json.loads(capsys.readouterr().out)
        monkeypatch.setattr(replaying, "replayed", partial(replayed, types=CHANGED))
        changed = await replaying.replay_running(settings(tmp_path), None, "json")

    assert (same, changed) == (0, 1)
    assert (told["replayed"], told["differing"]) == (1, [])
    assert [one["workflow_id"] for one in json.loads(capsys.readouterr().out)["differing"]] == [f"delivery-{delivery_id}"]


async def _listed(delivery_id: str, *args: Any) -> AsyncIterator[Any]:
    """What runs, once the server lists the delivery: other tests leave deliveries of books that no store has."""
    found: Iterable[Any] = []
    while not (found := [one async for one in running(*args) if one.workflow_id == f"delivery-{delivery_id}"]):
        pass
    for one in found:
        yield one
