"""Workers are replaced one after the other by those of the next version while deliveries begin, report and end: no task fails, no
effect is missed or doubled, every delivery ends as it should."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from cli.temporal_server import temporal_binary
from tests.end_to_end.rolling import Count, Ground, counted, ground, load
from tests.end_to_end.rolling_worker import PATCH

pytestmark = [pytest.mark.temporal, pytest.mark.slow, pytest.mark.timeout(400)]

HELD = {"DOORSTEP_HELD_PATCHES": PATCH}
APART_S = 0.4


def whole(count: Count) -> None:
    """Nothing was lost, nothing done twice, nothing got stuck."""
    assert count.ended == count.sent
    assert sorted(count.tickets.values()) == [1] * count.sent
    assert count.troubles == {}
    assert count.failing == 0


@pytest.mark.skipif("DOORSTEP_ROLLING" not in os.environ, reason="five workers one after the other take a minute: make rolling")
async def test_unversioned_workers_learn_the_change_first_and_use_it_once_all_know_it(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with ground(temporal.client, tmp_path) as on:
        await on.begins("old-1", "old")
        await on.begins("old-2", "old")
        async with load(on, APART_S):
            await on.begins("knows-1", "new", **HELD)
            codes = [await on.ends("old-1")]
            await on.begins("knows-2", "new", **HELD)
            codes.append(await on.ends("old-2"))
            await on.begins("uses-1", "new")
            codes += [await on.ends("knows-1"), await on.ends("knows-2")]
            await _some_begin(on, 3)

        count = await counted(on)

    whole(count)
    assert codes == [0, 0, 0, 0]
    assert 0 < count.patched < count.sent


async def test_with_worker_versioning_a_share_goes_over_first_and_old_workers_end_when_all_have(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with ground(temporal.client, tmp_path) as on:
        name = on.queue
        await on.begins("unversioned", "old")
        async with load(on, APART_S):
            await on.begins("one", "old", DOORSTEP_DEPLOYMENT=name, DOORSTEP_BUILD_ID="1")
            await _worker_deployment(on, "set-current-version", "--build-id", "1")
            codes = [await on.ends("unversioned")]
            await on.begins("two", "new", DOORSTEP_DEPLOYMENT=name, DOORSTEP_BUILD_ID="2")
            await _worker_deployment(on, "set-ramping-version", "--build-id", "2", "--percentage", "50")
            await _some_begin(on, 6)
            await _worker_deployment(on, "set-current-version", "--build-id", "2")
            await _some_begin(on, 3)
            codes.append(await on.ends("one"))

        count = await counted(on)
        said = (tmp_path / "one.log").read_text()

    whole(count)
    assert codes == [0, 0]
    assert 0 < count.patched < count.sent
    assert "temporal worker deployment set-current-version --deployment-name " in said
    assert {"1", "2"} <= set(count.builds)


async def _some_begin(on: Ground, number: int) -> None:
    wanted = len(on.sent) + number
    async with asyncio.timeout(60):
        while len(on.sent) < wanted:  # noqa: ASYNC110 - they begin by themselves
            await asyncio.sleep(0.1)


async def _worker_deployment(on: Ground, *arguments: str) -> Any:
    """What docs/changing-workflows.md has people do, by Temporal's own program."""
    address = on.client.service_client.config.target_host
    command = [
        temporal_binary(),
        "worker",
        "deployment",
        *arguments,
        "--deployment-name",
        on.queue,
        "--address",
        address,
        "--yes",
    ]
    async with asyncio.timeout(120):
        while True:  # a worker's version is known a moment after its first poll
            process = await asyncio.create_subprocess_exec(
                *command, "-o", "json", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
            told, error = await process.communicate()
            if process.returncode == 0:
                return json.loads(told) if told.strip().startswith(b"{") else None
            assert b"not found" in error.lower() or b"no pollers" in error.lower(), error.decode()
            await asyncio.sleep(0.5)
