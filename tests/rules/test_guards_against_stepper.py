"""Guards under random rules and a random world: looked up at whatever instant, the outcome is what the stepper makes of the answers."""

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event
from domain.guards import Answer, Question
from domain.instant import MINUTE, NEVER, Instant, iso
from domain.status import Kind
from rules.book import Rule, Rulebook
from rules.compile import compile_book
from rules.evaluate import ChangeKind
from rules.tree import All, AnyOf, Condition, DisruptionOpen, NoneOf
from rules.watch import Watch, look
from tests.rules.scenarios import Scenario, facts, scenarios
from tests.rules.stepper import DIRECTORY, F, Known, T, stepped, truth
from tests.rules.test_against_stepper import Told, examples

GUARDS = st.sampled_from([DisruptionOpen("hub"), DisruptionOpen("hub", "snow")])
World = list[tuple[Instant, bool | None]]
"""What is true from when on, of both guards; false before."""


@st.composite
def guarded(draw: st.DrawFn) -> tuple[Scenario, dict[str, World]]:
    """Rules that hang on guards in one way or another, and how the world goes on meanwhile."""
    scenario = draw(scenarios(1, 3, longest=30 * MINUTE))
    start, length = scenario.delivery.known_at, scenario.end - scenario.delivery.known_at
    order = replace(scenario.delivery.order, hub="HEL1")
    delivery = replace(scenario.delivery, order=order)
    turns = st.lists(st.tuples(st.integers(0, 20), st.sampled_from([True, True, False, None])), max_size=5)
    world = {
        kind: sorted(((start + n * length // 20, turn) for n, turn in draw(turns)), key=lambda turn: turn[0])
        for kind in ("", "snow")
    }
    rules = tuple(draw(hanging(rule, length)) for rule in scenario.rules)
    reported = [(at, tuple(event for event in batch if event.kind is not Kind.FOUND)) for at, batch in scenario.batches]
    return replace(scenario, delivery=delivery, rules=rules, batches=[batch for batch in reported if batch[1]]), world


@st.composite
def hanging(draw: st.DrawFn, rule: Rule, length: int) -> Rule:
    guard, other = draw(GUARDS), draw(facts(length))
    shapes: list[Condition] = [
        All((rule.when, guard)),
        AnyOf((All((other, guard)), rule.when)),
        All((other, NoneOf((guard,)))),
        guard,
    ]
    when = draw(st.sampled_from(shapes))
    return replace(rule, when=when, only_when=draw(st.sampled_from([None, None, guard])))


@dataclass
class Looked:
    """What came of looking: all that happened, what was found when, what was asked when."""

    noted: list[Told]
    found: list[Event]
    asked: list[tuple[Instant, Question]]
    opened: list[tuple[Instant, str]]


def answer(world: dict[str, World], question: Question, at: Instant) -> Answer:
    """Of a disruption of a kind it is known before when it ends."""
    truth, turns = _turn(world[question.detail], at), world[question.detail]
    ends = [since for since, turn in turns if since > at and turn is False] if question.detail and truth else []
    until = ends[0] if ends and all(_turn(turns, since) for since, _ in turns if at <= since < ends[0]) else None
    return Answer(question, truth, until=until)


def looked_through(scenario: Scenario, world: dict[str, World]) -> Looked:
    """The day as the workflow sees it: looks at batches and wake-ups, and looks up whatever is asked."""
    book = compile_book(Rulebook("b", scenario.rules, directory=DIRECTORY), "reference")
    now, batches = scenario.delivery.known_at, dict(scenario.batches)
    watch, came = Watch(scenario.delivery, 1, "b", looked_at=now), Looked([], [], [], [])
    while now <= scenario.end:
        answers: tuple[Answer, ...] = ()
        while (seen := look(watch, book, batches.get(now, ()), now, answers=answers)).asks:
            came.asked += [(now, question) for question in seen.asks]
            answers += tuple(answer(world, question, now) for question in seen.asks)
        changes = [change for change in seen.changes if change.kind is not ChangeKind.RETRACTED_PENDING]
        came.noted += [
            (change.rule, iso(change.at), change.kind.value, change.resolution.value if change.resolution else "")
            for change in changes
        ]
        came.opened += [(change.at, change.rule) for change in changes if change.kind is ChangeKind.OPENED]
        watch = seen.watch
        now = min([seen.wake.at if seen.wake else NEVER, *(at for at in batches if at > now)])
    came.found = [event for event in watch.delivery.events if event.kind is Kind.FOUND]
    return came


def by_seconds(scenario: Scenario, found: list[Event]) -> list[Told]:
    """The stepper's day, with what was found told at its instants."""
    times = sorted({*(at for at, _ in scenario.batches), *(event.occurred_at for event in found)})
    reported = dict(scenario.batches)
    batches = [(at, (*(event for event in found if event.occurred_at == at), *reported.get(at, ()))) for at in times]
    return [
        (rule.id, iso(at), what, how)
        for rule in scenario.rules
        for at, what, how in stepped(rule, scenario.delivery, batches, scenario.end)
        if at <= scenario.end
    ]


@given(day=guarded())
@examples(15)
def test_what_is_found_at_whatever_instant_is_folded_like_an_event(day: tuple[Scenario, dict[str, World]]) -> None:
    scenario, world = day

    came = looked_through(scenario, world)

    assert sorted(came.noted) == sorted(by_seconds(scenario, came.found))


@given(day=guarded())
@examples(15)
def test_a_rule_opens_only_on_answers_of_that_very_instant(day: tuple[Scenario, dict[str, World]]) -> None:
    scenario, world = day
    rules = {rule.id: rule for rule in scenario.rules}

    came = looked_through(scenario, world)

    for now, rule in came.opened:
        known = world_known(scenario, world, now)
        assert truth(rules[rule].when, known, now) == T
        only_when = rules[rule].only_when
        assert only_when is None or truth(only_when, known, now) == T


@given(day=guarded())
@examples(15)
def test_nothing_is_asked_while_no_answer_could_make_a_rule_true(day: tuple[Scenario, dict[str, World]]) -> None:
    scenario, world = day

    came = looked_through(scenario, world)

    for at in sorted({at for at, _ in came.asked})[:20]:
        known = world_known(scenario, {kind: [(at, None)] for kind in world}, at)
        assert any(truth(rule.when, known, at) != F for rule in scenario.rules)


def world_known(scenario: Scenario, world: dict[str, World], at: Instant) -> Known:
    """All that was reported by an instant, and how the world then stands."""
    delivery, learnt = scenario.delivery, list[Event]()
    for time, batch in scenario.batches:
        if time <= at:
            news = tuple(event for event in batch if not delivery.has_seen(event.event_id))
            for event in news:
                delivery = delivery.after(event)
            learnt = [*news] if time == at else learnt
    told = {f"disruption|hub:HEL1|{kind}|0": {"truth": _turn(turns, at), "note": ""} for kind, turns in world.items()}
    delivery = delivery.after(Event("world", Kind.FOUND, at, at, "test", detail=told))
    return Known(delivery, tuple(learnt), at)


def _turn(turns: World, at: Instant) -> bool | None:
    found = [turn for since, turn in turns if since <= at]
    return found[-1] if found else False
