"""Publishing tries a new book in a process of its own first: what crashes, fails or hangs there is not published."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli import publishing
from cli.publishing import publish
from cli.rehearsal import RehearsalFailedError, rehearse
from rules.book import canonical_json
from rules.check import check
from settings import SHIPPED_RULES
from store.database import Database
from store.migrate import migrate
from store.rulebooks import Rulebooks

NAMED = "import sys; print('standard', flush=True);"


def a_program(text: str) -> tuple[str, ...]:
    return sys.executable, "-c", NAMED + text


@pytest.mark.parametrize(
    ("program", "said"),
    [
        pytest.param(
            "import os; os.abort()", r"rulebook standard: .*crashed the matcher \(SIGABRT\).*DOORSTEP_MATCHER", id="crash"
        ),
        pytest.param("import time; time.sleep(60)", "rulebook standard: .*it took longer than 0.5 s; nothing was", id="too long"),
        pytest.param("sys.exit('no such fact')", "rulebook standard: .*it failed: no such fact; nothing was", id="failure"),
    ],
)
async def test_what_goes_wrong_over_a_book_is_told_by_the_books_name(program: str, said: str) -> None:
    limit = 0.5 if "sleep" in program else 60.0

    with pytest.raises(RehearsalFailedError, match=said):
        await rehearse(["{}"], "durable", limit, a_program(program))


async def test_a_book_that_the_matcher_runs_is_fine() -> None:
    books = check(SHIPPED_RULES / "parcel.yaml").books

    await rehearse([canonical_json(book) for book in books], "durable")


async def test_only_what_nobody_has_published_before_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, tried = f"sqlite:///{tmp_path}/doorstep.db", list[int]()

    async def counted(canonicals: Sequence[str], matcher: str) -> None:
        tried.append(len(canonicals))

    monkeypatch.setattr(publishing, "rehearse", counted)
    await migrate(url)
    database, checked = Database(url), check(SHIPPED_RULES / "standard.yaml")

    first, again = await publish(checked, database), await publish(checked, database)

    await database.close()
    assert first == again
    assert tried == [1]


async def test_a_book_that_fails_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/doorstep.db"

    async def crashes(canonicals: Sequence[str], matcher: str) -> None:
        await rehearse(canonicals, matcher, program=a_program("import os; os.abort()"))

    monkeypatch.setattr(publishing, "rehearse", crashes)
    await migrate(url)
    database = Database(url)

    with pytest.raises(RehearsalFailedError, match="nothing was published"):
        await publish(check(SHIPPED_RULES / "standard.yaml"), database)

    names = await Rulebooks(database).names()
    await database.close()
    assert names == {}
