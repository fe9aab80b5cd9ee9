"""The shipped rulebooks and the worked examples: no doubts about them, all their tests pass and notice every threshold; each rule
acts, is tested, and says its texts of any delivery."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from domain.incident import Incident, Mode, Severity
from domain.message import template_context
from integrations.messaging.templates import Templates
from rules.beside import TEST_ENDING, rulebook_files
from rules.book import Rule, Rulebook
from rules.check import check
from rules.compile import compile_book
from rules.coverage_report import Coverage
from rules.mutation import mutate
from rules.mutation_report import summary
from rules.reader import read_file
from rules.tested import read_tested
from rules.testfile import Case
from rules.verify import run_case
from rules.ways import steps_of
from settings import SHIPPED_RULES
from tests.builders import ZONE, a_delivery, at
from tests.rules.readers import READERS, run

EXAMPLES = SHIPPED_RULES.parent.parent / "examples" / "rules"
TEMPLATES = Templates(EXAMPLES / "templates", SHIPPED_RULES / "templates")


def the_book(file: Path) -> Rulebook:
    book = read_file(file, TEMPLATES).book
    assert book is not None, file
    return book


@cache
def cases(name: str) -> tuple[Case, ...]:
    return read_tested(examples_of(name), READERS, TEMPLATES).cases


def examples_of(name: str) -> Path:
    return FILES[name].with_name(f"{name}{TEST_ENDING}")


FILES = {file.stem: file for folder in (SHIPPED_RULES, EXAMPLES) for file in rulebook_files(folder)}
BOOKS = {name: the_book(file) for name, file in FILES.items()}
RULES = [pytest.param(name, rule, id=f"{name}-{rule.id}") for name, book in BOOKS.items() for rule in book.rules]


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        pytest.param(SHIPPED_RULES, ["cold-chain", "parcel", "same-day", "standard"], id="shipped"),
        pytest.param(EXAMPLES, ["worked"], id="examples"),
    ],
)
def test_there_is_neither_a_mistake_nor_a_doubt(folder: Path, names: list[str]) -> None:
    checked = check(folder, Templates(folder / "templates", SHIPPED_RULES / "templates"), READERS)

    assert [problem.render() for problem in checked.problems] == []
    assert [book.name for book in checked.books] == names


@pytest.mark.parametrize("name", BOOKS)
def test_all_its_tests_pass(name: str) -> None:
    report = run(examples_of(name))

    assert report.ok, report.summary()
    assert (report.failed, report.todo) == (0, sum(rule.mode is Mode.OFF for rule in BOOKS[name].rules))


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_a_rule_says_what_it_means_and_does_something(name: str, rule: Rule) -> None:
    assert rule.says != rule.id.replace("-", " ")
    assert list(steps_of(rule)) or any(rule.name in other.suppressed_by for other in BOOKS[name].rules)
    assert rule.detects or rule.severity is Severity.INFO


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_some_test_fails_without_the_rule(name: str, rule: Rule) -> None:
    book = BOOKS[name]
    if rule.mode is Mode.OFF:
        return
    without = compile_book(replace(book, rules=tuple(other for other in book.rules if other is not rule)), "reference")

    assert any(run_case(case, without).ending == "failed" for case in cases(name))


@pytest.mark.parametrize("name", BOOKS)
def test_its_tests_show_every_sentence_and_step_and_notice_every_threshold(name: str) -> None:
    covered = Coverage()
    run(examples_of(name), covered)
    (mutated,) = mutate(examples_of(name), READERS, TEMPLATES)

    assert covered.below(100) == [], covered.summary()
    assert mutated.tried > 0
    assert mutated.survivors == (), summary([mutated], 0)


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_every_text_can_be_written_about_a_delivery_of_which_little_is_known(name: str, rule: Rule) -> None:
    incident = Incident("D-1001:1:rule:1", rule.id, 1, rule.severity, Mode.LIVE, at("16:00"), rule.says, "book")
    context = template_context(a_delivery(hub=None, zone=None), incident, at("16:00"))

    for step in steps_of(rule):
        if step.action == "open_ticket":
            assert "D-1001" in TEMPLATES.render_text(step.args["title"], timezone=ZONE, context=context)
        for channel in step.args.get("channels", ()):
            message = TEMPLATES.render(step.args["template"], channel, language="fi", timezone=ZONE, context=context)
            assert "D-1001" in message.text + message.subject
