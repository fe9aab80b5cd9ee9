"""The worker is killed (SIGKILL) while offers stand and answers come: no offer is lost or doubled, no room is kept or given twice."""

import asyncio
import os
import signal
from collections.abc import Mapping

import pytest

from cli.demo.fallback.run import play, set_up
from cli.site import Site
from settings import read_settings

pytestmark = [pytest.mark.temporal, pytest.mark.slow, pytest.mark.timeout(300)]


async def kill_the_worker(site: Site) -> None:
    """Just when the first are being asked, and again when it is back."""
    for after_s in (0.25, 5.0):
        await asyncio.sleep(after_s)
        pid = site.worker.pid if site.worker else None
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


async def test_killing_the_worker_while_others_are_asked_loses_and_doubles_nothing(site_environment: Mapping[str, str]) -> None:
    async with set_up(read_settings(site_environment), print) as scene:
        outcome = await play(scene, print, kill_the_worker)
        starts = scene.on.site.worker.starts if scene.on.site.worker else 0

    assert starts == 3
    assert outcome.lost_or_doubled() == [], outcome.shown()
