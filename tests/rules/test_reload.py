"""Another version of the rulebook for a delivery under way: what goes on, what starts anew, what finishes under the old one."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instant import MINUTE, SECOND, Instant
from rules.book import Rule, Rulebook, Step, canonical_json, sha256
from rules.compile import compile_book
from rules.reader import read_book
from rules.simulate import Adopted, Line, Moment, Reported, simulate
from tests.builders import an_event, an_order, at
from tests.rules.readers import run
from tests.rules.scenarios import Scenario, scenarios
from tests.rules.stepper import DIRECTORY
from tests.rules.test_against_stepper import examples

PREDICTED = """
rulebook: small
rules:
  - id: predicted
    says: It will be late
    when: eta later than promised end by 10m
    hold: 10m
    cooldown: 1h
    do: [{notify: {who: customer, template: running-late}}]
    on_resolve: [{notify: {who: customer, template: back-on-track}}]
"""

TEXTS = PREDICTED.replace("It will be late", "Too late").replace(
    "who: customer, template: running", "who: driver, template: running"
)
STRICTER = PREDICTED.replace("by 10m", "by 5m")
LONGER = PREDICTED.replace("hold: 10m", "hold: 20m")
KEEPING = STRICTER.replace("hold: 10m", "hold: 10m\n    in_flight: keep")
ACTING = TEXTS.replace("back-on-track", "running-late").replace(
    "on_resolve: [{notify: {who: customer", "on_resolve: [{notify: {who: driver"
)
WITHOUT = "rulebook: small\nrules: [{id: other, when: stopped for 10m}]\n"
OFF = PREDICTED.replace("hold: 10m", "hold: 10m\n    mode: off")
LAYERED = PREDICTED + "  - {overrides: predicted, id: acme, applies_to: {carrier: acme}, severity: high}\n"
MORE = PREDICTED + "  - {id: stopped, when: stopped for 10m, do: [{open_ticket: {queue: hub-ops}}]}\n"
BEFORE, BETTER, WORSE = "12:00 eta 16:15", "12:30 eta 15:00", "12:40 eta 16:15"


def report_of(folder: Path, next_book: str, timeline: list[str], expect: str) -> str:
    """The failures of a test of PREDICTED in which the other book is adopted; empty if it passes. Due at 16:00."""
    (folder / "small.yaml").write_text(PREDICTED)
    (folder / "next.yaml").write_text(next_book)
    lines = "".join(f'      - "{line}"\n' for line in timeline)
    (folder / "small.test.yaml").write_text(
        f"tests:\n  - name: a test\n    delivery: {{carrier: acme, timezone: Europe/Helsinki}}\n    timeline:\n{lines}    expect: {expect}\n"
    )
    report = run(folder / "small.test.yaml")
    return "" if report.ok else report.summary()


@pytest.mark.parametrize(
    ("next_book", "timeline", "expect"),
    [
        pytest.param(
            TEXTS,
            [BEFORE, "12:05 adopt next.yaml"],
            "[{until: '12:09:59', open: []}, {at: '12:10', open: [predicted], did: [notify.driver]}]",
            id="a changed text or action keeps the hold, and counts when it opens",
        ),
        pytest.param(
            STRICTER,
            [BEFORE, "12:05 adopt next.yaml"],
            "[{until: '12:14:59', open: []}, {at: '12:15', open: [predicted]}]",
            id="a changed condition starts anew",
        ),
        pytest.param(
            LONGER,
            [BEFORE, "12:05 adopt next.yaml"],
            "[{until: '12:24:59', open: []}, {at: '12:25', open: [predicted]}]",
            id="so does a changed hold",
        ),
        pytest.param(
            KEEPING,
            [BEFORE, "12:05 adopt next.yaml"],
            "[{until: '12:09:59', open: []}, {at: '12:10', open: [predicted]}]",
            id="or it does not count, where the rule keeps those in flight",
        ),
        pytest.param(
            KEEPING,
            ["12:00 eta 15:00", "12:05 adopt next.yaml", "12:10 eta 16:07"],
            "[{until: '16:00', open: []}]",
            id="not even before the condition was ever true",
        ),
        pytest.param(
            ACTING,
            [BEFORE, "12:20 adopt next.yaml", BETTER],
            "[{at: '12:10', did: [notify.customer]}, {at: '12:30', resolved: {predicted: cured}, did: [notify.customer]}]",
            id="an open episode finishes with the actions of its own book",
        ),
        pytest.param(
            STRICTER,
            [BEFORE, "12:20 adopt next.yaml", "12:30 eta 16:07"],
            "[{at: '12:29:59', open: [predicted]}, {at: '12:30', open: [], resolved: {predicted: cured}, pending: [predicted]}]",
            id="it clears by the condition of its own book, and the new one is looked at then",
        ),
        pytest.param(
            WITHOUT,
            [BEFORE, "12:20 adopt next.yaml", BETTER, WORSE],
            "[{until: '12:10', did: [notify]}, {at: '12:29:59', open: [predicted]}, {at: '12:30', open: [], did: [notify]}, {until: '16:00', open: []}]",
            id="a removed rule finishes what is open and opens nothing more",
        ),
        pytest.param(
            OFF, [BEFORE, "12:05 adopt next.yaml"], "[{until: '14:00', open: [], did: []}]", id="a rule that is switched off"
        ),
        pytest.param(
            TEXTS,
            [BEFORE, BETTER, "12:35 adopt next.yaml", WORSE],
            "[{at: '12:30', open: []}, {until: '13:29:59', open: []}, {at: '13:30', open: [predicted]}]",
            id="a changed text keeps the cooldown",
        ),
        pytest.param(
            STRICTER,
            [BEFORE, BETTER, "12:35 adopt next.yaml", WORSE],
            "[{at: '12:30', open: []}, {until: '12:49:59', open: []}, {at: '12:50', open: [predicted]}]",
            id="a changed condition does not",
        ),
        pytest.param(
            LAYERED,
            [BEFORE, "12:05 adopt next.yaml"],
            "[{until: '12:09:59', open: []}, {at: '12:10', open: [predicted], severity: {predicted: high}}]",
            id="the state goes on in the layer that the rule has got",
        ),
        pytest.param(
            LAYERED,
            [BEFORE, "12:20 adopt next.yaml", BETTER, WORSE],
            "[{at: '12:20', open: [predicted], severity: {predicted: medium}}, {at: '12:30', open: []}, {until: '13:29:59', open: []},"
            " {at: '13:30', open: [predicted], severity: {predicted: high}}]",
            id="an open rule has no second incident by its new layer",
        ),
        pytest.param(
            MORE,
            [BEFORE, "12:02 stopped", "12:05 adopt next.yaml", "12:20 acknowledge stopped"],
            "[{until: '12:09:59', open: []}, {at: '12:12', open: [predicted, stopped]}]",
            id="a new rule counts at once",
        ),
        pytest.param(
            TEXTS,
            [BEFORE, "12:20 resolve predicted", "12:25 adopt next.yaml"],
            "[{at: '12:20', resolved: {predicted: handled}}, {until: '16:00', open: []}]",
            id="what a person resolved arms again only once it was false",
        ),
    ],
)
def test_a_running_delivery_adopts_another_book(tmp_path: Path, next_book: str, timeline: list[str], expect: str) -> None:
    assert report_of(tmp_path, next_book, timeline, expect) == ""


def test_incidents_name_the_book_that_opened_them(tmp_path: Path) -> None:
    before, after = (read_book(text, "small.yaml").book for text in (PREDICTED, TEXTS))
    assert before is not None
    assert after is not None
    late, better, later = (
        an_event("eta", clock, eta=at(eta)) for clock, eta in (("12:00", "16:15"), ("12:30", "15:00"), ("14:00", "16:15"))
    )
    lines: list[Line] = [Reported(event.recorded_at, event) for event in (late, better, later)]

    lines.insert(1, Adopted(at("12:20"), after))
    watch = simulate(compile_book(before, "reference"), an_order(), at("08:00"), lines, at("15:00"))[-1].watch

    assert [incident.book for incident in watch.incidents] == ["simulated", sha256(canonical_json(after))]
    assert [incident.episode for incident in watch.incidents] == [1, 2]
    assert watch.kept == {}


def seen(moments: tuple[Moment, ...]) -> list[tuple[Instant, object]]:
    """All that anybody could see."""
    told = [(moment.at, (moment.opened, moment.resolved, moment.retracted, moment.started)) for moment in moments]
    return [one for one in told if any(one[1])]


def played(scenario: Scenario, *more: Line) -> tuple[Moment, ...]:
    book = compile_book(_book(scenario.rules), "reference")
    lines: list[Line] = [Reported(at, event) for at, events in scenario.batches for event in events]
    lines = sorted([*lines, *more], key=lambda line: line.at)
    return simulate(book, scenario.delivery.order, scenario.delivery.known_at, lines, scenario.end)


def _book(rules: tuple[Rule, ...]) -> Rulebook:
    return Rulebook("book", rules, directory=DIRECTORY)


@st.composite
def adoptions(draw: st.DrawFn) -> tuple[Scenario, Instant]:
    """A day, and an instant of it at which a book is adopted: often that of an event, or a second beside it."""
    scenario = draw(scenarios(1, 4, longest=60 * MINUTE))
    start = scenario.delivery.known_at
    instants = [at for at, _ in scenario.batches if start <= at <= scenario.end] or [start]
    some_time = st.integers(0, (scenario.end - start) // SECOND).map(lambda n: start + n * SECOND)
    beside = st.sampled_from(instants).flatmap(lambda at: st.sampled_from([at, at + 1, at + SECOND]))
    return scenario, draw(some_time | beside)


@given(adoption=adoptions())
@examples(2)
def test_adopting_the_same_book_changes_nothing_that_anybody_could_see(adoption: tuple[Scenario, Instant]) -> None:
    scenario, when = adoption

    adopted = played(scenario, Adopted(when, _book(scenario.rules)))

    assert seen(adopted) == seen(played(scenario))


@given(adoption=adoptions())
@examples(2)
def test_adopting_changed_texts_and_actions_changes_no_instant(adoption: tuple[Scenario, Instant]) -> None:
    scenario, when = adoption
    others = tuple(replace(rule, says="otherwise", do=(Step("reroute"),)) for rule in scenario.rules)

    adopted = played(scenario, Adopted(when, _book(others)))

    assert turns(adopted) == turns(played(scenario))


def turns(moments: tuple[Moment, ...]) -> list[tuple[Instant, object]]:
    told = [(moment.at, (moment.opened, moment.resolved, moment.retracted)) for moment in moments]
    return [one for one in told if any(one[1])]
