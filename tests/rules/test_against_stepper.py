"""The evaluator against the stepper: the same openings and resolutions at the same instants, no missed and no needless wake."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.delivery import delivery_of
from domain.event import Event
from domain.instant import MINUTE, NEVER, SECOND, Instant, iso
from domain.order import Money
from rules.asking import questions
from rules.book import Rule, Rulebook
from rules.compile import CompiledBook, compile_book
from rules.evaluate import ChangeKind, Verdict
from rules.openings import evaluated
from rules.tree import Absent, Compare, EventPattern, Received
from tests.builders import an_order, at
from tests.rules.scenarios import Scenario, contests, facts, followers, scenarios
from tests.rules.stepper import DIRECTORY, Away, Batch, stepped, stepped_in_turn, stepped_together

# More, and other ones each time: DOORSTEP_EXAMPLES=5000 DOORSTEP_RANDOM=1.
EXAMPLES = int(os.environ.get("DOORSTEP_EXAMPLES", "250"))

Told = tuple[str, str | None, str, str]
"""Rule, instant, what, how."""


def examples(share: int) -> Callable[[Any], Any]:
    """The settings of a test that takes one part in `share` of the examples."""
    return settings(
        max_examples=max(1, EXAMPLES // share),
        deadline=None,
        derandomize=not os.environ.get("DOORSTEP_RANDOM"),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def woken(scenario: Scenario, book: CompiledBook, away: Away | None = None, forgets: bool = False) -> list[Told]:
    """All that happens when the evaluator is asked only at batches and at the wake-ups that it named itself. With `forgets` it
    is asked a second time by cells that have been written down and read again, which must not make a difference."""
    now, delivery, noted = scenario.delivery.known_at, scenario.delivery, []
    batches = [*scenario.batches]
    last, verdict = now, Verdict({})
    due: tuple[Event, ...] | None = () if not batches or batches[0][0] > now else batches.pop(0)[1]
    while True:
        before, learnt = delivery, []
        for event in due or ():
            if not delivery.has_seen(event.event_id):
                learnt.append(event)
                delivery = delivery.after(event)
        told = delivery
        forgetful = evaluated(book, before, told, dict(verdict.cells), tuple(learnt), last, now) if forgets else None
        delivery, verdict = evaluated(book, before, told, verdict.cells, tuple(learnt), last, now)
        assert forgetful in (None, (delivery, verdict))
        changes = [change for change in verdict.changes if change.kind is not ChangeKind.RETRACTED_PENDING]
        is_back = away is not None and now == away[1]
        asks = book.guarded and questions(book, delivery, tuple(learnt), verdict, last, now)
        assert due is not None or changes or is_back or asks, f"needless wake at {iso(now)}"
        assert is_back or all(change.at == now and change.kind is not ChangeKind.MISSED for change in changes)
        for change in changes:
            how = change.resolution.value if change.resolution else ""
            noted.append((change.rule, iso(change.at), change.kind.value, how))
        last, wake = now, verdict.wake.at if verdict.wake else NEVER
        assert wake > now
        now = _next(min(wake, batches[0][0] if batches else NEVER), last, away)
        if now > scenario.end:
            return noted
        due = batches.pop(0)[1] if batches and batches[0][0] == now else None


def _next(at: Instant, last: Instant, away: Away | None) -> Instant:
    """When there is a worker next; it looks at everything when it is back."""
    return away[1] if away is not None and last < away[1] and at > away[0] else at


def by_seconds(scenario: Scenario, away: Away | None = None) -> list[Told]:
    return [
        (rule.id, iso(at), what, how)
        for rule in scenario.rules
        for at, what, how in stepped(rule, scenario.delivery, scenario.batches, scenario.end, away)
        if at <= scenario.end
    ]


def compiled(scenario: Scenario, matcher: str = "reference") -> CompiledBook:
    return compile_book(Rulebook("book", scenario.rules, directory=DIRECTORY), matcher)


@given(scenario=scenarios())
@examples(1)
def test_the_evaluator_and_the_stepper_see_the_same(scenario: Scenario) -> None:
    assert sorted(woken(scenario, compiled(scenario))) == sorted(by_seconds(scenario))


@pytest.mark.parametrize("matcher", ["reference", "durable"])
@given(scenario=scenarios(3, 5, longest=30 * MINUTE))
@examples(5)
def test_so_they_do_of_books_of_several_rules_by_either_matcher(matcher: str, scenario: Scenario) -> None:
    """One rule alone cannot show what is left alone for the sake of another."""
    assert sorted(woken(scenario, compiled(scenario, matcher), forgets=True)) == sorted(by_seconds(scenario))


@given(scenario=scenarios(4, 6, longest=10 * MINUTE, stays=True))
@examples(8)
def test_so_they_do_of_states_that_last(scenario: Scenario) -> None:
    assert sorted(woken(scenario, compiled(scenario))) == sorted(by_seconds(scenario))


@st.composite
def crowded(draw: st.DrawFn) -> Scenario:
    """A scenario in which much happens at one instant, and rules ask for how long something has been so."""
    scenario = draw(scenarios(1, 3, longest=10 * MINUTE))
    start = scenario.delivery.known_at
    step, length = (scenario.end - start) // 4 // SECOND * SECOND, scenario.end - start
    book = tuple(replace(rule, when=draw(facts(length)), only_when=None) for rule in scenario.rules)
    told = [
        replace(event, occurred_at=at, recorded_at=max(at + event.recorded_at - event.occurred_at, start))
        for _, batch in scenario.batches
        for event in batch
        for at in [start + (event.occurred_at - start) // step * step]
    ]
    learnt = sorted({event.recorded_at for event in told})
    batches = [(at, tuple(event for event in told if event.recorded_at == at)) for at in learnt]
    return replace(scenario, rules=book, batches=batches)


@given(scenario=crowded())
@examples(3)
def test_so_they_do_of_much_at_one_instant(scenario: Scenario) -> None:
    """What changes and changes back within one instant has been so all along."""
    assert sorted(woken(scenario, compiled(scenario))) == sorted(by_seconds(scenario))


@st.composite
def absences(draw: st.DrawFn) -> tuple[Scenario, Away]:
    """A day on which the worker is away for a while; what is reported meanwhile comes when it is back, in one batch."""
    scenario = draw(scenarios(2, 4, longest=30 * MINUTE))
    start = scenario.delivery.known_at
    step = (scenario.end - start) // 20 // SECOND * SECOND
    left = draw(st.integers(0, 8))
    away = (start + left * step, start + draw(st.integers(left + 6, 20)) * step)
    told = [event for at, batch in scenario.batches if away[0] < at <= away[1] for event in batch]
    kept: list[Batch] = [(at, batch) for at, batch in scenario.batches if not away[0] < at <= away[1]]
    merged = sorted([*kept, (away[1], tuple(told))] if told else kept, key=lambda batch: batch[0])
    return Scenario(scenario.rules, scenario.delivery, merged, scenario.end), away


@given(absence=absences())
@examples(2)
def test_what_opened_and_cleared_without_a_worker_is_missed_and_what_is_still_true_opens_as_of_then(
    absence: tuple[Scenario, Away],
) -> None:
    scenario, away = absence

    assert sorted(woken(scenario, compiled(scenario), away)) == sorted(by_seconds(scenario, away))


@given(scenario=contests())
@examples(5)
def test_rules_of_one_decision_hold_one_another_back_as_the_stepper_says(scenario: Scenario) -> None:
    together = stepped_together(scenario.rules, scenario.delivery, scenario.batches, scenario.end)
    by_seconds = [(rule, iso(at), what, how) for rule, (at, what, how) in together if at <= scenario.end]

    assert sorted(woken(scenario, compiled(scenario), forgets=True)) == sorted(by_seconds)


@given(scenario=followers())
@examples(5)
def test_a_rule_that_speaks_of_another_ones_opening_learns_of_it_at_once(scenario: Scenario) -> None:
    in_turn = stepped_in_turn(scenario.rules, scenario.delivery, scenario.batches, scenario.end)
    by_seconds = [(rule, iso(at), what, how) for rule, (at, what, how) in in_turn if at <= scenario.end]

    assert sorted(woken(scenario, compiled(scenario))) == sorted(by_seconds)


HELD = Rule("first", "", Compare("cod", "at_most", 200, SECOND), hold=30 * SECOND)
UNLESS = Rule("second", "", Absent(EventPattern("opened first"), SECOND), hold=30 * SECOND)


@pytest.mark.parametrize(
    "follower",
    [
        pytest.param(replace(UNLESS, clears_when=Received(EventPattern("out_for_delivery"))), id="that is closed by an event"),
        pytest.param(UNLESS, id="that ends when it is false"),
    ],
)
def test_a_rule_that_opens_unless_another_has_does_not_stay_open_beside_one_of_the_same_instant(follower: Rule) -> None:
    """The second resolved as cured or, closed by events alone, stayed open."""
    delivery = delivery_of(replace(an_order(), cod=Money(200, "EUR")), at("09:00"))
    scenario = Scenario((HELD, follower), delivery, [], at("09:10"))

    told = woken(scenario, compiled(scenario))

    assert told == [
        ("first", iso(at("09:00") + 31 * SECOND), "opened", ""),
        ("second", iso(at("09:00") + 31 * SECOND), "opened", ""),
        ("second", iso(at("09:00") + 31 * SECOND), "resolved", "retracted"),
        ("second", iso(at("09:00") + 62 * SECOND), "opened", ""),
    ]
    in_turn = stepped_in_turn(scenario.rules, scenario.delivery, scenario.batches, scenario.end)
    assert told == [(rule, iso(moment), what, how) for rule, (moment, what, how) in in_turn if moment <= scenario.end]


def test_of_two_rules_that_each_open_unless_the_other_has_the_first_opens() -> None:
    """Both were taken back, time and again."""
    one, other = (Rule(rule, "", Absent(EventPattern(f"opened {than}"), MINUTE)) for rule, than in (("a", "b"), ("b", "a")))
    delivery = delivery_of(an_order(), at("09:00"))
    scenario = Scenario((one, other), delivery, [], at("09:03"))

    told = woken(scenario, compiled(scenario))

    assert told[:3] == [
        ("a", iso(at("09:01")), "opened", ""),
        ("b", iso(at("09:01")), "opened", ""),
        ("b", iso(at("09:01")), "resolved", "retracted"),
    ]
    in_turn = stepped_in_turn(scenario.rules, scenario.delivery, scenario.batches, scenario.end)
    assert told == [(rule, iso(moment), what, how) for rule, (moment, what, how) in in_turn if moment <= scenario.end]
