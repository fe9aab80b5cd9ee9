"""The evaluator against the stepper: the same openings and resolutions at the same instants, no missed and no needless wake."""

import os

from hypothesis import HealthCheck, given, settings

from domain.event import Event
from domain.instant import NEVER, Instant, iso
from rules.book import Rule, Rulebook
from rules.compile import CompiledBook, compile_book
from rules.evaluate import ChangeKind, Verdict, evaluate
from tests.rules.scenarios import Scenario, contests, scenarios
from tests.rules.stepper import DIRECTORY, Noted, stepped, stepped_together

# More, and other ones each time: DOORSTEP_EXAMPLES=5000 DOORSTEP_RANDOM=1.
EXAMPLES = int(os.environ.get("DOORSTEP_EXAMPLES", "250"))


def woken(scenario: Scenario, book: CompiledBook) -> list[Noted]:
    """What happens to the rules of a book, without their names."""
    return [note for _, note in woken_by_rule(scenario, book)]


def woken_by_rule(scenario: Scenario, book: CompiledBook) -> list[tuple[str, Noted]]:
    """All that happens when the evaluator is asked only at batches and at the wake-ups that it named itself."""
    now, delivery, noted = scenario.delivery.known_at, scenario.delivery, list[tuple[str, Noted]]()
    batches = list(scenario.batches)
    last, verdict = now, Verdict({})
    due: tuple[Event, ...] | None = () if not batches or batches[0][0] > now else batches.pop(0)[1]
    while True:
        before, learnt = delivery, []
        for event in due or ():
            if not delivery.has_seen(event.event_id):
                learnt.append(event)
                delivery = delivery.after(event)
        verdict = evaluate(book, before, delivery, verdict.cells, tuple(learnt), last, now)
        changes = [change for change in verdict.changes if change.kind is not ChangeKind.RETRACTED_PENDING]
        assert due is not None or changes, f"needless wake at {iso(now)}"
        assert all(change.at == now for change in changes)
        assert all(change.kind is not ChangeKind.MISSED for change in changes)
        ends = [change.resolution.value if change.resolution else "" for change in changes]
        noted += [(change.rule, (change.at, change.kind.value, end)) for change, end in zip(changes, ends, strict=True)]
        last, wake = now, verdict.wake.at if verdict.wake else NEVER
        assert wake > now
        now = min(wake, batches[0][0] if batches else NEVER)
        if now > scenario.end:
            return noted
        due = batches.pop(0)[1] if batches and batches[0][0] == now else None


def shown(noted: list[Noted]) -> list[tuple[str | None, str, str]]:
    return [(iso(at), what, how) for at, what, how in noted]


def until(end: Instant, noted: list[Noted]) -> list[Noted]:
    return [note for note in noted if note[0] <= end]


@given(scenario=scenarios())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not os.environ.get("DOORSTEP_RANDOM"),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_the_evaluator_and_the_stepper_see_the_same(scenario: Scenario) -> None:
    book = compile_book(Rulebook("book", (scenario.rule,), directory=DIRECTORY), "reference")

    by_wakes = woken(scenario, book)

    by_seconds = stepped(scenario.rule, scenario.delivery, scenario.batches, scenario.end)
    assert shown(by_wakes) == shown(until(scenario.end, by_seconds))


@given(contest=contests())
@settings(
    max_examples=EXAMPLES // 5,
    deadline=None,
    derandomize=not os.environ.get("DOORSTEP_RANDOM"),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_rules_of_one_decision_hold_one_another_back_as_the_stepper_says(contest: tuple[Scenario, list[Rule]]) -> None:
    scenario, rules = contest
    book = compile_book(Rulebook("book", tuple(rules), directory=DIRECTORY), "reference")

    by_wakes = woken_by_rule(scenario, book)

    by_seconds = stepped_together(rules, scenario.delivery, scenario.batches, scenario.end)
    for rule in rules:
        mine = [note for name, note in by_seconds if name == rule.id]
        assert shown([note for name, note in by_wakes if name == rule.id]) == shown(until(scenario.end, mine))
