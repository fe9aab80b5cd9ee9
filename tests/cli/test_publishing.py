"""Publishing: what holds no rulebook is refused, not published as nothing."""

from pathlib import Path

import pytest

from cli.errors import explained
from cli.publishing import FailingTestsError, RulebookProblemsError, publish
from cli.rules import publish_rules
from rules.check import check
from settings import SHIPPED_RULES, Settings
from store.database import Database
from store.rulebooks import Rulebooks


@pytest.mark.parametrize("file", ["standard.test.yaml", "directory.yaml"])
async def test_a_file_that_is_no_rulebook_is_not_published(tmp_path: Path, file: str) -> None:
    database = Database(f"sqlite:///{tmp_path}/doorstep.db")

    with pytest.raises(RulebookProblemsError, match="there is no rulebook in what is to be published"):
        await publish(check(SHIPPED_RULES / file), database)
    await database.close()


BOOK = """rulebook: standard
rules:
  - {id: failed, when: status is attempt_failed, do: [{open_ticket: {queue: ops}}]}
  - {id: damaged, when: status is damaged, do: [{open_ticket: {queue: ops}}]}
"""

TEST = """tests:
  - name: a failed attempt is noticed
    timeline: ["12:00 attempt_failed"]
    expect: [{at: "12:01", open: [RULE]}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rulebook without tests."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "standard.yaml").write_text(BOOK)
    return folder


def with_test(folder: Path, rule: str) -> Path:
    """The same, with a test that expects that a rule is open."""
    (folder / "standard.test.yaml").write_text(TEST.replace("RULE", rule))
    return folder


async def names(database: Database) -> set[str]:
    return set(await Rulebooks(database).names())


async def test_a_rulebook_whose_test_fails_is_not_published_and_how_to_go_on_is_said(
    settings: Settings, sqlite_database: Database, folder: Path
) -> None:
    with pytest.raises(FailingTestsError, match="failed: 1") as refused:
        await publish_rules(settings, with_test(folder, "damaged"))

    assert "a failed attempt is noticed" in str(refused.value)
    assert "nothing is published" in str(refused.value)
    assert f"(doorstep rules test {folder}), or publish them all the same with --untested" in str(refused.value)
    assert explained(refused.value) is not None
    assert await names(sqlite_database) == set()


async def test_of_one_rulebook_all_tests_beside_it_are_run_however_their_files_end(
    settings: Settings, sqlite_database: Database, folder: Path
) -> None:
    """Of a book alone, only a `.test.yaml` was looked for: a failing `.test.yml` was left out, and the book published."""
    with_test(folder, "damaged").joinpath("standard.test.yaml").rename(folder / "standard.test.yml")
    with pytest.raises(FailingTestsError, match="passed: 0; failed: 1"):
        await publish_rules(settings, folder / "standard.yaml")

    with_test(folder, "failed")
    with pytest.raises(FailingTestsError, match="passed: 1; failed: 1"):
        await publish_rules(settings, folder / "standard.yaml")

    assert await names(sqlite_database) == set()


@pytest.mark.parametrize("how", ["untested", "at_start"])
async def test_it_is_published_all_the_same_if_that_is_asked_for_or_a_program_starts(
    settings: Settings, sqlite_database: Database, folder: Path, how: str
) -> None:
    assert await publish_rules(settings, with_test(folder, "damaged"), **{how: True}) == 0
    assert await names(sqlite_database) == {"standard"}


@pytest.mark.parametrize("has_tests", [pytest.param(True, id="tests pass"), pytest.param(False, id="no tests")])
async def test_a_rulebook_whose_tests_pass_or_that_has_none_is_published(
    settings: Settings, sqlite_database: Database, folder: Path, has_tests: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    book = (with_test(folder, "failed") if has_tests else folder) / "standard.yaml"

    assert await publish_rules(settings, book) == 0

    told = capsys.readouterr()
    assert told.out.startswith("standard  ")
    assert told.err == ("tests passed: 1; failed: 0; todo: 0\n" if has_tests else "")
    assert await names(sqlite_database) == {"standard"}
