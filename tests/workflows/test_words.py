"""Words in the Temporal UI: every handler says what it is for, every timer and activity what it is about."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio import workflow

from domain.actions import ACTION_ARGUMENTS, Outcome
from domain.incident import Resolution
from domain.instant import from_iso
from domain.status import Condition, Status
from rules.evaluate import Wake
from workflows.assignment import Assignment
from workflows.delivery import Delivery
from workflows.details import ENDS
from workflows.disruption import Disruption
from workflows.feed import Feed
from workflows.route import Route
from workflows.words import CONDITIONS, DEEDS, OUTCOMES, STATUSES, clipped, deed_label, deed_name, short, timer_label, zone_of

HELSINKI = ZoneInfo("Europe/Helsinki")
TYPES = (Delivery, Route, Assignment, Disruption, Feed)
FILES = sorted((Path(__file__).parents[2] / "workflows").glob("*.py"))


def handlers(type_: type) -> Iterator[tuple[str, str | None]]:
    """Every query, signal and update of a workflow, with its description."""
    definition = workflow._Definition.must_from_class(type_)
    for kind in (definition.queries, definition.signals, definition.updates):
        for name, handler in kind.items():
            yield name or "any signal", handler.description


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.__name__)
def test_every_handler_says_what_it_is_for(type_: type) -> None:
    described = dict(handlers(type_))

    assert described
    assert [name for name, description in described.items() if not description or len(description) < 20] == []


SPENDS: dict[str, tuple[str, ...]] = {
    "execute_activity": ("summary",),
    "execute_activity_method": ("summary",),
    "execute_local_activity": ("summary",),
    "execute_local_activity_method": ("summary",),
    "sleep": ("summary",),
    "start_child_workflow": ("static_summary",),
    "execute_child_workflow": ("static_summary",),
    "start_workflow": ("static_summary",),
    "WithStartWorkflowOperation": ("static_summary",),
}
"""What shows in the UI under a label, and the argument that gives it."""


def unlabelled(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = {keyword.arg for keyword in node.keywords}
        wanted = ("timeout_summary",) if name == "wait_condition" and "timeout" in given else SPENDS.get(name, ())
        if wanted and not given & set(wanted) and "asyncio" not in ast.unparse(node.func):
            yield f"{file.name}:{node.lineno} {name}"


def test_every_timer_activity_and_start_has_a_label() -> None:
    assert [found for file in FILES for found in unlabelled(file)] == []


def test_there_are_words_for_everything_that_is_told() -> None:
    assert set(STATUSES) == set(Status)
    assert set(CONDITIONS) == set(Condition)
    assert set(OUTCOMES) == set(Outcome)
    assert set(ENDS) == set(Resolution)
    assert set(ACTION_ARGUMENTS) <= set(DEEDS)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        pytest.param(deed_label("notify.customer", "late@acme", "do.0"), "tells the customer: late", id="of a layer"),
        pytest.param(deed_label("notify.shift-lead", "late", "escalate.1.do.0/2"), "tells shift-lead: late, escalation 2, repeat 2", id="staff"),
        pytest.param(deed_label("open_ticket", "late", "do.1"), "opens a ticket: late", id="ticket"),
        pytest.param(deed_name("ask_customer"), "a question to the customer", id="name"),
        pytest.param(
            timer_label(Wake(from_iso("2026-11-24T16:12:00Z"), "late opens"), HELSINKI), "until Tue 24 Nov 18:12: late opens", id="timer"
        ),
        pytest.param(
            timer_label(Wake(from_iso("2026-11-24T16:12:05Z"), "late@acme: escalates, b@x opens"), HELSINKI),
            "until Tue 24 Nov 18:12:05: late: escalates, b opens",
            id="timer of layers",
        ),
    ],
)  # fmt: skip
def test_a_label_reads_as_part_of_a_sentence(label: str, said: str) -> None:
    assert label == said


def test_a_label_is_cut_by_bytes_and_never_within_a_character() -> None:
    assert len(short("ä" * 500).encode()) <= 200
    assert clipped("ä" * 500, 10) == "äää..."
    assert short("short") == "short"


def test_a_zone_that_nobody_knows_stops_nothing() -> None:
    assert [zone_of(name).key for name in ("Mars/Olympus", "", "../x")] == ["UTC", "UTC", "UTC"]


def test_handlers_are_walked_from_the_definitions_that_the_worker_serves() -> None:
    names: set[Any] = {name for name, _ in handlers(Delivery)}

    assert {"snapshot", "why", "accepted", "decide", "any signal"} <= names
