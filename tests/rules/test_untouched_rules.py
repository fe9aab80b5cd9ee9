"""What a rule costs that an event does not concern: nothing, counted in calls of functions, not in time."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from domain.delivery import Delivery
from domain.event import Event
from domain.facts import Facts
from domain.folds import fold
from domain.instant import HOUR, MINUTE, Instant
from domain.order import Order
from rules.book import Rule, Rulebook
from rules.compile import compile_book
from rules.evaluate import Wake
from rules.readings import Frame
from rules.scene import Scene, Step
from rules.steps import step_of
from rules.tree import Absent, All, Compare, Condition, Count, EventPattern, Is, Known, Later, State, Staying, TimeRef, Truth
from rules.watch import Look, Watch, look
from tests.builders import a_delivery, an_event, at

SCAN = EventPattern("scan")
QUIET = Absent(SCAN, 2 * HOUR)
"""What a scan concerns."""

LATE = Later(TimeRef("fact", "eta"), TimeRef("fact", "promised end"), by=10 * MINUTE)

UNTOUCHED: tuple[tuple[str, Condition], ...] = (
    ("a time", LATE),
    ("a number", Compare("attempts", "at_least", 2)),
    ("a state", Staying(State.STOPPED, 20 * MINUTE)),
    ("another event", Absent(EventPattern("proof"), 5 * HOUR)),
    ("a count", Count(EventPattern("attempt_failed"), 2, 24 * HOUR)),
    ("a group", All((Is("status", ("at_hub",)), Absent(EventPattern("status"), 9 * HOUR)))),
)
"""What a scan that changes no status does not concern."""


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, those of the interpreter included."""
    found: list[str] = []

    def note(frame: FrameType, what: str, argument: object) -> None:
        found.append(what)

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found.count("call") + found.count("c_call")


def cost(*rules: Rule, event: Event, delivery: Delivery | None = None) -> int:
    """The calls of one look at an event; what is remembered from one delivery to the next is known already."""
    book = compile_book(Rulebook("book", rules))
    watch = look(Watch(delivery or a_delivery(), 1, "v", looked_at=at("08:00")), book, (), at("08:00")).watch

    def report() -> Look:
        return look(watch, book, (event,), event.occurred_at)

    report()
    return calls(report)


def some(number: int, condition: Condition, **keys: Any) -> tuple[Rule, ...]:
    return tuple(Rule(f"more-{n}", "", condition, **keys) for n in range(number))


CONCERNED = Rule("concerned", "", QUIET)


def test_a_rule_that_an_event_concerns_costs_something() -> None:
    event = an_event("scan", "09:00")

    assert cost(event=event) < cost(CONCERNED, event=event)


@pytest.mark.parametrize("condition", [pytest.param(condition, id=name) for name, condition in UNTOUCHED])
def test_rules_whose_inputs_an_event_does_not_touch_cost_nothing(condition: Condition) -> None:
    event = an_event("scan", "09:00")

    assert cost(CONCERNED, *some(40, condition), event=event) == cost(CONCERNED, *some(1, condition), event=event)


@pytest.mark.parametrize("keys", [{"applies_to": {"carrier": ("zipvan",)}}, {"rollout": 0}], ids=["scope", "rollout"])
def test_rules_that_are_not_for_the_delivery_cost_nothing(keys: dict[str, Any]) -> None:
    event = an_event("scan", "09:00")

    assert cost(CONCERNED, *some(40, All((QUIET, LATE)), **keys), event=event) == cost(CONCERNED, event=event)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Condition]:
    """The sentences that are looked at, in turn."""
    found: list[Condition] = []

    def watched(node: Condition, frame: Frame) -> Step:
        step = step_of(node, frame)

        def at_last(scene: Scene, t: Instant) -> tuple[Truth, Instant]:
            found.append(node)
            return step(scene, t)

        return at_last

    monkeypatch.setattr("rules.branches.step_of", watched)
    monkeypatch.setattr("rules.compile.step_of", watched)
    return found


def reported(asked: list[Condition], *rules: Rule) -> set[Condition]:
    """What is looked at when a scan is reported, after the first look."""
    book = compile_book(Rulebook("book", rules))
    watch = look(Watch(a_delivery(), 1, "v", looked_at=at("08:00")), book, (), at("08:00")).watch
    asked.clear()
    scan = an_event("scan", "09:00")
    look(watch, book, (scan,), scan.occurred_at)
    return set(asked)


def test_a_sentence_that_an_event_touches_is_looked_at(asked: list[Condition]) -> None:
    assert reported(asked, CONCERNED) == {QUIET}


def test_no_sentence_is_looked_at_of_a_rule_that_is_not_for_the_delivery(asked: list[Condition]) -> None:
    theirs = Rule("theirs", "", All((Known("last scan at"), QUIET)), applies_to={"carrier": ("zipvan",)})

    assert reported(asked, theirs) == set()


def test_no_sentence_is_looked_at_that_an_event_does_not_touch(asked: list[Condition]) -> None:
    rules = (Rule(f"untouched-{n}", "", condition) for n, (_, condition) in enumerate(UNTOUCHED))

    assert reported(asked, *rules) == set()


def test_time_is_not_asked_of_a_rule_that_its_facts_do_not_let_come_true(asked: list[Condition]) -> None:
    assert reported(asked, Rule("not-at-the-hub", "", All((Is("status", ("at_hub",)), QUIET)))) == set()


def test_an_event_that_only_delays_a_rule_asks_it_nothing_unless_it_was_the_next_to_open(asked: list[Condition]) -> None:
    sooner = Rule("sooner", "", Absent(EventPattern("proof"), HOUR + 30 * MINUTE))

    assert reported(asked, sooner, CONCERNED) == set()


def test_an_event_that_was_withdrawn_before_it_came_is_told_of_no_more_than_another() -> None:
    book = compile_book(Rulebook("book", (Rule("r", "", Absent(EventPattern("scan", place="HEL1"), 2 * HOUR)),)))
    watch = look(Watch(a_delivery(), 1, "v", looked_at=at("08:00")), book, (), at("08:00")).watch
    withdrawn = {"event_id": "wrong", "reason": "did_not_occur"}
    correction = an_event("correction", "08:30", detail=withdrawn)
    scan, wrong = (an_event("scan", f"0{hour}:00", place="HEL1", event_id=name) for hour, name in ((9, "right"), (10, "wrong")))

    for event in (correction, scan, wrong):
        looked = look(watch, book, (event,), event.occurred_at)
        watch = looked.watch

    assert looked.wake == Wake(at("11:00"), "r opens")


def test_the_past_is_not_gone_through_anew_at_each_event(monkeypatch: pytest.MonkeyPatch) -> None:
    book = compile_book(Rulebook("book", (Rule("r", "", Absent(EventPattern("scan", place="HEL1"), 2 * HOUR)),)))
    watch = look(Watch(a_delivery(), 1, "v", looked_at=at("08:00")), book, (), at("08:00")).watch
    scans = [an_event("scan", f"09:{minute:02}", place="HEL1") for minute in range(20)]
    for scan in scans[:-1]:
        watch = look(watch, book, (scan,), scan.occurred_at).watch
    folded: list[Event] = []

    def counted(facts: Facts, event: Event, order: Order) -> Facts:
        folded.append(event)
        return fold(facts, event, order)

    monkeypatch.setattr("rules.scene.fold", counted)

    look(watch, book, (scans[-1],), scans[-1].occurred_at)

    assert folded == [scans[-1]]
