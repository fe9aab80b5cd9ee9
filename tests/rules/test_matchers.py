"""durable_rules and the reference matcher: identical ids, unknown included; and both agree with the tree of the condition."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from domain.event import Event
from domain.instant import MINUTE
from domain.order import Money
from rules.book import Rule, Rulebook
from rules.compile import compile_book
from rules.conjuncts import MOST_CONJUNCTS
from rules.durable import SHARD, DurableMatcher
from rules.evaluate import Verdict, evaluate
from rules.matcher import Atoms, FactPart, ReferenceMatcher
from rules.scene import Scene
from rules.tree import All, AnyOf, Compare, Condition, Is, Known, NoneOf
from tests.builders import a_delivery, an_event, at
from tests.rules.scenarios import AMOUNTS, facts

FEW_BOOKS = settings(max_examples=int(os.environ.get("DOORSTEP_EXAMPLES", "25")), deadline=None, derandomize=True)
"""Every ruleset stays in memory for ever (1 MB), so books are few and each is asked many questions."""


@st.composite
def fact_parts(draw: DrawFn, atoms: int) -> tuple[FactPart, ...]:
    literals = st.dictionaries(st.integers(0, atoms - 1), st.booleans(), max_size=4)
    parts = draw(st.lists(literals, min_size=1, max_size=SHARD + 20))
    return tuple(dict.fromkeys(tuple(sorted(part.items())) for part in parts))


def answers(atoms: int) -> SearchStrategy[list[Atoms]]:
    one = st.lists(st.sampled_from([0, 1, None]), min_size=atoms, max_size=atoms).map(tuple)
    return st.lists(one, min_size=1, max_size=40)


@given(data=st.data(), atoms=st.integers(1, 20))
@FEW_BOOKS
def test_both_matchers_name_the_same_fact_parts(data: st.DataObject, atoms: int) -> None:
    parts = data.draw(fact_parts(atoms))
    durable, reference = DurableMatcher(parts), ReferenceMatcher(parts)

    for known in data.draw(answers(atoms)):
        assert durable(known) == reference(known)


def groups_of(sentence: SearchStrategy[Condition]) -> SearchStrategy[Condition]:
    some = st.lists(sentence, min_size=1, max_size=3).map(tuple)
    return st.builds(All, some) | st.builds(AnyOf, some) | st.builds(NoneOf, some)


CONDITIONS = groups_of(facts(60 * MINUTE) | groups_of(facts(60 * MINUTE)))

TOLD: tuple[Event, ...] = (
    an_event("out_for_delivery", "09:00"),
    an_event("scan", "09:10", place="HEL1"),
    an_event("eta", "09:20", eta=at("16:10")),
    an_event("sensor", "09:30", detail={"name": "temperature", "value": 4, "unit": "C"}),
    an_event("driver_status", "09:40", detail={"state": "on_break"}),
    an_event("at_hub", "09:50"),
    an_event("scan", "09:55", place="STOP7"),
)


@given(conditions=st.lists(CONDITIONS, min_size=1, max_size=8), cod=st.sampled_from(AMOUNTS))
@FEW_BOOKS
def test_books_open_the_same_with_either_matcher(conditions: list[Condition], cod: Money | None) -> None:
    rules = tuple(Rule(f"r{number}", "", condition) for number, condition in enumerate(conditions))
    durable, reference = (compile_book(Rulebook("b", rules), matcher) for matcher in ("durable", "reference"))
    before, one, other = a_delivery(cod=cod, value=Money(200, "SEK")), Verdict({}), Verdict({})

    for event in TOLD:
        after, now = before.after(event), event.recorded_at
        one = evaluate(durable, before, after, one.cells, (event,), now, now)
        other = evaluate(reference, before, after, other.cells, (event,), now, now)
        assert one == other
        before = after


@given(condition=CONDITIONS, cod=st.sampled_from(AMOUNTS))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_the_branches_are_as_true_as_the_tree(condition: Condition, cod: Money | None) -> None:
    book = compile_book(Rulebook("b", (Rule("r", "", condition),)), "reference")
    when = book.rules[0].when

    for known in range(len(TOLD) + 1):
        delivery, now = a_delivery(*TOLD[:known], cod=cod, value=Money(200, "SEK")), at("10:00")
        asked = book.scene(delivery, (), now)
        assert when.at(asked, now)[0] is when.step(Scene(delivery), now)[0]


def test_a_condition_that_is_too_long_when_multiplied_out_is_looked_at_as_it_stands() -> None:
    either = tuple(AnyOf((Compare("attempts", "over", n), Compare("parcels", "over", n))) for n in range(8))
    book = compile_book(Rulebook("b", (Rule("long", "", All(either)),)))

    when = book.rules[0].when

    assert 2 ** len(either) > MOST_CONJUNCTS
    assert when.branches is None
    assert when.at(book.scene(a_delivery(), (), at("09:00")), at("09:00"))[0].name == "FALSE"


def test_books_with_the_same_fact_parts_share_their_rulesets() -> None:
    from rules.durable import _HANDLES

    def asked(priority: int) -> None:
        rule = Rule("r", "", All((Is("zone", ("north-2",)), Known("eta"))), priority=priority)
        delivery, told = a_delivery(), an_event("eta", "09:00", eta=at("15:00"))
        after = delivery.after(told)
        evaluate(compile_book(Rulebook("b", (rule,))), delivery, after, {}, (told,), at("09:00"), at("09:00"))

    asked(1)
    before = len(_HANDLES)

    asked(2)

    assert len(_HANDLES) == before


def test_the_matcher_is_not_asked_on_a_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    book = compile_book(Rulebook("b", (Rule("r", "", Is("status", ("created",))),)))

    def refuse(matcher: DurableMatcher, atoms: Atoms) -> frozenset[int]:
        raise AssertionError("asked")

    monkeypatch.setattr(DurableMatcher, "__call__", refuse)
    verdict = evaluate(book, a_delivery(), a_delivery(), {}, (), at("08:00"), at("08:00"))

    assert [change.rule for change in verdict.changes] == ["r"]


def test_without_the_extension_the_reference_matcher_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "durable_rules_engine", None)

    book = compile_book(Rulebook("b", (Rule("r", "", Is("status", ("created",))),)), "durable")

    assert book.matcher == "reference"


def test_a_matcher_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match='no matcher "drools"; allowed are durable, reference'):
        compile_book(Rulebook("b", ()), "drools")


def test_the_matchers_agree_with_memory_filled_with_rubbish() -> None:
    if "MALLOC_PERTURB_" in os.environ:
        pytest.skip("this is the inner run")
    here = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]

    ran = subprocess.run(here, env={**os.environ, "MALLOC_PERTURB_": "85"}, capture_output=True, text=True, timeout=110)

    assert ran.returncode == 0, json.dumps([ran.returncode, ran.stdout[-2000:], ran.stderr[-2000:]])
