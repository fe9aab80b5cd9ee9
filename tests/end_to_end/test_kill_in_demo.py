"""The worker, then the Temporal server, are killed (SIGKILL) in the middle of a day; nothing is lost, nothing is done twice."""

from collections.abc import Mapping, Sequence

import pytest
from rich.console import Console

from cli.demo.player import Interruption
from cli.demo.report import print_report
from cli.demo.run import Stage, perform, set_up
from cli.demo.verdict import MISSED, Verdict
from cli.site import Site
from settings import read_settings

pytestmark = [pytest.mark.temporal, pytest.mark.slow, pytest.mark.timeout(300)]

JUST_AFTER_MS = 150
"""After an incident opened: its mail, SMS and ticket are on their way."""


def kills(site: Site) -> Sequence[Interruption]:
    """At 11:45 a delivery becomes late; at 13:36 two deliveries' van has stood for too long."""
    return (
        Interruption("11:45", "worker", lambda: site.worker.pid if site.worker else None, after_ms=JUST_AFTER_MS),
        Interruption("13:36", "Temporal", lambda: site.temporal.pid if site.temporal else None, after_ms=JUST_AFTER_MS),
    )


def lost_or_doubled(verdict: Verdict) -> list[str]:
    """What may not happen however long a process was away. Deadlines may pass meanwhile."""
    never = [f.delivery_id for f in verdict.findings if f.noticed_at is None and f.resolution != MISSED]
    unclean = [f"{action}: {tally}" for action, tally in verdict.effects.items() if not tally.is_clean]
    broken = [
        problem for problem in verdict.problems if "ended" in problem or "nobody took" in problem or "were counted" in problem
    ]
    return never + unclean + broken


async def test_killing_the_worker_and_the_server_loses_and_doubles_nothing(site_environment: Mapping[str, str]) -> None:
    stage = Stage(Console(stderr=True, width=140), live=False)

    async with set_up(read_settings(site_environment), stage) as scene:
        scenario, verdict = await perform(scene, stage, kills)
        starts = [program.starts for program in (scene.site.worker, scene.site.temporal) if program]

    print_report(verdict, scenario.day, stage.console)
    assert starts == [2, 2]
    assert lost_or_doubled(verdict) == []
    assert verdict.deliveries == 40
    assert verdict.effects["notify.email"].done > 5
