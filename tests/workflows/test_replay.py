"""What a worker decided, another decides again from the history alone: a cold worker, and a later version of Doorstep."""

import base64
import gzip
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.common import RawValue
from temporalio.testing import WorkflowEnvironment
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from domain.actions import ActionRequest, ActionResult, Outcome
from tests.workflows.books import ATTEMPT, MISSED_SCAN, a_book
from tests.workflows.recording import HERE, HISTORIES, SCENARIOS, folder
from tests.workflows.stage import a_status, an_event, from_now, stage
from tests.workflows.test_delivery import acted, all_closed, ended
from workflows.contract import DELIVERY
from workflows.replay import Recording, RecordingError, Replayed, lay_out, read, recordings, replayed, type_of, written
from workflows.workflow_types import WORKFLOW_TYPES

with workflow.unsafe.imports_passed_through():
    from workflows.delivery import Delivery


async def test_a_life_with_incidents_updates_and_failures_replays(temporal: WorkflowEnvironment) -> None:
    def fails_once(request: ActionRequest, times: int) -> ActionResult:
        if times == 1 and "queue" in request.args:
            raise ConnectionError("the desk is away")
        return ActionResult(Outcome.DONE, "done")

    async with stage(temporal.client, a_book(MISSED_SCAN, ATTEMPT), fails_once) as on:
        on.paper.broken = 1
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed"), a_status("nonsense")])
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        await on.until(delivery_id, acted("open_ticket", "done"))
        await on.deliveries.ask(delivery_id, "reschedule", {"end": from_now(hours=8), "by": "customer"})
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.until(delivery_id, all_closed)
        await on.until(delivery_id, acted("notify.customer", "done"))
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()

    assert [one.differs async for one in replayed([history], runner=SandboxedWorkflowRunner())] == [None]


def recorded(name: str) -> Recording:
    recording = read(folder() / f"{name}.json.gz")
    lay_out(recording.rulebooks)
    return recording


async def differences(name: str, changed: type) -> list[Replayed]:
    """The histories of a recording that a changed Delivery would not have written."""
    types: Sequence[type] = [changed, *(kind for kind in WORKFLOW_TYPES if kind is not Delivery)]
    return [one async for one in replayed(recorded(name).histories, types=types) if one.differs is not None]


async def test_every_recorded_history_of_every_version_replays() -> None:
    histories: list[WorkflowHistory] = []
    for file in recordings(HISTORIES):
        recording = read(file)
        lay_out(recording.rulebooks)
        histories += recording.histories

    differing = [one async for one in replayed(histories) if one.differs is not None]

    assert differing == []
    assert {type_of(history) for history in histories} == {"Delivery", "Route", "Assignment", "Disruption", "Feed"}


@pytest.mark.parametrize("name", ["delivery-whole-life", "route-breakdown", "assignment-in-turn"])
async def test_the_sandbox_of_the_tests_finds_nothing_wrong_with_them_either(name: str) -> None:
    told = [one async for one in replayed(recorded(name).histories, runner=SandboxedWorkflowRunner())]

    assert [one.differs for one in told] == [None] * len(told)


def test_every_scenario_is_recorded() -> None:
    """`make record-histories` records what is missing."""
    kept = {re.sub(r"-\d+$", "", file.name.removesuffix(".json.gz")) for file in folder().glob("*.json.gz")}

    assert kept == set(SCENARIOS)


def test_every_patch_is_noted_in_some_recorded_history() -> None:
    """Else nothing says that what notes it can be replayed: record the scenario that shows the change."""
    code = "".join(file.read_text() for file in (HERE.parents[1] / "workflows").glob("*.py"))
    patches = set(re.findall(r'\b(?:patched|deprecate_patch)\(\s*"([^"]+)"', code))

    noted = {patch for file in recordings(HISTORIES) for history in read(file).histories for patch in patches_of(history)}

    assert patches
    assert patches - noted == set()


def patches_of(history: WorkflowHistory) -> list[str]:
    """The changes that a history says to count."""
    marked = [event.marker_recorded_event_attributes for event in history.events]
    details = [one.details["patch-data"].payloads for one in marked if one.marker_name == "core_patch"]
    return [str(json.loads(payload.data)["id"]) for payloads in details for payload in payloads]


MACHINE = re.compile(r"/(?:tmp|root|home|work|usr|var)/[\w./-]*|\d+@[\w.-]+\"")
"""Paths, and the name that the SDK gives to a worker."""


def test_recordings_are_small_and_know_nothing_of_the_machine() -> None:
    for file in recordings(HISTORIES):
        raw = gzip.decompress(file.read_bytes()).decode()
        told = raw + "".join(_payloads(raw))

        assert file.stat().st_size < 64_000, file
        assert MACHINE.findall(told) == [], file


def _payloads(text: str) -> list[str]:
    """What payloads hold, without the base64 around it."""
    return [base64.b64decode(data).decode("utf-8", "replace") for data in re.findall(r'"data": ?"([A-Za-z0-9+/=]+)"', text)]


def test_the_same_recording_is_always_the_same_file() -> None:
    for file in recordings(HISTORIES)[::10]:
        assert written(read(file)) == file.read_bytes(), file


@workflow.defn(name=DELIVERY, sandboxed=False)
class Hesitant(Delivery):
    """A changed delivery: it waits a moment before it does anything about an incident."""

    @workflow.run
    async def run(self, order: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await super().run(order)

    async def _do(self, deed: Any) -> None:
        await workflow.sleep(timedelta(milliseconds=1))
        await super()._do(deed)


@workflow.defn(name=DELIVERY, sandboxed=False)
class Guarded(Hesitant):
    """The same change as docs/changing-workflows.md has it made: deliveries that began before go on as they did."""

    @workflow.run
    async def run(self, order: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await super().run(order)

    async def _do(self, deed: Any) -> None:
        if workflow.patched("wait-before-acting"):
            await super()._do(deed)
        else:
            await Delivery._do(self, deed)


async def test_a_command_in_another_order_is_caught_and_it_says_what_differs() -> None:
    (differing,) = await differences("delivery-missed-scan-cured", Hesitant)

    assert (differing.workflow_type, differing.workflow_id[:11]) == ("Delivery", "delivery-D-")
    assert "TMPRL1100" in (differing.differs or "")
    assert "Timer" in (differing.differs or "")


async def test_the_same_change_behind_a_patch_goes_on_with_what_began_before() -> None:
    assert await differences("delivery-missed-scan-cured", Guarded) == []


def test_what_is_no_recording_is_refused_with_what_writes_one(tmp_path: Path) -> None:
    file = tmp_path / "broken.json.gz"
    file.write_bytes(b"{}")

    with pytest.raises(RecordingError, match=r"is no recording of histories \(BadGzipFile\); see make record-histories"):
        read(file)
    with pytest.raises(RecordingError, match="no recorded history is there"):
        recordings(tmp_path / "nowhere")


def test_a_rulebook_that_was_changed_in_a_recording_is_noticed(tmp_path: Path) -> None:
    recording = recorded("delivery-healthy")
    changed = {version: canonical + " " for version, canonical in recording.rulebooks.items()}
    file = tmp_path / "changed.json.gz"
    file.write_bytes(written(Recording("delivery-healthy", changed, recording.histories)))

    with pytest.raises(RecordingError, match="are not what was recorded; record it anew"):
        read(file)
