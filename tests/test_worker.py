"""How the worker ends, and what it tells people to do."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from activities.registry import ACTIVITIES
from cli.planning import WorkflowsRunning
from cli.supervisor import GENTLE
from domain.actions import ACTION_ARGUMENTS
from integrations.messaging.silent import NoSms, NoWhatsApp
from integrations.webhooks.sender import Webhooks
from rules.directory_reader import read_directory_file
from settings import read_settings, secret_named
from store.database import Database
from store.library import Library
from store.rulebooks import Rulebooks
from store.tickets import Desk as BuiltIn
from worker import ENDS_WITHIN, activities_of
from workflows.clock import wall_clock

ROOT = Path(__file__).parent.parent


def test_actions_get_time_to_end_before_the_supervisor_ends_the_process() -> None:
    """A clean stop cancelled actions between sending and noting it: their effects were in doubt."""
    assert 5 < ENDS_WITHIN.total_seconds() < GENTLE
    assert "graceful_shutdown_timeout=ENDS_WITHIN" in (ROOT / "worker.py").read_text()


NOBODY = cast("WorkflowsRunning", SimpleNamespace(deliveries=None, routes=None, places=None, feeds=None))
"""Nothing runs that activities could speak to."""


async def test_the_worker_does_every_action_that_a_rule_may_ask_for(tmp_path: Path) -> None:
    settings = read_settings({"DOORSTEP_HOME": str(tmp_path)})
    database, read = Database(settings.database_url), read_directory_file(settings.rules / "directory.yaml")
    library = Library(Rulebooks(database), tmp_path, settings.database_url)
    webhooks = Webhooks(read.endpoints, secret_named, wall_clock)

    done = activities_of(settings, database, library, NoSms(), NoWhatsApp(), read, webhooks, BuiltIn(database), NOBODY)

    names = {getattr(one, "__temporal_activity_definition").name for one in done}
    assert names >= {*ACTION_ARGUMENTS, *ACTIVITIES}
    await database.close()


def test_every_action_has_its_activity() -> None:
    assert set(ACTIVITIES) == {*ACTION_ARGUMENTS, "update_ticket", "solve_ticket", "ask_approver"}


@pytest.mark.parametrize("file", ["worker.py", "cli/looks/engine.py"])
def test_scripts_that_people_are_sent_to_are_there(file: str) -> None:
    """Both named deploy/search-attributes.sh, which there never was."""
    named = re.findall(r"deploy/[a-z-]+\.sh", (ROOT / file).read_text())

    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
