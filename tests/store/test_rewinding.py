"""The store is made to go together with a Temporal that was copied a little earlier."""

from dataclasses import replace
from typing import Any

import pytest

from domain.arrival import START, Arrival
from domain.copy import DeliveryCopy
from domain.disruption import Notice
from domain.incident import Resolution
from domain.instant import HOUR, MINUTE
from store.database import Database
from store.deliveries import Deliveries
from store.disruptions import Disruptions
from store.inbox import Inbox
from store.rewinding import COMMITS_WITHIN, Known, Rewound, rewind
from tests.store.test_deliveries import LATE, another

NOW = 1_795_413_600_000
COPIED = NOW + HOUR
"""When Temporal was copied."""


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Backups are of SQLite alone."""
    return sqlite_database


def event(id: str) -> dict[str, Any]:
    return {"event_id": id, "kind": "undelivered"}


async def put(inbox: Inbox, message: str, arrival: Arrival, *, handed: int | None = None) -> None:
    await inbox.put("orders", message, [arrival], now=NOW)
    if handed is not None:
        (entry,) = [one for one in await inbox.next_of(arrival.delivery_id) if one.id.endswith(message)]
        await inbox.handed(entry.entry, "said", now=handed)


async def write(database: Database, id: str, **changes: Any) -> DeliveryCopy:
    copy = another(id, **{"incidents": (), "started_at": NOW, "revision": 7, **changes})
    await Deliveries(database).write(copy)
    return copy


async def test_what_was_handed_on_after_the_copy_is_handed_on_again_in_order(database: Database) -> None:
    inbox = Inbox(database)
    await put(inbox, "before", Arrival("D-1", event("a")), handed=COPIED - 1)
    await put(inbox, "after", Arrival("D-1", event("b")), handed=COPIED)
    await put(inbox, "waits", Arrival("D-1", event("c")))
    (waiting,) = await inbox.next_of("D-1")
    await inbox.claim(waiting.entry, until=COPIED + HOUR, now=COPIED)

    rewound = await rewind(database, Known({"D-1"}, ()), COPIED)

    assert rewound == Rewound(1, (), ())
    (first,) = await inbox.next_of("D-1")
    assert first.id == "orders-after"
    await inbox.handed(first.entry, None, now=COPIED + HOUR)
    (second,) = await inbox.next_of("D-1")
    assert second.id == "orders-waits"
    assert await inbox.claim(second.entry, until=COPIED + HOUR, now=COPIED + 1), "nobody has it in hand any more"


async def test_a_delivery_that_temporal_does_not_know_begins_again_before_all_that_is_there_for_it(database: Database) -> None:
    inbox, copies = Inbox(database), Deliveries(database)
    lost = await write(database, "D-lost", started_at=COPIED + 1)
    await write(database, "D-kept", started_at=COPIED - COMMITS_WITHIN - 1)
    await write(database, "D-terminated", started_at=COPIED - 1)
    await put(inbox, "told", Arrival("D-lost", event("a")), handed=COPIED + 2)

    rewound = await rewind(database, Known(running=(), ended={"D-terminated"}), COPIED)

    assert rewound == Rewound(1, ("D-lost",), ())
    (first,) = await inbox.next_of("D-lost")
    assert (first.arrival.update, first.arrival.request) == (START, lost.order)
    assert await copies.latest("D-lost") is None, "its next life has the same generation, so that the ledger knows its effects"
    assert await copies.latest("D-kept") is not None
    assert await copies.latest("D-terminated") is not None


async def test_an_order_that_is_in_the_inbox_is_not_put_there_twice(database: Database) -> None:
    inbox = Inbox(database)
    await write(database, "D-1", started_at=COPIED + 1)
    await put(inbox, "order", Arrival("D-1", {}, START, {"delivery_id": "D-1"}), handed=COPIED + 1)

    await rewind(database, Known((), ()), COPIED)

    (first,) = await inbox.next_of("D-1")
    assert first.id == "orders-order"
    await inbox.handed(first.entry, None, now=COPIED + HOUR)
    assert await inbox.next_of("D-1") == ()


async def test_a_running_delivery_that_had_ended_runs_again_and_its_next_copy_counts(database: Database) -> None:
    copies = Deliveries(database)
    await write(database, "D-1", finished_at=COPIED + MINUTE)
    await write(database, "D-2", finished_at=COPIED - HOUR)

    rewound = await rewind(database, Known({"D-1"}, {"D-2"}), COPIED)
    known = await copies.latest("D-1")
    await write(database, "D-1", revision=3, attempts=2)

    assert rewound == Rewound(0, (), ("D-1",))
    assert known is not None
    assert known.finished_at is None
    written = await copies.latest("D-1")
    assert written is not None
    assert written.attempts == 2
    other = await copies.latest("D-2")
    assert other is not None
    assert other.finished_at == COPIED - HOUR


async def test_incidents_go_back_to_how_they_were(database: Database) -> None:
    cured = replace(LATE, resolution=Resolution.CURED)
    before = replace(cured, incident_id="D-1:1:a:1", opened_at=COPIED - 2, resolved_at=COPIED - 1)
    ended = replace(cured, incident_id="D-1:1:b:1", opened_at=COPIED - 1, resolved_at=COPIED + 1)
    opened = replace(LATE, incident_id="D-1:1:c:1", opened_at=COPIED + 1)
    await write(database, "D-1", incidents=(before, ended, opened))

    await rewind(database, Known({"D-1"}, ()), COPIED)

    left = [one.incident for one in await Deliveries(database).incidents_of("D-1")]
    assert left == [before, replace(ended, resolved_at=None, resolution=None)]


async def test_a_disruption_that_was_taken_up_after_the_copy_is_taken_up_again(database: Database) -> None:
    known = Disruptions(database)
    taken = await known.take_up(Notice("hub", "HEL1", "Kim", NOW, "down"), COPIED + 1)
    assert taken.disruption_id is not None
    assert await known.untold() == ()

    await rewind(database, Known((), ()), COPIED)

    assert [notice.place for notice, _ in await known.untold()] == ["hub:HEL1"]
