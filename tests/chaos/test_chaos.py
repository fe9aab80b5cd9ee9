"""The short run of `make chaos`: every part is killed once under load, and nothing is lost.

DOORSTEP_CHAOS_DELIVERIES says how many deliveries, DOORSTEP_SEED which run it is.
"""

import os
from pathlib import Path

import pytest

from tests.chaos.play import Size, play
from tests.chaos.report import as_json

DELIVERIES = int(os.environ.get("DOORSTEP_CHAOS_DELIVERIES", "60"))
SEED = int(os.environ.get("DOORSTEP_SEED", "1"))

pytestmark = [pytest.mark.temporal, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(600)]


async def test_nothing_is_lost_while_every_part_is_killed(tmp_path: Path) -> None:
    pytest.importorskip("pgserver", reason="the database that is killed is PostgreSQL, from the package pgserver")
    said: list[str] = []

    outcome = await play(SEED, Size(DELIVERIES, rate=10.0, each=1, workers=1), tmp_path, said.append)

    shown = as_json(outcome)
    assert shown["lost"] == {}, f"seed {SEED}, {DELIVERIES} deliveries; logs and what is known of each loss are in {tmp_path}"
    assert set(shown["kills"]) == {"Temporal", "database", "gateway", "worker 1"}, f"seed {SEED}"
    assert shown["seen"]["faults noticed"] > 0
    assert shown["seen"]["effects arrived"] > 0
    assert shown["seen"]["garbage refused"] > 0
    assert shown["losses"]["cannot be replayed"] == 0
    assert shown["seen"]["histories replayed"] >= shown["seen"]["workflows"] > DELIVERIES
