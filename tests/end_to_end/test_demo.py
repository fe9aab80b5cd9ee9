"""`doorstep demo`, as a person or a CI job runs it."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.demo.faults import FAULTS

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.temporal, pytest.mark.slow, pytest.mark.timeout(300)]


async def demo(environment: Mapping[str, str], *options: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "demo", *options),
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.alone
async def test_every_injected_fault_is_noticed_in_time_and_nothing_else_is(site_environment: Mapping[str, str]) -> None:
    code, out, err = await demo(site_environment, "--once", "--format", "json")

    assert code == 0, err + out
    report: dict[str, Any] = json.loads(out)
    assert report["deliveries"] == 40
    assert report["problems"] == []
    assert report["false_incidents"] == []
    assert {fault["fault"] for fault in report["faults"]} == set(FAULTS)
    assert all(0 <= fault["delay_seconds"] <= 1 for fault in report["faults"])
    assert all(fault["rule"] == FAULTS[fault["fault"]].rule and fault["actions"] for fault in report["faults"])
    assert all(effects["doubled"] == effects["failed"] == effects["lost"] == 0 for effects in report["effects"].values())
    assert all(
        report["effects"][action]["done"] for action in ("notify.email", "notify.sms", "open_ticket", "reroute", "reassign")
    )
    assert all(oddity["counted"] == oddity["distinct"] for oddity in report["oddities"])
    assert "The day passes 600 times as fast" in err


async def test_a_folder_that_is_not_the_demos_is_left_alone(site_environment: Mapping[str, str], tmp_path: Path) -> None:
    precious = tmp_path / "site-demo" / "precious.txt"
    precious.parent.mkdir()
    precious.write_text("mine")

    code, _, err = await demo(site_environment, "--once")

    assert code == 2
    assert "is not the demo's" in err
    assert precious.read_text() == "mine"
