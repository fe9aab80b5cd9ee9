"""What an open incident does over time: its escalation, and acknowledgements that expire."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from domain.actions import Outcome
from domain.event import Event
from domain.instant import MINUTE
from rules.compile import CompiledBook
from rules.people import claimed
from rules.simulate import Decided, Line, Moment, Reported, simulate
from rules.watch import Watch, look
from rules.why import why
from tests.builders import a_delivery, an_event, an_order, at
from tests.rules.test_contests import a_book

LADDER = """
- id: quiet
  when: no scan for 1h
  acknowledge_expires: 30m
  escalate:
    stop_when: [cleared, acknowledged]
    steps:
      - {after: 15m, do: [{notify: {who: shift-lead, template: lost-contact}}]}
      - {after: 45m, do: [{open_ticket: {queue: duty-manager}}], repeat: {every: 30m, at_most: 2}}
"""
SCAN = an_event("scan", "09:40")


def acts(book: CompiledBook, lines: Iterable[Event | Line], until: str) -> dict[str, tuple[str, ...]]:
    """What was started, by local clock time."""
    return {clock: moment.started for clock, moment in played(book, lines, until).items() if moment.started}


def played(book: CompiledBook, lines: Iterable[Event | Line], until: str) -> dict[str, Moment]:
    told = [Reported(line.recorded_at, line) if isinstance(line, Event) else line for line in lines]
    return {_clock(moment.at): moment for moment in simulate(book, an_order(), at("08:00"), told, at(until))}


def _clock(instant: int) -> str:
    minutes = (instant - at("00:00")) // MINUTE
    return f"{minutes // 60:02}:{minutes % 60:02}"


def acknowledged(clock: str) -> Decided:
    return Decided(at(clock), "acknowledge", "quiet")


def test_steps_come_after_the_opening_and_repeat_as_often_as_they_say() -> None:
    done = acts(a_book(LADDER), [], "15:00")

    ticket = ("open_ticket",)
    assert done == {"09:15": ("notify.shift-lead",), "09:45": ticket, "10:15": ticket, "10:45": ticket}


def test_no_one_wakes_for_a_step_that_is_not_to_come() -> None:
    moments = played(a_book(LADDER), [], "15:00")

    assert list(moments) == ["08:00", "09:00", "09:15", "09:45", "10:15", "10:45"]


def test_each_time_of_a_step_has_a_key_of_its_own() -> None:
    last = list(played(a_book(LADDER), [], "15:00").values())[-1]

    assert [path for path in last.watch.incidents[0].acts if path.startswith("escalate")] == [
        "escalate.0.do.0",
        "escalate.1.do.0",
        "escalate.1.do.0/1",
        "escalate.1.do.0/2",
    ]
    assert last.watch.incidents[0].step == 2


def test_the_end_of_the_incident_ends_its_escalation() -> None:
    assert acts(a_book(LADDER), [SCAN], "10:30") == {"09:15": ("notify.shift-lead",)}


def test_an_escalation_belongs_to_its_episode() -> None:
    done = acts(a_book(LADDER), [SCAN], "11:00")

    assert done == {"09:15": ("notify.shift-lead",), "10:55": ("notify.shift-lead",)}


def test_an_acknowledgement_holds_it_up_and_when_it_expires_what_came_due_meanwhile_is_done_once() -> None:
    moments = played(a_book(LADDER), [acknowledged("09:10"), acknowledged("09:30"), acknowledged("09:59")], "11:00")

    assert moments["10:29"].started == ("notify.shift-lead", "open_ticket")
    assert moments["10:29"].watch.incidents[0].rungs == (1, 2)
    assert moments["10:29"].watch.incidents[0].acknowledged_by is None
    assert moments["10:29"].watch.incidents[0].lapsed_at == at("10:29")
    assert moments["10:45"].started == ("open_ticket",)


def test_an_acknowledgement_that_never_expires_stops_it_for_good() -> None:
    book = a_book(LADDER.replace("  acknowledge_expires: 30m\n", ""))

    moments = played(book, [acknowledged("09:20")], "20:00")

    assert list(moments) == ["08:00", "09:00", "09:15", "09:20", "16:00"]


def test_an_acknowledgement_expires_without_an_escalation_too() -> None:
    book = a_book("- {id: quiet, when: no scan for 1h, acknowledge_expires: 30m}")

    moments = played(book, [acknowledged("09:20")], "12:00")

    assert moments["09:20"].watch.incidents[0].acknowledged_until == at("09:50")
    assert moments["09:50"].watch.incidents[0].acknowledged_by is None


def test_an_escalation_that_nobody_may_stop_goes_on_when_it_is_acknowledged() -> None:
    book = a_book(LADDER.replace("[cleared, acknowledged]", "cleared"))

    assert "09:15" in acts(book, [acknowledged("09:05")], "10:00")


CLAIMABLE = LADDER.replace("[cleared, acknowledged]", "[cleared, claimed]")
CLAIMED = Decided(at("09:20"), "claim", "quiet")


def test_a_claim_stops_an_escalation_for_good_if_the_rule_says_so() -> None:
    assert acts(a_book(CLAIMABLE), [CLAIMED], "15:00") == {"09:15": ("notify.shift-lead",)}
    assert "09:45" in acts(a_book(CLAIMABLE), [acknowledged("09:20")], "15:00")
    assert "09:45" in acts(a_book(LADDER), [CLAIMED], "15:00")


def test_a_claim_belongs_to_its_episode() -> None:
    done = acts(a_book(CLAIMABLE), [CLAIMED, SCAN], "11:00")

    assert done == {"09:15": ("notify.shift-lead",), "10:55": ("notify.shift-lead",)}


def test_a_later_claim_takes_the_place_of_an_earlier_one_and_both_are_known() -> None:
    opened = played(a_book(CLAIMABLE), [], "09:00")["09:00"].watch

    first = claimed(opened, opened.incidents[0], "Kim", "Kim", at("09:05"))
    second = claimed(first, first.incidents[0], "Lee", "Kim", at("09:06"))

    assert (second.incidents[0].owner, second.incidents[0].claimed_by) == ("Lee", "Kim")
    assert second.incidents[0].claimed_at == at("09:06")
    assert [(one.what, one.rule, one.owner) for one in second.decisions] == [("claim", "quiet", "Kim"), ("claim", "quiet", "Lee")]


CLEARING = LADDER.replace("  acknowledge_expires: 30m\n", "  stay_clear: 20m\n").replace("no scan for 1h", "stopped for 1h")
STOPS = [an_event("stopped", "08:00"), an_event("moving", "09:10")]


def test_while_it_is_clear_it_waits_and_goes_on_when_it_is_true_again() -> None:
    book = a_book("""
