"""A delivery is judged by the edition of the evaluator that its history names, whatever the newest one of its worker is."""

import json
import uuid
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from cli.deployment import edition_of
from rules import openings
from rules.batch import NO_ENDS
from rules.evaluate import Verdict, evaluate
from settings import read_settings
from tests.workflows.books import ATTEMPT, LATE, a_book
from tests.workflows.recording import folder
from tests.workflows.stage import an_event, stage
from tests.workflows.test_adoption import published
from tests.workflows.test_delivery import is_open
from workflows.replay import lay_out, read, replayed
from workflows.state import STATE_KEY, State, packed, unpacked

BOOK, NEXT = a_book(ATTEMPT), a_book(ATTEMPT, LATE)


def second_edition(
    book: Any, before: Any, after: Any, cells: Any, learnt: Any, last: Any, now: Any, edition: int = 2, ends: Any = NO_ENDS
) -> Verdict:
    """A program with a second edition, by which nothing ever opens."""
    if edition >= 2:
        return Verdict(cells)
    return evaluate(book, before, after, cells, learnt, last, now, 1, ends)


def careless(*arguments: Any) -> Verdict:
    """A program that was changed without one."""
    return Verdict(arguments[3])


async def test_an_older_edition_is_kept_when_a_later_program_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = read(folder() / "delivery-missed-scan-cured.json.gz")
    lay_out(recording.rulebooks)

    monkeypatch.setattr(openings, "evaluate", second_edition)
    kept = [one.differs async for one in replayed(recording.histories)]
    monkeypatch.setattr(openings, "evaluate", careless)
    lost = [one.differs async for one in replayed(recording.histories)]

    assert kept == [None]
    assert "TMPRL1100" in str(lost[0])


async def test_what_begins_gets_the_edition_of_its_worker_and_what_runs_keeps_its_own_until_it_adopts(
    temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openings, "evaluate", second_edition)
    queue = f"test-{uuid.uuid4().hex[:8]}"
    async with stage(temporal.client, BOOK, queue=queue) as on:
        running, adopting = await on.start(), await on.start()
    async with stage(temporal.client, BOOK, queue=queue, edition=2) as on:
        new = await on.start()
        await on.deliveries.ask(adopting, "adopt_rulebook", {"version": published(NEXT)})
        for delivery_id in (running, adopting, new):
            await on.deliveries.report(delivery_id, [an_event("attempt_failed")])

        opened = await on.until(running, is_open("attempt"))
        others = [await on.until(one, lambda seen: seen["attempts"] == 1) for one in (adopting, new)]
        histories = [await on.deliveries.handle(one).fetch_history() for one in (running, adopting, new)]

    assert [incident["rule"] for incident in opened["open_incidents"]] == ["attempt"]
    assert [seen["incidents"] for seen in others] == [[], []]
    assert [one.differs async for one in replayed(histories)] == [None] * 3


def test_it_rises_when_the_delivery_goes_on_as_new_and_never_falls() -> None:
    recording = read(folder() / "delivery-continues-as-new.json.gz")
    started = [history.events[0].workflow_execution_started_event_attributes for history in recording.histories]
    payload = next(one.input.payloads[0].data for one in started if STATE_KEY.encode() in one.input.payloads[0].data)
    state = unpacked(payload)
    assert state is not None

    assert state.edition == 1
    assert _as_new(state, 2).edition == 2
    assert _as_new(_as_new(state, 2), 1).edition == 2


def _as_new(state: State, edition: int) -> State:
    again = unpacked(json.dumps(packed(state, edition), separators=(",", ":")).encode())
    assert again is not None
    return again


@pytest.mark.parametrize(("held", "edition"), [("", 3), ("edition-3", 2), ("edition-2,other", 1), ("edition-9", 3)])
def test_an_edition_is_held_back_while_some_worker_does_not_know_it(
    monkeypatch: pytest.MonkeyPatch, held: str, edition: int
) -> None:
    monkeypatch.setattr("cli.deployment.EDITION", 3)

    assert edition_of(read_settings({"DOORSTEP_HELD_PATCHES": held})) == edition
