"""A rule takes everything off a van that broke down: what follows waits, and whom nobody can take goes on otherwise."""

import pytest

from domain.actions import ActionResult, Outcome
from domain.instant import MINUTE
from rules.deeds import Deed
from rules.results import with_answer, with_outcome
from rules.watch import Watch, look
from tests.builders import an_event, at
from tests.rules.test_contests import a_book
from tests.rules.test_questions import acts, played, started

BOOK = """
- id: van-broken
  when: driver_status breakdown received
  do:
    - reassign_route: {to: [nearby_driver]}
      otherwise: [{reassign: {to: [backup_carrier]}}]
    - notify: {who: customer, template: running-late}
"""
BROKEN = an_event("driver_status", "10:00", detail={"state": "breakdown"})


@pytest.mark.parametrize(
    ("outcome", "did"),
    [
        pytest.param("done", ("reassign_route", "notify.customer"), id="taken"),
        pytest.param("no_help", ("reassign_route", "reassign", "notify.customer"), id="nobody can take it"),
        pytest.param("failed", ("reassign_route", "reassign", "notify.customer"), id="failed"),
    ],
)
def test_what_nobody_can_take_goes_on_otherwise(outcome: str, did: tuple[str, ...]) -> None:
    moments = played(a_book(BOOK), [BROKEN], "12:00", reassign_route=outcome)

    assert started(moments) == {at("10:00"): did}


def asking() -> tuple[Watch, Deed]:
    """A delivery that has asked its route."""
    watch = played(a_book(BOOK), [], "09:59")[-1].watch
    looked = look(watch, a_book(BOOK), [BROKEN], at("10:00"))
    return looked.watch, looked.deeds[0]


def test_what_was_asked_of_another_workflow_is_waited_for_up_to_its_time() -> None:
    watch, deed = asking()
    asked = ActionResult(Outcome.REQUESTED, "route R1 was asked", answer_within=2 * MINUTE)

    waiting = look(with_outcome(watch, deed, asked, at("10:00")), a_book(BOOK), [], at("10:00"))
    over = look(waiting.watch, a_book(BOOK), [], at("10:02"))

    assert waiting.deeds == ()
    assert waiting.wake is not None
    assert (waiting.wake.at, waiting.wake.because) == (at("10:02"), "van-broken: reassign_route waits for an answer")
    assert [deed.name for deed in over.deeds] == ["reassign"]


def test_the_answer_ends_it_once() -> None:
    watch, deed = asking()
    asked = ActionResult(Outcome.REQUESTED, answer_within=2 * MINUTE)
    watch = with_outcome(watch, deed, asked, at("10:00"))
    about = (deed.request.incident_id, deed.request.key)

    answered = with_answer(watch, *about, ActionResult(Outcome.DONE, "V2 takes it"), at("10:01"))
    assert answered is not None
    again = with_answer(answered, *about, ActionResult(Outcome.NO_HELP, "what?"), at("10:01"))

    assert again == answered
    assert [deed.name for deed in look(answered, a_book(BOOK), [], at("10:01")).deeds] == ["notify.customer"]
    assert with_answer(watch, "another", about[1], ActionResult(Outcome.DONE), at("10:01")) is None


def test_the_news_that_it_was_asked_for_may_come_after_the_answer() -> None:
    watch, deed = asking()
    answered = with_answer(watch, deed.request.incident_id, deed.request.key, ActionResult(Outcome.DONE), at("10:01"))
    assert answered is not None

    late = with_outcome(answered, deed, ActionResult(Outcome.REQUESTED, answer_within=MINUTE), at("10:02"))

    assert late == answered


def test_a_simulated_route_answers_at_once() -> None:
    moments = played(a_book(BOOK), [BROKEN], "12:00")

    assert acts(moments)["do.0"] == ("done", None)