- id: quiet
  when: {any: [between 09:00 and 09:10, between 09:20 and 12:00]}
  stay_clear: 20m
  escalate: {steps: [{after: 15m, do: [reroute]}, {after: 30m, do: [reassign]}]}
""")

    moments = played(book, [], "10:30")

    assert moments["09:20"].started == ("reroute",)
    assert moments["09:30"].started == ("reassign",)
    assert list(moments) == ["08:00", "09:00", "09:20", "09:30"]


def test_while_it_is_clear_it_goes_on_if_that_does_not_stop_it() -> None:
    assert "09:15" in acts(a_book(CLEARING.replace("[cleared, acknowledged]", "acknowledged")), STOPS, "10:00")
    assert "09:15" not in acts(a_book(CLEARING), STOPS, "10:00")


def test_what_is_done_otherwise_and_what_follows_is_done_within_a_step() -> None:
    book = a_book("""
- id: quiet
  when: no scan for 1h
  escalate:
    steps:
      - after: 15m
        do: [{reroute: {}, otherwise: [reassign]}, {notify: {who: driver, template: need-help}}]
        repeat: {every: 1h}
""")
    outcomes = iter(["no_help", "done", "done", "done", "done", "done", "done", "done"])

    moments = simulate(book, an_order(), at("08:00"), [], at("10:30"), lambda deed: Outcome(next(outcomes)))

    assert [moment.started for moment in moments if moment.started] == [
        ("reroute", "reassign", "notify.driver"),
        ("reroute", "notify.driver"),
    ]


def test_a_step_that_came_while_no_worker_was_there_is_done_once_when_it_is_back() -> None:
    book, watch = a_book(LADDER), Watch(a_delivery(), 1, "b", looked_at=at("08:00"))
    opened = look(look(watch, book, (), at("08:00")).watch, book, (), at("09:00"))

    late = look(opened.watch, book, (), at("11:30"))

    assert [deed.path for deed in late.deeds] == ["escalate.0.do.0", "escalate.1.do.0/2"]
    assert late.wake is None or late.wake.at == at("16:00")


def test_what_was_cured_before_anybody_looked_does_not_escalate() -> None:
    book, watch = a_book(LADDER), Watch(a_delivery(), 1, "b", looked_at=at("08:00"))
    opened = look(look(watch, book, (), at("08:00")).watch, book, (), at("09:00"))

    late = look(opened.watch, book, (replace(SCAN, occurred_at=at("09:05")),), at("09:40"))

    assert late.deeds == ()


def test_a_ladder_without_end_keeps_a_bounded_number_of_acts() -> None:
    book = a_book("- {id: quiet, when: no scan for 1h, escalate: {steps: [{after: 1m, do: [reroute], repeat: {every: 1m}}]}}")

    incident = list(played(book, [], "13:00").values())[-1].watch.incidents[0]

    assert incident.rungs == (240,)
    assert len(incident.acts) == 10


def test_a_question_about_a_step_that_repeats_takes_the_place_of_the_one_before() -> None:
    book = a_book("""
