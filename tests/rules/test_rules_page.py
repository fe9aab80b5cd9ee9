"""docs/rules.md: its tasks are rules without a mistake, their tests pass, and what it says is printed is printed."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.rules import Wanted, check_rules
from cli.rules import test_rules as run_tests
from settings import SHIPPED_RULES

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
BLOCK = re.compile(r"^```(yaml|csv|text)( [^\n]*)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
TEST_COMMAND = "$ doorstep rules test my-rules\n"


@dataclass(frozen=True)
class Task:
    """One section of the page: its files, what is printed, and what is printed after a change (`old -> new`)."""

    title: str
    text: str
    book: str
    tests: str
    tables: tuple[str, ...]
    printed: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return self.book.splitlines()[0].removeprefix("rulebook: ")

    @property
    def rows(self) -> list[str]:
        """The lines of the rule that the table of the task explains."""
        return re.findall(r"^\| `(.+?)` \|", self.text, re.MULTILINE)


def task_of(section: str) -> Task:
    blocks = BLOCK.findall(section)
    books, tests = ([text for kind, more, text in blocks if not more and text.startswith(key)] for key in ("rulebook:", "tests:"))
    tables = tuple(text for kind, _, text in blocks if kind == "csv")
    printed = tuple((more.strip(), text) for kind, more, text in blocks if kind == "text")
    return Task(section.partition("\n")[0], section, books[0], tests[0], tables, printed)


SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
TASKS = [task_of(section) for section in SECTIONS if re.match(r"\d+\. ", section)]


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped folder without its rulebooks, as seen from where the commands are given."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHIPPED_RULES, "my-rules", ignore=shutil.ignore_patterns("[!d]*.yaml"))
    return Path("my-rules")


def write(task: Task, folder: Path, change: str = "") -> None:
    old, _, new = change.partition("->")
    assert old.strip() in task.book
    (folder / f"{task.name}.yaml").write_text(task.book.replace(old.strip(), new.strip()) if old else task.book)
    (folder / f"{task.name}.test.yaml").write_text(task.tests)
    for table in task.tables:
        (folder / f"{task.name}.csv").write_text(table)


def test_there_are_ten_tasks() -> None:
    assert len(TASKS) >= 10
    for task in TASKS:
        assert f"| [{task.title}](#" in SECTIONS[0]


@pytest.mark.parametrize("task", TASKS, ids=[task.title for task in TASKS])
def test_its_rule_has_neither_a_mistake_nor_a_doubt(task: Task, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(task, rules)

    check_rules(rules, strict=True, format="text")

    assert capsys.readouterr().out == f"rulebooks without a mistake: {task.name}; mistakes: 0; warnings: 0\n"


@pytest.mark.parametrize(
    ("task", "change", "said"),
    [pytest.param(task, change, said, id=f"{task.title} {change}") for task in TASKS for change, said in task.printed],
)
def test_its_tests_print_what_the_page_says(
    task: Task, change: str, said: str, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(task, rules, change)

    code = run_tests(rules, None, "text", Wanted())

    assert TEST_COMMAND + capsys.readouterr().out == said
    assert code == (1 if change else 0)


@pytest.mark.parametrize("task", TASKS, ids=[task.title for task in TASKS])
def test_every_line_of_its_rule_is_explained_there_or_in_a_task_before(task: Task) -> None:
    known = {key_of(row) for one in TASKS[: TASKS.index(task) + 1] for row in one.rows}

    lines = [line.strip() for line in task.book.splitlines()]
    assert [row for row in task.rows if not any(line.startswith(row) for line in lines)] == []
    assert [line for line in lines if key_of(line) not in known] == []


def key_of(line: str) -> str:
    """What a line is about: its key, or its whole sentence."""
    key = re.match(r"(?:- )?([a-z_ ]+):", line)
    return key[1] if key else line


def test_the_example_of_mistakes_is_what_is_really_said(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = {(kind, more.strip()): text for kind, more, text in BLOCK.findall(SECTIONS[-1])}
    (rules / "standard.yaml").write_text(blocks["yaml", "wrong"])

    check_rules(rules / "standard.yaml", strict=False, format="text")

    assert "$ doorstep rules check my-rules/standard.yaml\n" + capsys.readouterr().out == blocks["text", "wrong"]
