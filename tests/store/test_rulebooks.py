"""Published rulebooks."""

import pytest

from domain.copy import DeliveryCopy
from domain.instant import Instant
from domain.status import Condition, Status
from store.database import Database
from store.deliveries import Deliveries
from store.errors import UnknownRulebookError
from store.rulebooks import Rulebooks

NOON: Instant = 1_795_521_600_000
BOOK = '{"name":"standard","rules":["ä"]}'


@pytest.fixture
def books(database: Database) -> Rulebooks:
    return Rulebooks(database)


async def test_a_published_book_comes_back_to_the_byte(books: Rulebooks) -> None:
    sha = await books.publish("standard", BOOK, now=NOON)

    assert len(sha) == 64
    assert await books.current("standard") == sha
    assert await books.canonical(sha) == BOOK


async def test_a_name_points_at_what_was_published_last_and_old_versions_stay(books: Rulebooks) -> None:
    old = await books.publish("standard", BOOK, now=NOON)
    new = await books.publish("standard", BOOK.replace("ä", "b"), now=NOON + 1)

    assert await books.current("standard") == new
    assert await books.canonical(old) == BOOK


async def test_an_older_version_published_again_is_current_again(books: Rulebooks) -> None:
    old = await books.publish("standard", BOOK, now=NOON)
    await books.publish("standard", BOOK.replace("ä", "b"), now=NOON + 1)
    await books.publish("standard", BOOK, now=NOON + 2)

    assert await books.current("standard") == old


async def test_an_unknown_name_is_refused_with_the_names_that_there_are(books: Rulebooks) -> None:
    with pytest.raises(UnknownRulebookError, match="no rulebook 'express' is published; published are: none"):
        await books.current("express")

    await books.publish("standard", BOOK, now=NOON)

    with pytest.raises(UnknownRulebookError, match="published are: standard"):
        await books.current("express")


async def test_an_unknown_version_is_refused(books: Rulebooks) -> None:
    with pytest.raises(UnknownRulebookError, match="no rulebook version abc is published"):
        await books.canonical("abc")


async def test_a_worker_needs_the_versions_of_open_deliveries_and_of_the_names(database: Database, books: Rulebooks) -> None:
    first = await books.publish("standard", BOOK.replace("ä", "1"), now=NOON)
    second = await books.publish("standard", BOOK.replace("ä", "2"), now=NOON)
    third = await books.publish("standard", BOOK.replace("ä", "3"), now=NOON)
    deliveries = Deliveries(database)
    await deliveries.write(delivery("D-1", first))
    await deliveries.write(delivery("D-2", second, finished_at=NOON))

    assert await books.in_use() == {first, third}


def delivery(delivery_id: str, version: str, finished_at: Instant | None = None) -> DeliveryCopy:
    return DeliveryCopy(
        delivery_id=delivery_id,
        generation=1,
        run_id="run-1",
        revision=1,
        status=Status.CREATED,
        condition=Condition.ON_TIME,
        carrier="acme",
        promised_start=None,
        promised_end=NOON,
        first_promised_end=NOON,
        eta=None,
        attempts=0,
        rulebook="standard",
        rulebook_version=version,
        order={},
        started_at=NOON,
        finished_at=finished_at,
    )


async def test_the_way_back_leads_to_the_version_that_was_current_before(books: Rulebooks) -> None:
    first, second, third = BOOK, BOOK.replace("ä", "2"), BOOK.replace("ä", "3")
    one = await books.publish("standard", first, now=NOON)
    two = await books.publish("standard", second, now=NOON + 1)

    assert await books.back("standard", now=NOON + 2) == one
    assert await books.back("standard", now=NOON + 3) == two
    assert await books.back("standard", now=NOON + 4) == one
    three = await books.publish("standard", third, now=NOON + 5)
    assert await books.versions("standard") == (two, one, three)
    assert await books.back("standard", now=NOON + 6) == one
    assert await books.current("standard") == one


async def test_the_way_back_to_a_named_version_stays_there_when_it_is_gone_again(books: Rulebooks) -> None:
    one = await books.publish("standard", BOOK, now=NOON)
    two = await books.publish("standard", BOOK.replace("ä", "2"), now=NOON + 1)

    assert [await books.back("standard", now=NOON + 2 + n, to=one[:8]) for n in range(2)] == [one, one]
    assert await books.current("standard") == one
    for begins in ("", "xyz"):
        with pytest.raises(
            UnknownRulebookError, match=f"no version of 'standard' .* begins with '{begins}'; there are: .*{two[:12]}"
        ):
            await books.back("standard", now=NOON + 5, to=begins)


async def test_there_is_no_way_back_from_the_first_version(books: Rulebooks) -> None:
    await books.publish("standard", BOOK, now=NOON)

    with pytest.raises(UnknownRulebookError, match="no version of rulebook 'standard' was published before"):
        await books.back("standard", now=NOON + 1)
