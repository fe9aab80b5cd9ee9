"""What is outside the deliveries: feeds and who waits for them, disruptions and whom they call."""

from dataclasses import replace

from domain.guards import Disrupted, FeedState
from domain.instant import HOUR, MINUTE
from store.database import Database
from store.deliveries import Deliveries
from store.disruptions import Disruption, Disruptions
from store.feeds import Feeds
from tests.store.test_deliveries import another

NOW = 1_795_413_600_000
DOWN = Disruption("hub", "HEL1", "down", NOW, None, "Kim", "no power")


async def test_a_feed_is_known_from_when_it_was_heard_of_or_expected(database: Database) -> None:
    feeds = Feeds(database)

    await feeds.seen("acme", at=NOW)
    await feeds.seen("acme", at=NOW - MINUTE)
    await feeds.expect("acme", HOUR)
    await feeds.expect("zipvan", 2 * HOUR)

    assert await feeds.states(["acme", "zipvan", "nobody"]) == {
        "acme": FeedState(NOW, HOUR),
        "zipvan": FeedState(None, 2 * HOUR),
    }


async def test_deliveries_that_wait_for_a_feed_are_read_page_by_page_and_released(database: Database) -> None:
    feeds = Feeds(database)
    for delivery_id in ("D3", "D1", "D2", "D1"):
        await feeds.park(["acme"], delivery_id, now=NOW)

    first = await feeds.waiting_for("acme", limit=2)
    await feeds.release("acme", first)

    assert first == ("D1", "D2")
    assert await feeds.waiting_for("acme", after="D2") == ("D3",)
    assert await feeds.waiting_for("acme") == ("D3",)
    assert await feeds.waiting_for("zipvan") == ()


async def test_a_disruption_is_open_from_its_declaration_until_it_is_closed(database: Database) -> None:
    disruptions = Disruptions(database)

    declared = [await disruptions.declare(DOWN), await disruptions.declare(DOWN)]
    before = await disruptions.open_on(["hub:HEL1", "hub:TKU1"], NOW - 1)
    during = await disruptions.open_on(["hub:HEL1", "hub:TKU1"], NOW)
    closed = await disruptions.close("hub", "HEL1", None, now=NOW + HOUR)

    assert declared == [True, False]
    assert (before, during, closed) == ({}, {"hub:HEL1": (Disrupted("down"),)}, 1)
    assert await disruptions.open_at(NOW + HOUR) == ()
    assert await disruptions.open_at(NOW + HOUR - 1) == (DOWN,)


async def test_a_disruption_ends_by_itself_when_it_was_said_to(sqlite_database: Database) -> None:
    disruptions = Disruptions(sqlite_database)
    await disruptions.declare(replace(DOWN, closes_at=NOW + HOUR))

    assert await disruptions.open_on(["hub:HEL1"], NOW + HOUR - 1) == {"hub:HEL1": (Disrupted("down", NOW + HOUR),)}
    assert await disruptions.open_on(["hub:HEL1"], NOW + HOUR) == {}
    assert await disruptions.declare(replace(DOWN, opened_at=NOW + HOUR))


async def test_closing_one_kind_leaves_the_others_open(sqlite_database: Database) -> None:
    disruptions = Disruptions(sqlite_database)
    for kind in (None, "snow", "strike"):
        await disruptions.declare(replace(DOWN, kind=kind))

    closed = await disruptions.close("hub", "HEL1", "snow", now=NOW + 1)

    assert closed == 1
    assert await disruptions.open_on(["hub:HEL1"], NOW + 1) == {"hub:HEL1": (Disrupted(), Disrupted("strike"))}


async def test_it_calls_the_open_deliveries_of_its_place_under_the_versions_that_heed_it(database: Database) -> None:
    copies = Deliveries(database)
    rows = (
        ("1", "HEL1", "a", None),
        ("2", "HEL1", "b", None),
        ("3", "TKU1", "a", None),
        ("4", "HEL1", "a", NOW),
        ("5", "HEL1", "a", None),
    )
    for number, hub, version, ended in rows:
        await copies.write(another(f"D{number}", hub=hub, rulebook_version=version, finished_at=ended, run_id=number))

    called = await Disruptions(database).in_scope("hub", "HEL1", ["a"])

    assert called == ("D1", "D5")
    assert await Disruptions(database).in_scope("hub", "HEL1", ["a"], after="D1", limit=1) == ("D5",)
    assert await Disruptions(database).in_scope("hub", "HEL1", []) == ()
