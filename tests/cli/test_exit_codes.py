"""Exit 0 fine, 1 findings, 2 wrong use: what scripts and CI go by."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "rules" / "books"


def doorstep(*words: str | Path) -> int:
    ran = subprocess.run([sys.executable, "-m", "cli", *words], cwd=ROOT, capture_output=True, timeout=60, check=False)
    return ran.returncode


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param((SHIPPED / "standard.yaml").read_text("utf-8"), 0, id="a good rulebook"),
        pytest.param(
            "rulebook: standard\nrules: [{id: a, says: b, when: statsu is created}]\n", 1, id="a rulebook with a mistake"
        ),
    ],
)
def test_checking_ends_with_what_was_found(tmp_path: Path, text: str, code: int) -> None:
    book = tmp_path / "standard.yaml"
    book.write_text(text, "utf-8")
    (tmp_path / "directory.yaml").write_text((SHIPPED / "directory.yaml").read_text("utf-8"), "utf-8")

    assert doorstep("rules", "check", book) == code


def test_a_command_that_there_is_not_is_wrong_use() -> None:
    assert doorstep("rules", "chekc") == 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param([], 0, id="the tests pass"),
        pytest.param(["--coverage"], 0, id="coverage is shown"),
        pytest.param(["--fail-under", "100"], 1, id="too little is covered"),
        pytest.param(["--mutate"], 1, id="a mutant survives"),
        pytest.param(["--mutate", "--format", "json"], 1, id="a mutant survives, for programs"),
    ],
)
def test_testing_ends_with_what_the_tests_leave_unseen(tmp_path: Path, options: list[str], code: int) -> None:
    (tmp_path / "small.yaml").write_text("rulebook: small\nrules: [{id: halted, when: stopped for 20m}]\n")
    (tmp_path / "small.test.yaml").write_text(
        "tests: [{name: a, timeline: ['12:00 stopped'], expect: [{at: '12:30', open: [halted]}]}]"
    )

    assert doorstep("rules", "test", tmp_path, *options) == code


def test_schemas_are_written_beside_the_rulebooks(tmp_path: Path) -> None:
    assert doorstep("rules", "schema", SHIPPED, "--into", tmp_path) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "directory.schema.json",
        "rulebook.schema.json",
        "tests.schema.json",
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["try", "halted", "--events", "good.txt"], 0, id="events are tried"),
        pytest.param(["try", "--events", "good.txt", "--format", "json"], 0, id="on every rule, for programs"),
        pytest.param(["try", "halted", "--events", "bad.txt"], 1, id="a mistake in the events"),
        pytest.param(["try", "nothing", "--events", "good.txt"], 1, id="no such rule to try"),
        pytest.param(["try", "halted"], 2, id="no events are given"),
        pytest.param(["explain", "halted"], 0, id="a rule is explained"),
        pytest.param(["explain", "nothing"], 1, id="no such rule to explain"),
        pytest.param(["explain"], 2, id="no rule is named"),
    ],
)
def test_trying_and_explaining_end_with_what_came_of_them(tmp_path: Path, words: list[str], code: int) -> None:
    (tmp_path / "small.yaml").write_text("rulebook: small\nrules: [{id: halted, when: stopped for 20m}]\n")
    (tmp_path / "good.txt").write_text("12:00 stopped\n12:30 moving\n")
    (tmp_path / "bad.txt").write_text("12:00 stoped\n")

    found = [tmp_path / word if word.endswith(".txt") else word for word in words]
    assert doorstep("rules", *found, "--book", tmp_path) == code
