"""What is in the inbox reaches its delivery, in order and once, whatever is away meanwhile."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.arrival import Arrival
from domain.instant import Instant
from intake.handing_on import HandingOn
from store.database import Database
from store.inbox import Entry, Inbox
from workflows.client import RefusedError, UnreachableError

NOW: Instant = 1_795_413_600_000


@dataclass
class Deliveries:
    """Take note of what they are told; those in `away` do not answer, those in `refuse` refuse updates, those in `ended` have ended."""

    away: set[str] = field(default_factory=set)
    refuse: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    told: list[tuple[str, str]] = field(default_factory=list)
    answers: asyncio.Event | None = None
    """Those in `away` are waited for until then."""
    asked: set[str] = field(default_factory=set)
    kept: list[str] = field(default_factory=list)

    async def start(self, order: Mapping[str, Any]) -> dict[str, Any]:
        self.told.append((order["delivery_id"], "start"))
        return {}

    async def ask(
        self, delivery_id: str, update: str, request: Mapping[str, Any], update_id: str | None = None
    ) -> dict[str, Any]:
        self.asked.add(delivery_id)
        if self.answers is not None and delivery_id in self.away:
            await self.answers.wait()
        self._look(delivery_id)
        if delivery_id in self.refuse:
            raise RefusedError("it is delivered", "Finished")
        self.told.append((delivery_id, f"{update} {update_id}"))
        return {"ok": True}

    async def report(self, delivery_id: str, events: Sequence[Mapping[str, Any]]) -> None:
        self._look(delivery_id)
        self.told += [(delivery_id, f"event {event['event_id']}") for event in events]

    async def append_after_close(self, delivery_id: str, told: Iterable[Mapping[str, Any]], *, now: Instant) -> int:
        self.kept += [event["event_id"] for event in told]
        return 1

    def _look(self, delivery_id: str) -> None:
        if delivery_id in self.away:
            raise UnreachableError("no answer")
        if delivery_id in self.ended:
            raise LookupError(f"no delivery {delivery_id} is running")

    def handing_on(self, inbox: Inbox) -> HandingOn:
        async def connected() -> Deliveries:
            return self

        return HandingOn(inbox, connected, self, lambda: NOW)


async def runs_until_told(handing_on: HandingOn, deliveries: Deliveries) -> None:
    """As a gateway does, until a delivery has been told something."""
    running = asyncio.create_task(handing_on.run())
    try:
        async with asyncio.timeout(5):
            while not deliveries.told:  # noqa: ASYNC110 - what is told sets no event
                await asyncio.sleep(0.01)
    finally:
        running.cancel()


def arrival(delivery_id: str, id: str, update: str | None = "confirm_availability") -> Arrival:
    return Arrival(delivery_id, {"event_id": id, "kind": "customer_reply"}, update, {"available": True})


async def test_a_delivery_that_does_not_answer_holds_up_no_other(sqlite_database: Database) -> None:
    inbox, deliveries = Inbox(sqlite_database), Deliveries(away={"D-1"})
    for number, delivery_id in enumerate(("D-1", "D-1", "D-2", "D-2")):
        await inbox.put("twilio", f"SM{number}", [arrival(delivery_id, f"e{number}")], now=NOW)

    with pytest.raises(UnreachableError, match="no answer"):
        await deliveries.handing_on(inbox).all()
    before = list(deliveries.told)
    deliveries.away.clear()
    await deliveries.handing_on(inbox).all()

    assert before == [("D-2", "confirm_availability twilio-SM2"), ("D-2", "confirm_availability twilio-SM3")]
    assert deliveries.told[2:] == [("D-1", "confirm_availability twilio-SM0"), ("D-1", "confirm_availability twilio-SM1")]
    assert await inbox.next_of() == ()


@pytest.mark.parametrize("stuck", [99, 150])
async def test_many_deliveries_that_do_not_answer_hide_none_that_came_later(sqlite_database: Database, stuck: int) -> None:
    """The hundred that had waited longest were tried again and again, and nothing that came after them was handed on."""
    inbox, deliveries = Inbox(sqlite_database), Deliveries(away={f"D-{number}" for number in range(stuck)})
    for message in ("1", "2"):
        await inbox.put("dispatch", message, [arrival(id, message) for id in [*sorted(deliveries.away), "D-good"]], now=NOW)

    with pytest.raises(UnreachableError, match="no answer"):
        await deliveries.handing_on(inbox).all()

    assert [delivery_id for delivery_id, _ in deliveries.told] == ["D-good", "D-good"]
    assert len(await inbox.next_of(limit=1000)) == len(deliveries.asked) - 1 == stuck


async def test_while_one_delivery_is_waited_for_all_that_waits_for_the_others_is_handed_on(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came second for a delivery waited until each of the hundred before it had answered or had not for its whole time."""
    monkeypatch.setattr("intake.handing_on.AT_ONCE", 2)
    inbox, answers = Inbox(sqlite_database), asyncio.Event()
    deliveries = Deliveries(away={"D-0"}, answers=answers)
    for number in range(3):
        await inbox.put("dispatch", str(number), [arrival(f"D-{id}", f"{id}-{number}") for id in range(5)], now=NOW)
    running = asyncio.create_task(deliveries.handing_on(inbox).all())

    async with asyncio.timeout(5):
        while len(deliveries.told) < 12:  # noqa: ASYNC110 - what is told sets no event
            await asyncio.sleep(0.01)
    was_waiting = not running.done()
    answers.set()
    with pytest.raises(UnreachableError, match="no answer"):
        await running

    assert was_waiting
    assert {delivery_id for delivery_id, _ in deliveries.told} == {"D-1", "D-2", "D-3", "D-4"}


