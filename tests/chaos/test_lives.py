"""What is to be noticed is what the rules say: the simulator plays each fault and each oddity as if nothing were killed."""

import json

import pytest

from cli.rules import templates_for
from domain.event import Event
from domain.instant import HOUR, MINUTE, Instant
from rules.check import check
from rules.compile import CompiledBook, compile_book
from rules.simulate import simulate
from rules.telling import Reported
from tests.chaos.book import EFFECTS, written
from tests.chaos.lives import FAULTS, QUIRKS, Life, Sending, lives
from tests.chaos.storm import cuts, kills
from workflows.events import DeliveryEvent
from workflows.orders import DeliveryOrder

STARTED: Instant = 1_795_413_600_000
CALM_S = 60.0
"""When what ends in the calm ends, in seconds from its start."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> CompiledBook:
    rules = written(tmp_path_factory.mktemp("chaos"), "http://127.0.0.1:1/hooks", "http://127.0.0.1:1/offers")
    checked = check(rules, templates_for(rules))
    assert checked.ok
    return compile_book(checked.books[0])


def opened(book: CompiledBook, life: Life) -> list[str]:
    """The rules that open when everything is known as soon as it is sent."""
    order = DeliveryOrder.model_validate_json(json.dumps(life.order(STARTED))).order()
    ends_s = CALM_S if life.in_the_calm else max(life.end.after, life.sendings[-1].after)
    sent = [*life.sendings, Sending(ends_s, life.end.told)]
    sent += [Sending(ends_s + one.after, one.told) for one in life.stragglers]
    lines = [Reported(event.recorded_at, event) for one in sent for event in _events(life, one)]
    moments = simulate(book, order, STARTED, lines, STARTED + HOUR - MINUTE)
    return [rule for moment in moments for rule in moment.opened]


def _events(life: Life, sending: Sending) -> list[Event]:
    known_at = STARTED + round(sending.after * 1000)
    wires = (told.wire(life.delivery_id, STARTED, life.skew_s) for told in sending.told)
    return [DeliveryEvent.model_validate_json(json.dumps(wire)).event(known_at) for wire in wires]


@pytest.mark.parametrize("seed", range(3))
def test_each_fault_opens_its_rule_once_and_nothing_else_opens(book: CompiledBook, seed: int) -> None:
    played = lives(seed, 150, 60.0)

    wrong = [(life, opened(book, life)) for life in played if opened(book, life) != ([life.rule] if life.rule else [])]

    assert wrong == []


def test_a_run_has_every_fault_and_every_oddity() -> None:
    played = lives(1, 300, 60.0)

    assert {life.fault for life in played} == {None, *FAULTS}
    assert {quirk for life in played for quirk in life.quirks} == {*QUIRKS}
    assert {life.rule for life in played if life.rule} == {*EFFECTS}
    assert len({life.skew_s for life in played}) == 3


def test_the_same_seed_is_the_same_run_and_another_is_another() -> None:
    assert lives(1, 50, 10.0) == lives(1, 50, 10.0)
    assert lives(1, 50, 10.0) != lives(2, 50, 10.0)


def test_every_part_is_killed_and_every_line_is_cut() -> None:
    parts, lines = ["database", "Temporal", "worker 1", "gateway"], ["a", "b", "c"]

    struck = kills(1, parts, 20.0, each=2)

    assert sorted(blow.target for blow in struck) == sorted(parts * 2)
    assert all(0 < blow.at < 20 for blow in struck)
    assert {blow.target for blow in cuts(1, lines, 20.0)} == set(lines)
