"""Rulebooks by version, from the folder that caches them and from the database."""

from pathlib import Path

import pytest

from domain.instant import Instant
from store.database import Database
from store.library import Library
from store.rulebooks import Rulebooks

NOON: Instant = 1_795_521_600_000
BOOK = '{"name":"standard","rules":["ä"]}'


@pytest.fixture
async def version(database: Database) -> str:
    return await Rulebooks(database).publish("standard", BOOK, now=NOON)


@pytest.fixture
def library(database: Database, database_url: str, tmp_path: Path) -> Library:
    return Library(Rulebooks(database), tmp_path / "cache", database_url)


async def test_a_version_is_read_to_the_byte_whether_one_may_wait_or_not(library: Library, version: str) -> None:
    assert library.fetch(version) == BOOK
    assert await library.canonical(version) == BOOK


async def test_what_was_read_once_needs_no_database_any_more(
    database: Database, library: Library, version: str, tmp_path: Path
) -> None:
    await library.canonical(version)

    alone = Library(Rulebooks(database), tmp_path / "cache", f"sqlite:///{tmp_path}/nowhere/at-all.db")

    assert alone.fetch(version) == BOOK


async def test_a_damaged_file_in_the_cache_is_read_anew(library: Library, version: str, tmp_path: Path) -> None:
    await library.canonical(version)
    (tmp_path / "cache" / f"{version}.json").write_text(BOOK[:10], "utf-8")

    assert library.fetch(version) == BOOK


async def test_a_version_that_nobody_published_is_refused(library: Library, version: str) -> None:
    with pytest.raises(LookupError, match="no rulebook version abc is published"):
        library.fetch("abc")
    with pytest.raises(LookupError, match="no rulebook version abc is published"):
        await library.canonical("abc")
