"""The simulated clock: what comes when, in what order, and what comes of actions."""

from collections.abc import Iterable

import pytest

from domain.actions import Outcome
from domain.event import Event
from domain.incident import Resolution
from domain.status import Status
from rules.book import Rulebook
from rules.compile import CompiledBook, compile_book
from rules.machine import Phase
from rules.outcomes import Came, Script
from rules.reader import read_book
from rules.simulate import Decided, EndlessError, Line, Moment, Reported, all_succeed, peeks, simulate
from tests.builders import an_event, an_order, at

HELD = """
- id: quiet
  when: no scan for 2h since out_for_delivery
  hold: 5m
  do: [{reroute: {}, otherwise: [{open_ticket: {queue: hub-ops}}]}, {notify: {who: customer, template: running-late}}]
  on_resolve: [{notify: {who: customer, template: back-on-track}}]
"""


def a_book(rules: str, more: str = "") -> CompiledBook:
    reading = read_book(f"rulebook: standard\n{more}\nrules:\n" + rules.strip().replace("\n\n", "\n"), "standard.yaml")
    assert isinstance(reading.book, Rulebook), [problem.render() for problem in reading.problems]
    return compile_book(reading.book, "reference")


def reports(*events: Event) -> list[Line]:
    return [Reported(event.recorded_at, event) for event in events]


def played(book: CompiledBook, lines: Iterable[Line], until: str, outcomes: Script | None = None) -> dict[str, Moment]:
    """The moments by their local clock time."""
    moments = simulate(book, an_order(), at("08:00"), lines, at(until), outcomes or all_succeed)
    return {_clock(moment.at): moment for moment in moments}


def _clock(instant: int) -> str:
    seconds = (instant - at("00:00")) // 1000
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


ON_THE_VAN = an_event("out_for_delivery", "09:00")


def test_it_looks_when_something_is_known_or_due_and_at_no_other_time() -> None:
    moments = played(a_book(HELD), reports(ON_THE_VAN, an_event("scan", "09:40")), "13:00")

    assert list(moments) == ["08:00:00", "09:00:00", "09:40:00", "11:45:00"]
    assert moments["11:45:00"].opened == ("quiet",)
    assert moments["11:45:00"].started == ("reroute", "notify.customer")


def test_an_event_at_the_instant_of_a_timer_comes_first() -> None:
    moments = played(a_book(HELD), reports(ON_THE_VAN, an_event("scan", "11:05")), "11:05")

    assert moments["11:05:00"].open == ()


def test_reports_of_one_instant_are_looked_at_together_and_those_that_come_later_by_themselves() -> None:
    book = a_book("- {id: warm, when: temperature over 8 C for 5m}")
    warm, cool = ({"name": "temperature", "value": value, "unit": "C"} for value in (9_000, 7_000))
    before = an_event("sensor", "09:00", detail=warm)
    gone = an_event("sensor", "09:10", event_id="a", detail=cool)

    together = played(book, reports(before, gone, an_event("sensor", "09:10", event_id="b", detail=warm)), "10:00")
    apart = played(book, reports(before, gone, an_event("sensor", "09:10", "09:11", event_id="b", detail=warm)), "10:00")

    assert [clock for clock, moment in together.items() if moment.opened or moment.resolved] == ["09:05:00"]
    assert {clock: dict(moment.resolved) for clock, moment in apart.items() if moment.resolved} == {
        "09:10:00": {"warm": Resolution.CURED}
    }
    assert [clock for clock, moment in apart.items() if moment.opened] == ["09:05:00", "09:11:00"]


def test_what_follows_from_an_outcome_is_done_at_the_same_instant() -> None:
    script = Script({"reroute": Came((Outcome.FAILED,))})

    moments = played(a_book(HELD), reports(ON_THE_VAN), "11:05", script)

    assert moments["11:05:00"].started == ("reroute", "open_ticket", "notify.customer")


def test_outcomes_may_come_in_turn_and_by_rule() -> None:
    script = Script({"quiet.reroute": Came((Outcome.FAILED, Outcome.DONE), in_turn=True), "reroute": Came((Outcome.FAILED,))})
    lines = reports(ON_THE_VAN, an_event("scan", "11:10"))

    moments = played(a_book(HELD), lines, "14:00", script)

    assert moments["11:05:00"].started == ("reroute", "open_ticket", "notify.customer")
    assert moments["11:10:00"].resolved == {"quiet": Resolution.CURED}
    assert moments["13:15:00"].started == ("reroute", "notify.customer")


def test_what_nobody_answers_is_known_at_its_timeout() -> None:
    rule = """
- id: arrived
  when: status is arrived
  do: [{reassign: {to: nearby_driver, accept_within: 5m}, otherwise: [{open_ticket: {queue: hub-ops}}]}]
"""
    script = Script({"reassign": Came((Outcome.UNANSWERED,))})

    moments = played(a_book(rule), reports(an_event("arrived", "09:00")), "10:00", script)

    assert moments["09:00:00"].started == ("reassign",)
    assert moments["09:05:00"].started == ("open_ticket",)


def test_the_ticket_of_a_resolved_incident_is_no_action_of_a_rule() -> None:
    script = Script({"reroute": Came((Outcome.FAILED,))})

    moments = played(a_book(HELD), reports(ON_THE_VAN, an_event("scan", "11:30")), "11:30", script)

    assert moments["11:30:00"].started == ("notify.customer",)
    assert {act.action for act in moments["11:30:00"].watch.incidents[0].acts.values()} >= {"solve_ticket"}


