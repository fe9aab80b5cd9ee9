"""A worker that knows nothing, neither in memory nor on disk, takes over open deliveries of several versions of a rulebook."""

import asyncio
import os
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from cli.publishing import publish
from cli.rules import templates_for
from rules.check import check
from tests.end_to_end.rolling import BOOK, Ground, counted, ground
from tests.workflows.stage import a_status, an_order

OPEN, VERSIONS = 100 if "DOORSTEP_ROLLING" in os.environ else 24, 4
"""A hundred by `make rolling`."""

pytestmark = [pytest.mark.temporal, pytest.mark.slow, pytest.mark.timeout(400)]


async def test_a_cold_worker_takes_over_deliveries_of_four_versions_and_no_task_fails(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with ground(temporal.client, tmp_path) as on:
        await on.begins("warm", "old")
        versions = set()
        for number in range(VERSIONS):
            versions |= await _published(on, number)
            await asyncio.gather(*(_begun(on) for _ in range(OPEN // VERSIONS)))
        code = await on.ends("warm")

        await on.begins("cold", "old")  # with a home of its own
        kept = {file.stem for file in (tmp_path / "cold" / "rulebooks").glob("*.json")}
        await asyncio.gather(*(on.deliveries.report(one, [a_status("on_hold")]) for one in on.sent))
        while len(await on.ticketed()) < OPEN:  # noqa: ASYNC110 - another process opens them
            await asyncio.sleep(0.2)
        await asyncio.gather(*(on.deliveries.report(one, [a_status("delivered")]) for one in on.sent))
        results = await asyncio.gather(*(on.deliveries.handle(one).result() for one in on.sent))
        count = await counted(on)

    assert code == 0
    assert len(versions) == VERSIONS
    assert versions <= kept
    assert {(result["status"], result["incidents"]) for result in results} == {("delivered", 1)}
    assert sorted(count.tickets.values()) == [1] * OPEN
    assert (count.troubles, count.failing) == ({}, 0)


async def _published(on: Ground, number: int) -> set[str]:
    """Another version of the same book."""
    rules = on.home / "rules"
    text = BOOK.replace("It is held up", f"It is held up ({number})")
    await asyncio.to_thread((rules / "standard.yaml").write_text, text)
    return {one.version for one in await publish(check(rules, templates_for(rules)), on.database)}


async def _begun(on: Ground) -> None:
    order = an_order(promised={"end": "2099-01-01T12:00:00+02:00"})
    on.sent.append(str(order["delivery_id"]))
    await on.deliveries.start(order)
