"""Events after the end of a delivery."""

from domain.instant import Instant
from store.database import Database
from store.events import Events

NOON: Instant = 1_795_521_600_000


def scan(event_id: str) -> dict[str, object]:
    return {"event_id": event_id, "kind": "scan", "occurred_at": "2026-11-23T08:04:00+02:00", "source": "acme"}


async def test_an_event_after_the_end_is_kept_once(database: Database) -> None:
    events = Events(database)

    assert await events.append_after_close("D-1", [scan("e1"), scan("e2")], now=NOON) == 2
    assert await events.append_after_close("D-1", [scan("e2"), scan("e3")], now=NOON + 1) == 1

    assert [event["event_id"] for event in await events.after_close("D-1")] == ["e1", "e2", "e3"]


async def test_the_same_event_id_may_belong_to_two_deliveries(database: Database) -> None:
    events = Events(database)

    await events.append_after_close("D-1", [scan("e1")], now=NOON)

    assert await events.append_after_close("D-2", [scan("e1")], now=NOON) == 1