def test_a_shadow_opens_nothing_and_would_have_acted() -> None:
    moments = played(a_book(HELD.replace("- id: quiet\n", "- id: quiet\n  mode: shadow\n")), reports(ON_THE_VAN), "12:00")

    assert moments["11:05:00"].would == ("reroute", "notify.customer")
    assert (moments["11:05:00"].open, moments["11:05:00"].started) == ((), ())


def test_a_person_resolves_and_it_stays_resolved() -> None:
    lines = [*reports(ON_THE_VAN), Decided(at("11:10"), "acknowledge", "quiet"), Decided(at("11:20"), "resolve", "quiet")]

    moments = played(a_book(HELD), lines, "14:00")

    assert moments["11:10:00"].watch.open_incidents[0].acknowledged_by == "operator"
    assert moments["11:20:00"].resolved == {"quiet": Resolution.HANDLED}
    assert moments["11:20:00"].open == ()


def test_what_is_decided_sees_what_was_reported_before_it_at_the_same_instant() -> None:
    lines: list[Line] = [*reports(an_event("arrived", "09:00")), Decided(at("09:00"), "resolve", "there")]

    moments = played(a_book("- id: there\n  when: status is arrived"), lines, "09:00")

    assert moments["09:00:00"].opened == ("there",)
    assert moments["09:00:00"].resolved == {"there": Resolution.HANDLED}


def test_a_decision_about_nothing_is_told() -> None:
    decided = Decided(at("09:00"), "resolve", "quiet")

    moments = played(a_book(HELD), [decided], "09:00")

    assert moments["09:00:00"].idle == (decided,)


def test_late_knowledge_cancels_a_hold() -> None:
    lines = reports(ON_THE_VAN, an_event("scan", "10:30", known="11:03"))

    moments = played(a_book(HELD), lines, "12:00")

    assert moments["11:03:00"].retracted == ("quiet",)
    assert moments["11:03:00"].opened == ()


def test_an_event_that_did_not_occur_takes_its_incident_back() -> None:
    lines = reports(
        an_event("arrived", "09:00", event_id="a"),
        an_event("correction", "09:30", detail={"event_id": "a", "reason": "did_not_occur"}),
    )

    moments = played(a_book("- id: there\n  when: status is arrived"), lines, "10:00")

    assert moments["09:30:00"].resolved == {"there": Resolution.RETRACTED}


def test_after_the_end_nothing_is_folded_any_more() -> None:
    lines = reports(an_event("delivered", "09:00"), an_event("scan", "09:10"))

    moments = played(a_book(HELD), lines, "12:00")

    assert list(moments) == ["08:00:00", "09:00:00"]


def test_a_correction_within_the_grace_brings_it_back() -> None:
    lines = reports(
        an_event("delivered", "09:00", event_id="d"),
        an_event("correction", "09:30", detail={"event_id": "d", "reason": "did_not_occur"}),
        an_event("out_for_delivery", "09:40"),
    )

    moments = played(a_book(HELD, "final_grace: 1h"), lines, "12:00")

    assert moments["11:45:00"].opened == ("quiet",)


def test_a_delivery_that_never_ends_expires() -> None:
    book = a_book("- id: over\n  when: condition is late", "expires_after: 2h")

    moments = played(book, [], "20:00")

    assert moments["16:00:00"].opened == ("over",)
    assert moments["18:00:00"].resolved == {"over": Resolution.EXPIRED}
    assert moments["18:00:00"].delivery.facts.status is Status.EXPIRED


def test_a_new_promise_that_comes_at_the_instant_of_expiry_comes_first() -> None:
    """It expired although the new promise was known: expiry was judged before what came at its instant was folded."""
    later = an_event("promise_changed", "18:00", detail={"start": None, "end": at("20:00")})
    book = a_book("- id: over\n  when: condition is late", "expires_after: 2h")

    moments = played(book, reports(later), "22:00")

    assert moments["18:00:00"].delivery.facts.status is Status.CREATED
    assert moments["22:00:00"].delivery.facts.status is Status.EXPIRED


def test_what_is_open_when_a_delivery_expires_ends_as_expired_and_does_what_its_rule_has_for_that() -> None:
    """It ended as final, so that on_resolve of expired never ran."""
    rule = """
- id: over
  when: condition is late
  on_resolve: {expired: [open_ticket: {queue: hub-ops}], final: [notify: {who: customer, template: back-on-track}]}
"""

    moments = played(a_book(rule, "expires_after: 2h"), [], "20:00")

    assert moments["18:00:00"].started == ("open_ticket",)


def test_a_peek_sees_the_phases_that_nobody_wakes_up_for() -> None:
    book = a_book(HELD)
    last = played(book, reports(ON_THE_VAN), "11:00")["09:00:00"]

    phases = [(_clock(watch.looked_at), watch.cells["quiet"].phase) for watch in peeks(last, at("11:02"))]

    assert phases == [("11:00:00", Phase.PENDING), ("11:02:00", Phase.PENDING)]


def test_a_book_that_never_comes_to_rest_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.staged.MOST_LOOKS", 3)

    with pytest.raises(EndlessError, match="looked at one delivery 3 times by time alone"):
        played(
            a_book("- {id: r, when: no scan for 1h, escalate: {steps: [{after: 1m, do: [], repeat: {every: 1m}}]}}"), [], "10:00"
        )


def test_reports_may_be_as_many_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.staged.MOST_LOOKS", 3)

    moments = played(a_book(HELD), reports(*(an_event("scan", f"09:0{minute}") for minute in range(6))), "09:10")

    assert len(moments) >= 6
