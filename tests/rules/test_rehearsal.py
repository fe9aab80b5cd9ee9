"""The first run of a book: every rule is asked, and the two matchers have to agree."""

from dataclasses import replace
from pathlib import Path

import pytest

from rules.book import Rulebook, canonical_json
from rules.check import check
from rules.compile import compile_book
from rules.matcher import Atoms, Memo, ReferenceMatcher
from rules.reader import read_book
from rules.rehearsal import RehearsalError, main, rehearse
from settings import SHIPPED_RULES

RULES = "rulebook: mine\nrules:\n  - {id: there, when: [status is at_hub, attempts at least 1], applies_to: {carrier: nobody}}\n"


def a_book() -> Rulebook:
    book = read_book(RULES, "mine.yaml").book
    assert book is not None
    return book


@pytest.mark.parametrize("file", sorted(SHIPPED_RULES.glob("*.yaml")), ids=lambda file: file.name)
def test_every_shipped_book_passes_its_rehearsal(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    books = check(file).books

    main([canonical_json(book) for book in books], "durable")

    assert capsys.readouterr().out.split() == [book.name for book in books]


def test_matchers_that_disagree_are_noticed() -> None:
    class Wrong:
        def __call__(self, atoms: Atoms) -> frozenset[int]:
            return frozenset()

    compiled = compile_book(a_book(), "reference")
    wrong = replace(compiled, matcher="durable", match=Memo(Wrong(), ReferenceMatcher([((0, True),)])))

    with pytest.raises(RehearsalError, match="durable and the reference matcher do not agree"):
        rehearse(wrong)


def test_a_rule_for_others_is_asked_too() -> None:
    def breaks(scene: object, at: object) -> None:
        raise ZeroDivisionError("of this rule")

    compiled = compile_book(a_book(), "reference")
    rule = compiled.rules[0]
    broken = replace(rule, when=replace(rule.when, step=breaks, branches=None))  # type: ignore[arg-type]

    with pytest.raises(ZeroDivisionError, match="of this rule"):
        rehearse(replace(compiled, rules=(broken,), _in_scope={}, _applicable={}))
