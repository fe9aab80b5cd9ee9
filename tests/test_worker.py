"""How the worker ends, and what it tells people to do."""

import re
from pathlib import Path

import pytest

from cli.supervisor import GENTLE
from worker import ENDS_WITHIN

ROOT = Path(__file__).parent.parent


def test_actions_get_time_to_end_before_the_supervisor_ends_the_process() -> None:
    """A clean stop cancelled actions between sending and noting it: their effects were in doubt."""
    assert 5 < ENDS_WITHIN.total_seconds() < GENTLE
    assert "graceful_shutdown_timeout=ENDS_WITHIN" in (ROOT / "worker.py").read_text()


@pytest.mark.parametrize("file", ["worker.py", "cli/doctor.py"])
def test_scripts_that_people_are_sent_to_are_there(file: str) -> None:
    """Both named deploy/search-attributes.sh, which there never was."""
    named = re.findall(r"deploy/[a-z-]+\.sh", (ROOT / file).read_text())

    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
