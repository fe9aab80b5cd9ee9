"""What became of incidents between two looks, for counting and logging."""

from dataclasses import replace

from domain.actions import Outcome
from domain.incident import Act, Incident, Mode, Resolution, Severity
from rules.progress import Progress, Step, progress

TOLD = Act("notify.customer", 10, Outcome.DONE, 20)
UNDER_WAY = Act("open_ticket", 10, Outcome.STARTED, 10)
OPEN = Incident("D-1:1:late:1", "late", 1, Severity.HIGH, Mode.LIVE, 5, "late", "book")


def test_an_incident_that_was_not_there_has_opened() -> None:
    assert list(progress((), (OPEN,))) == [Progress(Step.OPENED, OPEN)]


def test_nothing_becomes_of_an_incident_that_has_not_changed() -> None:
    assert list(progress((OPEN,), (OPEN,))) == []
    assert list(progress((OPEN,), (replace(OPEN),))) == []


def test_an_action_counts_when_it_has_ended_and_the_first_that_was_done_is_known_as_such() -> None:
    began = OPEN.with_act("do.0", replace(TOLD, outcome=Outcome.STARTED)).with_act("do.1", UNDER_WAY)
    told = began.with_act("do.0", TOLD)
    filed = told.with_act("do.1", replace(UNDER_WAY, outcome=Outcome.DONE, at=30))

    assert list(progress((OPEN,), (began,))) == []
    assert list(progress((began,), (told,))) == [Progress(Step.ENDED, told, TOLD, is_first=True)]
    assert [(one.act and one.act.action, one.is_first) for one in progress((told,), (filed,))] == [("open_ticket", False)]


def test_what_failed_is_not_the_first_action_that_was_done() -> None:
    failed = OPEN.with_act("do.0", replace(TOLD, outcome=Outcome.FAILED))
    mended = failed.with_act("do.1", TOLD)

    assert [one.is_first for one in progress((OPEN,), (failed,))] == [False]
    assert [one.is_first for one in progress((failed,), (mended,))] == [True]


def test_an_incident_resolves_once() -> None:
    cured = OPEN.resolved(Resolution.CURED, 50)
    later = replace(cured, note="a word more")

    assert [one.step for one in progress((OPEN,), (cured,))] == [Step.RESOLVED]
    assert list(progress((cured,), (later,))) == []


def test_what_opened_acted_and_ended_in_one_look_is_told_in_that_order() -> None:
    all_at_once = OPEN.with_act("do.0", TOLD).resolved(Resolution.CURED, 50)

    assert [one.step for one in progress((), (all_at_once,))] == [Step.OPENED, Step.ENDED, Step.RESOLVED]
