"""The worker is killed (SIGKILL) again and again while it has effects of every kind in hand: each arrives, and arrives once.

DOORSTEP_KILLS says how often (`make kills`: 200), DOORSTEP_SEED at which moments.
"""

import asyncio
import os
import random
import signal
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest

from domain.actions import Outcome
from store.deliveries import Deliveries as Copies
from store.fleets import Fleets
from tests.end_to_end.kills import EFFECTS, KINDS, NOT_COUNTED, SECRETS, Ground, an_order, counted, fleet, ground, table
from tests.workflows.stage import a_status
from workflows.client import Deliveries

KILLS = int(os.environ.get("DOORSTEP_KILLS", "20"))
SEED = int(os.environ.get("DOORSTEP_SEED", "1"))
AT_ONCE = 3
"""Deliveries that have their effects in hand at each kill."""

LATEST_S = 1.5
"""Within so long after the report everything would have been done."""

pytestmark = [pytest.mark.temporal, pytest.mark.slow, pytest.mark.timeout(360 + 15 * KILLS)]


async def test_no_effect_is_missed_or_doubled_however_often_the_worker_is_killed(
    site_environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "whsec_" + "c2VjcmV0" * 4)
    moments, numbers = random.Random(SEED), count(1)

    async with ground(site_environment, tmp_path) as on:
        deliveries = await on.site.deliveries()
        await Fleets(on.database).take_over(fleet(KILLS * AT_ONCE))
        for _ in range(KILLS):
            for number in [next(numbers) for _ in range(AT_ONCE)]:
                await _sent_out(deliveries, number)
            await asyncio.sleep(moments.uniform(0, LATEST_S))  # the moment is what is tried
            await _killed(on)
        wanted = next(numbers) - 1
        await _all_done(on, wanted)
        effects = await Copies(on.database).effects(limit=100_000)
        lines = counted(wanted, await on.received(), effects)
        asked = [effect for effect in effects if effect.action not in NOT_COUNTED]
        undone = [f"{effect.key}: {effect.outcome} {effect.note}" for effect in asked if effect.outcome is not Outcome.DONE]
        starts = on.site.worker.starts if on.site.worker else 0

    with capsys.disabled():
        print(f"\n{table(lines, KILLS)}")  # noqa: T201 - what `make kills` is asked for
    assert starts > KILLS
    assert [line.kind for line in lines] == list(KINDS)
    assert undone == []
    assert [line for line in lines if not line.is_clean] == []


async def _sent_out(deliveries: Deliveries, number: int) -> None:
    order = an_order(number)
    await deliveries.start(order)
    await deliveries.report(order["delivery_id"], [a_status("out_for_delivery")])


async def _killed(on: Ground) -> None:
    """Waits until another one has taken its place."""
    worker = on.site.worker
    assert worker is not None
    assert worker.pid is not None
    starts = worker.starts
    os.kill(worker.pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        while worker.starts == starts:  # noqa: ASYNC110 - the supervisor says nothing
            await asyncio.sleep(0.05)


async def _all_done(on: Ground, wanted: int) -> None:
    """An effect in doubt is looked at again once its claim has run out. A ticket is told of the others as often as there is news;
    routes tell dispatch of their plans in their own time."""
    async with asyncio.timeout(300):
        while True:
            effects = await Copies(on.database).effects(limit=100_000)
            asked = [effect for effect in effects if effect.action not in NOT_COUNTED]
            is_done = len(asked) >= wanted * EFFECTS and all(effect.outcome is not None for effect in effects)
            if is_done and len((await on.received()).plans_told) >= wanted:
                return
            await asyncio.sleep(0.5)
