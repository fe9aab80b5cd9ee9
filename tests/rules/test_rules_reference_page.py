"""docs/rules-reference.md: its examples are read, its tables are complete, and what it calls not built is refused."""

import re
from pathlib import Path
from textwrap import indent

import pytest

from domain.actions import ACTION_ARGUMENTS
from rules.actions_reader import LATER_ACTIONS, NOT_ACTED_ON
from rules.directory_reader import read_directory
from rules.reader import BOOK_KEYS, read_book
from rules.rule_reader import RULE_KEYS
from rules.scope_reader import SCOPE_KEYS
from rules.sentences import FORMS, parse
from rules.testfile import LATER_CASE_KEYS
from rules.timeline import LATER as LATER_LINES
from rules.twins import TWINS
from rules.unbuilt import KEYS as UNBUILT_KEYS

PAGE = (Path(__file__).parents[2] / "docs" / "rules-reference.md").read_text("utf-8")
BLOCKS = re.findall(r"```(yaml|yaml wrong|text)\n(.*?)```", PAGE, re.DOTALL)
SENTENCES = re.findall(r"^\| [\d-]+ \| .* \| `(.+)` \|$", PAGE, re.MULTILINE)
LATER = PAGE[PAGE.index("## Read but not yet evaluated") :]


def blocks(kind: str) -> list[str]:
    return [text for found, text in BLOCKS if found == kind]


def directory_block() -> str:
    return next(text for text in blocks("yaml") if text.startswith("hubs:"))


def as_book(block: str) -> str:
    """A block that holds the keys of a rule, as the only rule of a book."""
    return block if block.startswith("rulebook:") else f"rulebook: page\nrules:\n  - id: example\n{indent(block, '    ')}"


@pytest.mark.parametrize("block", [text for text in blocks("yaml") if not text.startswith("hubs:")])
def test_every_example_is_read_without_a_complaint(block: str) -> None:
    reading = read_book(as_book(block), "rules-reference.md", read_directory(directory_block()).directory)

    assert [problem.render() for problem in reading.problems] == []


def test_the_directory_example_is_read_without_a_complaint() -> None:
    assert read_directory(directory_block()).problems == ()


def test_the_example_of_mistakes_is_what_is_really_said() -> None:
    problems = read_book(blocks("yaml wrong")[0], "standard.yaml").problems

    assert "\n".join(problem.render() for problem in problems) + "\n" == blocks("text")[0]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_of_the_table_is_understood(sentence: str) -> None:
    parse(sentence)


def test_every_form_that_is_built_is_in_the_table() -> None:
    built = {str(form.number) for form in FORMS}

    assert built <= set(re.findall(r"^\| (\d+) \| .* \| `", PAGE, re.MULTILINE))


def test_every_action_and_key_is_on_the_page() -> None:
    for key in [*BOOK_KEYS, *RULE_KEYS, *ACTION_ARGUMENTS]:
        assert f"| `{key}` |" in PAGE
    for key in SCOPE_KEYS:
        assert f"`{key}`" in PAGE


def test_every_twin_is_on_the_page_with_its_keys() -> None:
    for name, twin in TWINS.items():
        keys = ", ".join(key if row.needed else f"({key})" for key, row in twin.keys.items())
        assert f"| `{name}` | {keys} |" in PAGE


def test_what_is_not_built_is_said_to_be_so() -> None:
    for key in [*LATER_ACTIONS, *NOT_ACTED_ON, *LATER_CASE_KEYS, *LATER_LINES]:
        assert key in LATER or key in BOOK_KEYS


def test_every_part_and_key_that_is_not_evaluated_is_on_the_page() -> None:
    for key in UNBUILT_KEYS:
        assert f"`{key}`" in LATER
