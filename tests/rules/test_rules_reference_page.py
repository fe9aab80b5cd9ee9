"""docs/rules-reference.md: its examples are read, its tables are complete, the mistakes that it tells of are answered as it says,
and what it calls not built is refused."""

import re
from pathlib import Path
from textwrap import indent

import pytest

from domain.actions import ACTION_ARGUMENTS
from integrations.messaging.templates import Templates
from rules.actions_reader import LATER_ACTIONS
from rules.check import check
from rules.directory_reader import read_directory
from rules.reader import BOOK_KEYS, read_book
from rules.rule_reader import MADE_OF_OTHERS, RULE_KEYS
from rules.scope_reader import SCOPE_KEYS
from rules.sentences import FORMS, parse
from rules.twins import TWINS
from rules.unbuilt import KEYS as UNBUILT_KEYS
from settings import SHIPPED_RULES

PAGE = (Path(__file__).parents[2] / "docs" / "rules-reference.md").read_text("utf-8")
BLOCKS = re.findall(r"```(yaml|yaml wrong|text)\n(.*?)```", PAGE, re.DOTALL)
SENTENCES = re.findall(r"^\| [\d-]+ \| .* \| `(.+)` \|$", PAGE, re.MULTILINE)
LATER = PAGE[PAGE.index("## Read but not yet evaluated") :]


FILES = {
    "thresholds.csv": re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)[0],
    **dict(re.findall(r"```yaml (\S+\.blueprint\.yaml)\n(.*?)```", PAGE, re.DOTALL)),
}
ENTRIES = dict(re.findall(r"^### (.+)\n((?:(?!^##).*\n)+)", PAGE, re.MULTILINE))
MISTAKE = re.compile(r"^\*Usual mistake:\*.* `([^`]+)`[^`]* gives `(R\d+) ([^`]+)`(?:, `([^`]+)`)?\.$", re.MULTILINE)
MISTAKES = [(title, *found) for title, entry in ENTRIES.items() for found in MISTAKE.findall(entry)]
OF_THE_BOOK = ("defaults", "define", "params", "expires_after")


def blocks(kind: str) -> list[str]:
    return [text for found, text in BLOCKS if found == kind]


def directory_block() -> str:
    return next(text for text in blocks("yaml") if text.startswith("hubs:"))


def as_book(block: str) -> str:
    """A block that holds the keys of a rule, as the only rule of a book."""
    if block.startswith("rulebook:"):
        return block
    rule = block if block.startswith("id:") else f"id: example\n{block}"
    return "rulebook: page\nrules:\n" + indent(rule, "    ").replace("    ", "  - ", 1)


@pytest.mark.parametrize("block", [text for text in blocks("yaml") if not text.startswith("hubs:")])
def test_every_example_is_read_without_a_complaint(block: str) -> None:
    reading = read_book(as_book(block), "rules-reference.md", read_directory(directory_block()).directory, fetch=FILES.get)

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
    for key in LATER_ACTIONS:
        assert key in LATER or key in BOOK_KEYS


def test_every_part_and_key_that_is_not_evaluated_is_on_the_page() -> None:
    for key in UNBUILT_KEYS:
        assert f"`{key}`" in LATER


def with_mistake(title: str, snippet: str) -> str:
    """A book of one rule, with a sentence, a key of the rule or a key of the book that is written as it should not be."""
    if title in OF_THE_BOOK:
        return f"rulebook: page\n{snippet}\nrules:\n  - {{id: example, says: An example, when: status is damaged}}\n"
    written = f"when: {snippet}" if title.startswith("Form") else snippet
    usual = {"id": "id: example", "says": "says: An example", "when": "when: status is damaged"}
    keys = [line for key, line in usual.items() if key != written.partition(":")[0]]
    left = [line for line in keys if not (line.startswith("when") and written.startswith(("stages", "overrides", "use")))]
    return "rulebook: page\nrules:\n" + indent("\n".join([*left, written]), "    ").replace("    ", "  - ", 1) + "\n"


@pytest.mark.parametrize(("title", "snippet", "code", "message", "hint"), MISTAKES, ids=[found[0] for found in MISTAKES])
def test_the_usual_mistake_is_answered_as_the_page_says(
    tmp_path: Path, title: str, snippet: str, code: str, message: str, hint: str
) -> None:
    (tmp_path / "directory.yaml").write_text(directory_block())
    (tmp_path / "page.test.yaml").write_text("tests: [{name: n, expect: [{at: '10:00', open: [example]}]}]\n")
    (tmp_path / "page.yaml").write_text(with_mistake(title, snippet))

    problems = check(tmp_path, Templates(SHIPPED_RULES / "templates")).problems

    assert (code, message, hint) in [(problem.code, problem.message, problem.hint) for problem in problems]


@pytest.mark.parametrize("key", [*RULE_KEYS, *MADE_OF_OTHERS, *OF_THE_BOOK])
def test_every_key_has_an_entry_with_an_example_and_its_usual_mistake(key: str) -> None:
    entry = ENTRIES[key]

    assert re.search(rf"```yaml\n(?:.*\n)*?.*\b{key}:", entry)
    assert MISTAKE.search(entry)


@pytest.mark.parametrize("number", range(1, 12))
def test_every_form_has_an_entry_with_an_example_when_it_wakes_and_its_usual_mistake(number: int) -> None:
    (entry,) = [text for title, text in ENTRIES.items() if title.startswith(f"Form {number}:")]

    assert "```yaml\n" in entry
    assert "*Wakes:*" in entry
    assert MISTAKE.search(entry)
