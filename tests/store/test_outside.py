"""What is outside the deliveries: feeds and who waits for them, disruptions and whom they call."""

import asyncio
from dataclasses import replace

from domain.disruption import Affected, Heeded, Notice, TakenUp
from domain.guards import Disrupted, FeedState
from domain.instant import HOUR, MINUTE
from store.database import Database
from store.deliveries import Deliveries
from store.disruptions import Disruptions
from store.feeds import Feeds
from tests.store.test_deliveries import LATE, another

NOW = 1_795_413_600_000
DOWN = Notice("hub", "HEL1", "Kim", NOW, "down", note="no power")


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

    assert declared == [replace(DOWN, disruption_id=1), None]
    assert (before, during, closed) == ({}, {"hub:HEL1": (Disrupted("down"),)}, (replace(DOWN, disruption_id=1),))
    assert await disruptions.open_at(NOW + HOUR) == ()
    assert await disruptions.open_at(NOW + HOUR - 1) == closed


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

    assert [one.kind for one in closed] == ["snow"]
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

    heeded = Heeded(frozenset({"a"}), frozenset())

    called = await Disruptions(database).in_scope("hub", "HEL1", heeded)

    assert called == ("D1", "D5")
    assert await Disruptions(database).in_scope("hub", "HEL1", heeded, after="D1", limit=1) == ("D5",)
    assert await Disruptions(database).in_scope("hub", "HEL1", Heeded(frozenset(), frozenset())) == ()


async def test_it_calls_those_with_an_open_incident_of_a_rule_that_speaks_of_it(database: Database) -> None:
    """Only deliveries under a book with a rule of guards alone were called: what a disruption had opened elsewhere stayed open."""
    copies = Deliveries(database)
    for number, (rule, resolved_at) in enumerate((("held", None), ("held", NOW), ("other", None)), start=1):
        incident = replace(LATE, incident_id=f"D{number}:1:{rule}:1", rule=rule, resolved_at=resolved_at)
        await copies.write(another(f"D{number}", hub="HEL1", run_id=str(number), incidents=(incident,)))

    called = await Disruptions(database).in_scope("hub", "HEL1", Heeded(frozenset(), frozenset({"held"})))

    assert called == ("D1",)


async def test_a_disruption_is_to_be_told_until_its_workflow_has_it_in_hand_and_again_when_it_is_closed(
    database: Database,
) -> None:
    disruptions = Disruptions(database)
    declared = await disruptions.declare(DOWN)
    assert declared is not None

    first = await disruptions.untold("hub:HEL1")
    taken = await disruptions.take_up(declared, NOW + 1)
    in_hand = await disruptions.untold()
    await disruptions.close("hub", "HEL1", None, now=NOW + HOUR)
    closed = await disruptions.untold("hub:HEL1")
    await disruptions.wind_up(1, NOW + 2 * HOUR)

    assert (first, taken, in_hand) == (((declared, None),), TakenUp(1), ())
    assert closed == ((declared, NOW + HOUR),)
    assert await disruptions.untold() == ()
    assert await disruptions.take_up(declared, NOW + 3 * HOUR) == TakenUp(None)


async def test_a_notice_from_elsewhere_is_given_a_number_once_however_often_it_is_taken_up(database: Database) -> None:
    disruptions = Disruptions(database)

    taken = [await disruptions.take_up(one, NOW) for one in (DOWN, DOWN, replace(DOWN, declared_by="Ada", opened_at=NOW + 1))]

    assert taken == [TakenUp(1), TakenUp(1), TakenUp(None)]


async def test_it_concerns_the_open_deliveries_of_its_place(database: Database) -> None:
    copies = Deliveries(database)
    for number, (hub, ended) in enumerate(
        [("HEL1", None), ("TKU1", None), ("HEL1", NOW), ("HEL1", None), ("HEL1", None)], start=1
    ):
        await copies.write(another(f"D{number}", hub=hub, finished_at=ended, run_id=str(number)))
    disruptions = Disruptions(database)

    assert await disruptions.affected("hub", "HEL1", first=2) == Affected(3, ("D1", "D4"))
    assert await disruptions.affected("lane", "HEL1-north") == Affected()


async def test_of_a_disruption_that_is_declared_several_times_at_once_there_is_one(database: Database) -> None:
    disruptions = Disruptions(database)

    declared = await asyncio.gather(*(disruptions.declare(DOWN) for _ in range(6)))

    assert len([one for one in declared if one is not None]) == 1
