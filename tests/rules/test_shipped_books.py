"""The shipped rulebooks: no doubts about them, all their tests pass, each rule acts, is tested, and says its texts of any delivery."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.incident import Incident, Mode, Severity
from domain.message import template_context
from integrations.messaging.templates import Templates
from rules.beside import rulebook_files
from rules.book import Rule, Rulebook, Step
from rules.check import check
from rules.reader import read_file
from settings import SHIPPED_RULES
from tests.builders import ZONE, a_delivery, at
from tests.rules.readers import READERS, run

TEMPLATES = Templates(SHIPPED_RULES / "templates")


def the_book(file: Path) -> Rulebook:
    book = read_file(file, TEMPLATES).book
    assert book is not None, file
    return book


BOOKS = {file.stem: the_book(file) for file in rulebook_files(SHIPPED_RULES)}
RULES = [pytest.param(name, rule, id=f"{name}-{rule.id}") for name, book in BOOKS.items() for rule in book.rules]


def test_there_is_neither_a_mistake_nor_a_doubt() -> None:
    checked = check(SHIPPED_RULES, TEMPLATES, READERS)

    assert [problem.render() for problem in checked.problems] == []
    assert [book.name for book in checked.books] == list(BOOKS) == ["cold-chain", "parcel", "same-day", "standard"]


@pytest.mark.parametrize("name", BOOKS)
def test_all_its_tests_pass(name: str) -> None:
    report = run(SHIPPED_RULES / f"{name}.test.yaml")

    assert report.ok, report.summary()
    assert (report.failed, report.todo) == (0, 0)


def steps_of(rule: Rule) -> Iterator[Step]:
    """Every action of a rule, those of its stages and its ladder, those otherwise and on its end included."""
    staged = [step for stage in rule.stages for step in stage.do]
    later = [step for rung in (rule.escalate.steps if rule.escalate else ()) for step in rung.do]
    waiting = [*rule.do, *staged, *later, *(step for steps in rule.on_resolve.values() for step in steps)]
    while waiting:
        step = waiting.pop(0)
        waiting += step.otherwise
        yield step


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_a_rule_says_what_it_means_and_does_something(name: str, rule: Rule) -> None:
    assert rule.says != rule.id.replace("-", " ")
    assert list(steps_of(rule))
    assert rule.detects or rule.severity is Severity.INFO


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_some_test_fails_without_the_rule(name: str, rule: Rule, tmp_path: Path) -> None:
    text = (SHIPPED_RULES / f"{name}.yaml").read_text("utf-8")
    (tmp_path / f"{name}.yaml").write_text(text.replace(f"  - id: {rule.id}\n", f"  - id: {rule.id}\n    mode: off\n"))
    for file in ("directory.yaml", f"{name}.test.yaml"):
        (tmp_path / file).write_text((SHIPPED_RULES / file).read_text("utf-8"))

    assert run(tmp_path).failed >= 1


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
