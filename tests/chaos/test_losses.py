"""What the storm counts as lost, and what it does not."""

from collections import Counter
from pathlib import Path

import pytest

from cli.rules import templates_for
from rules.check import check
from rules.compile import CompiledBook, compile_book
from tests.chaos.book import written
from tests.chaos.evidence import Arrived, Evidence, Workflows
from tests.chaos.garbage import Thrown
from tests.chaos.losses import counted, is_once
from tests.chaos.replaying import Replay
from workflows.replay import Replayed


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> CompiledBook:
    rules: Path = written(tmp_path_factory.mktemp("chaos"), "http://127.0.0.1:1/hooks", "http://127.0.0.1:1/offers")
    return compile_book(check(rules, templates_for(rules)).books[0])


def evidence(replay: Replay, workflows: int) -> Evidence:
    return Evidence((), Workflows(workflows, {}, (), ()), (), Arrived({}, 0), 0, replay)


def losses(book: CompiledBook, found: Evidence, thrown: Thrown) -> dict[str, list[str]]:
    return {column: lines for column, lines in counted(book, found, thrown, ()).lost.items() if lines}


NOTHING = Replay(0, 0, 0.0, ())


@pytest.mark.parametrize(
    ("known", "beside", "is_one"),
    [
        (["a"], [], True),
        ([], ["a"], True),
        (["a"], ["a"], True),
        ([], [], False),
        (["a"], ["b"], False),
        (["a", "b"], [], False),
        (["a", "a"], [], False),
        ([], ["a", "b"], False),
        ([], ["a", "a"], False),
        (["a", "b"], ["a"], False),
        (["a"], ["a", "a"], False),
    ],
)
def test_a_request_counts_once_here_or_there_or_in_both_places_under_one_id(
    known: list[str], beside: list[str], is_one: bool
) -> None:
    assert is_once(known, beside) is is_one


def test_a_history_that_cannot_be_replayed_is_a_loss_with_its_workflow(book: CompiledBook) -> None:
    differing = Replayed("delivery-C-00001", "run-1", "Delivery", 40, "Nondeterminism error: a timer is missing")

    lost = losses(book, evidence(Replay(2, 80, 0.1, [differing]), workflows=2), Thrown())

    assert lost == {"cannot be replayed": ["delivery-C-00001 (run run-1, 40 events): Nondeterminism error: a timer is missing"]}


def test_a_history_that_is_not_there_is_a_loss(book: CompiledBook) -> None:
    lost = losses(book, evidence(Replay(1, 40, 0.1, ()), workflows=2), Thrown())

    assert lost == {"cannot be replayed": ["1 workflows, whose histories are not there"]}


def test_garbage_that_was_taken_by_a_workflow_that_nobody_asked_is_miscounted(book: CompiledBook) -> None:
    thrown = Thrown(counted=Counter({"route-R1": 2, "feed-F1": 1}), rejected={"feed-F1": 1})

    lost = losses(book, evidence(NOTHING, workflows=0), thrown)

    assert lost == {"garbage miscounted": ["route-R1 took 2, and nobody asked what it counted"]}