async def test_handing_on_that_is_ended_gives_back_what_it_has_in_hand(sqlite_database: Database) -> None:
    inbox, deliveries = Inbox(sqlite_database), Deliveries(away={"D-1"}, answers=asyncio.Event())
    await inbox.put("twilio", "SM1", [arrival("D-1", "e1")], now=NOW)
    running = asyncio.create_task(deliveries.handing_on(inbox).all())
    async with asyncio.timeout(5):
        while not deliveries.asked:  # noqa: ASYNC110 - what is asked sets no event
            await asyncio.sleep(0.01)

    running.cancel()
    with pytest.raises(asyncio.CancelledError, match=r"^$"):
        await running

    (entry,) = await inbox.next_of()
    assert await inbox.claim(entry.entry, until=NOW + 1, now=NOW)


async def test_what_a_delivery_refuses_is_reported_as_what_the_customer_said(sqlite_database: Database) -> None:
    inbox, deliveries = Inbox(sqlite_database), Deliveries(refuse={"D-1"})
    await inbox.put("twilio", "SM1", [arrival("D-1", "e1")], now=NOW)

    await deliveries.handing_on(inbox).all()

    assert deliveries.told == [("D-1", "event e1")]
    assert await inbox.note_of("twilio", "SM1") == (True, "it is delivered")


async def test_what_comes_after_the_end_is_kept_beside_the_delivery(sqlite_database: Database) -> None:
    inbox, deliveries = Inbox(sqlite_database), Deliveries(ended={"D-1"})
    await inbox.put("twilio", "SM1", [arrival("D-1", "e1"), arrival("D-2", "e2", None)], now=NOW)

    await deliveries.handing_on(inbox).all()

    assert (deliveries.kept, deliveries.told) == (["e1"], [("D-2", "event e2")])


async def test_two_gateways_hand_on_each_thing_once(sqlite_database: Database) -> None:
    inbox, deliveries = Inbox(sqlite_database), Deliveries()
    for number in range(20):
        await inbox.put("twilio", f"SM{number}", [arrival(f"D-{number % 4}", f"e{number}")], now=NOW)

    await asyncio.gather(*(deliveries.handing_on(inbox).all() for _ in range(3)))

    assert len(deliveries.told) == len(set(deliveries.told)) == 20
    of_one = [told for delivery_id, told in deliveries.told if delivery_id == "D-1"]
    assert of_one == [f"confirm_availability twilio-SM{number}" for number in (1, 5, 9, 13, 17)]


async def test_what_goes_wrong_in_an_unknown_way_does_not_end_the_handing_on(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that takes no writes for a while says so in its own way; nothing was handed on by that gateway from then on."""
    inbox, deliveries = Inbox(sqlite_database), Deliveries()
    await inbox.put("twilio", "SM1", [arrival("D-1", "e1")], now=NOW)
    handing_on, look, looks = deliveries.handing_on(inbox), inbox.next_of, 0

    async def once_read_only(delivery_id: str | None = None, *, after: int = 0, limit: int = 100) -> tuple[Entry, ...]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RuntimeError("cannot execute UPDATE in a read-only transaction")
        return await look(delivery_id, after=after, limit=limit)

    monkeypatch.setattr(inbox, "next_of", once_read_only)
    monkeypatch.setattr("intake.handing_on.WAITS_S", (0.01,))
    await runs_until_told(handing_on, deliveries)

    assert deliveries.told == [("D-1", "confirm_availability twilio-SM1")]


async def test_what_a_gateway_that_died_had_in_hand_is_handed_on_once_its_claim_has_ended(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another gateway looked again only after a minute, so that a customer's answer reached its delivery 90 s late."""
    inbox, deliveries = Inbox(sqlite_database), Deliveries()
    await inbox.put("twilio", "SM1", [arrival("D-1", "e1")], now=NOW)
    (entry,) = await inbox.next_of()
    await inbox.claim(entry.entry, until=NOW + 1, now=NOW - 1)
    times = iter((NOW, *[NOW + 1] * 100))

    async def connected() -> Deliveries:
        return deliveries

    handing_on = HandingOn(inbox, connected, deliveries, lambda: next(times))
    monkeypatch.setattr("intake.handing_on.CLAIM_LASTS", 10)
    await runs_until_told(handing_on, deliveries)

    assert deliveries.told == [("D-1", "confirm_availability twilio-SM1")]