- id: quiet
  when: no scan for 1h
  approve_above: {cost: 15 EUR}
  escalate: {steps: [{after: 1m, do: [{reassign: {to: [backup_carrier]}}], repeat: {every: 1m}}]}
""")

    incident = list(played(book, [], "13:00").values())[-1].watch.incidents[0]

    assert incident.rungs == (240,)
    assert [path for path, _ in incident.awaiting] == ["escalate.0.do.0/239"]
    assert len(incident.acts) == len(incident.proposals) == 10


def test_a_shadow_escalates_on_paper() -> None:
    book = a_book(LADDER.replace("- id: quiet", "- id: quiet\n  mode: shadow"))

    moments = played(book, [], "10:00")

    assert moments["09:15"].would == ("notify.shift-lead",)
    assert moments["09:45"].would == ("open_ticket",)
    assert all(not moment.started for moment in moments.values())


@pytest.mark.parametrize(
    ("lines", "clock", "says"),
    [
        pytest.param([], "09:00", "escalates at 2026-11-23T07:15:00Z unless acknowledged", id="first step"),
        pytest.param([], "10:45", "does not escalate any further", id="none left"),
        pytest.param(
            [acknowledged("09:10")], "09:10", "escalates at 2026-11-23T07:40:00Z unless acknowledged", id="when it expires"
        ),
    ],
)
def test_why_says_when_it_escalates(lines: list[Line], clock: str, says: str) -> None:
    book = a_book(LADDER)
    watch = played(book, lines, "12:00")[clock].watch

    (told,) = why(book, watch.delivery, watch.cells, at(clock), "quiet", watch.incidents)

    assert told["escalation"]["says"] == says


def test_why_says_by_whom_an_escalation_is_held_up() -> None:
    book = a_book(CLAIMABLE)
    watch = played(book, [CLAIMED], "12:00")["09:20"].watch

    (told,) = why(book, watch.delivery, watch.cells, at("09:20"), "quiet", watch.incidents)

    assert told["escalation"]["says"] == "does not escalate: claimed by operator"
