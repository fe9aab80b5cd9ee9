"""The deeds of an assignment on the real store and ledger: each happens once, whatever crashes, and no room is promised twice."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.assign import Assigning, Reached
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.assignment import AssignmentRequest, Candidate, OfferRequest, OfferState
from domain.contact import Contact
from domain.endpoint import Taken
from domain.instant import MINUTE
from domain.sending import Unsent
from store.database import Database
from store.ledger import Ledger
from store.plans import Plans
from store.reservations import Reservations
from store.stand_ins import StandIns
from store.words import ReservationState
from tests.activities.fleet import DAY, EIGHT, TRAVEL, clock, has_backup, has_route, km, order_of, request, stop, version_of

ASKS: Mapping[str, Any] = {"accept_within": 5 * MINUTE}
V2 = Candidate("driver", "V2", "acme", asked=True, route_id="R2", service_date=DAY)
ZIPVAN = Candidate("carrier", "zipvan", "zipvan", asked=True, note="for 4.50 EUR")


@dataclass
class Outside:
    """Everybody has a phone, zipvan takes requests. `crashes` calls are taken, but the worker dies before it hears so."""

    crashes: int = 0
    calls: list[tuple[str, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    answer: Mapping[str, Any] = field(default_factory=dict)

    async def notify(self, request: ActionRequest) -> ActionResult:
        self.told.append(request.key)
        return ActionResult(Outcome.DONE, "sms sent")

    async def driver(self, driver_id: str) -> Contact | None:
        return Contact(phone="+358401234567") if driver_id != "V3" else None

    def takes_requests(self, carrier: str) -> bool:
        return carrier == "zipvan"

    async def ask(self, carrier: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent | None:
        self.calls.append((key, body["type"]))
        if self.crashes > 0:
            self.crashes -= 1
            raise RuntimeError("the worker died")
        return Taken(key, self.answer)

    def knows(self, endpoint: str) -> bool:
        return False

    async def post(self, endpoint: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent:
        return Unsent("there is no dispatch system", retry=False)


def assigning(database: Database, outside: Outside | None = None) -> Assigning:
    out = outside or Outside()
    reached = Reached(out, out, out, out)
    return Assigning(Plans(database), StandIns(database), TRAVEL, Reservations(database), reached, Ledger(database), clock)


def asked(delivery_id: str = "D", args: Mapping[str, Any] = ASKS, **more: Any) -> AssignmentRequest:
    return AssignmentRequest(replace(request(delivery_id, args), **more), 1, f"delivery-{delivery_id}")


def offer(candidate: Candidate, delivery_id: str = "D", **more: Any) -> OfferRequest:
    return OfferRequest(asked(delivery_id), candidate, EIGHT + 5 * MINUTE, **more)


async def dropped(database: Database) -> None:
    await has_route(database, "R1", "V1", stop("A", km(5)), stop("D", km(10), 60), stop("E", km(11), 60))
    await has_route(database, "R2", "V2", stop("P", km(9)), capacity=2)


async def test_drivers_come_before_carriers_each_kind_the_best_first(database: Database) -> None:
    await dropped(database)
    await has_route(database, "R3", "V3", stop("Q", km(0, 10)))
    await has_backup(database, "zipvan", 450)
    await has_backup(database, "cheap", 300)

    found = await assigning(database).candidates(asked())

    assert [candidate.id for candidate in found.candidates] == ["driver:V2", "driver:V3", "carrier:cheap", "carrier:zipvan"]
    assert [candidate.asked for candidate in found.candidates] == [True, False, False, True]


async def test_who_is_known_to_be_on_the_way_to_it_keeps_it_unless_the_rule_says_otherwise(sqlite_database: Database) -> None:
    await dropped(sqlite_database)
    on_the_way: dict[str, Any] = {"driver_id": "V1", "context": {"stops_before": 0}}

    keeps = await assigning(sqlite_database).candidates(asked(**on_the_way))
    gives = await assigning(sqlite_database).candidates(asked(args={**ASKS, "even_on_last_leg": True}, **on_the_way))

    assert keeps.candidates == ()
    assert "its driver has no other stop before this one" in keeps.reason
    assert [candidate.id for candidate in gives.candidates] == ["driver:V2"]


async def test_the_last_room_is_offered_to_one_of_two_deliveries_at_once(database: Database) -> None:
    await dropped(database)

    offers = await asyncio.gather(*(assigning(database).offer(offer(V2, delivery_id)) for delivery_id in ("D", "E")))

    assert sorted(made.state for made in offers) == [OfferState.FAILED, OfferState.OFFERED]
    assert {made.note for made in offers if made.state is OfferState.FAILED} == {"has no room any more"}


async def test_an_offer_that_is_made_again_after_a_crash_is_one_to_who_gets_it(database: Database) -> None:
    outside = Outside(crashes=1)
    with pytest.raises(RuntimeError, match="the worker died"):
        await assigning(database, outside).offer(offer(ZIPVAN))

    again = await assigning(database, outside).offer(offer(ZIPVAN))
    once_more = await assigning(database, outside).offer(offer(ZIPVAN))

    assert again == once_more
    assert again.state is OfferState.OFFERED
    assert outside.calls == [(offer(ZIPVAN).key, "assignment.offered")] * 2  # with the same id, by which it is known


async def test_while_an_offer_may_be_under_way_it_is_not_made_again(sqlite_database: Database) -> None:
    ledger, key = Ledger(sqlite_database), offer(ZIPVAN).key
    await ledger.claim(key, action="offer", delivery_id="D", incident_id="I", deadline=EIGHT + MINUTE, now=EIGHT)

    with pytest.raises(ApplicationError, match="an earlier try may still be under way"):
        await assigning(sqlite_database).offer(offer(ZIPVAN))


async def test_what_a_carrier_answers_at_once_counts(sqlite_database: Database) -> None:
    yes = Outside(answer={"accepted": True, "tracking_number": "ZV-1"})
    no = Outside(answer={"accepted": False, "reason": "full"})
    odd = Outside(answer={"accepted": "maybe", "tracking_number": 7})

    answers = [await assigning(sqlite_database, out).offer(offer(ZIPVAN, id)) for id, out in (("D", yes), ("E", no), ("F", odd))]

    assert [(answer.state.value, answer.note, answer.tracking_number) for answer in answers] == [
        ("accepted", "", "ZV-1"),
        ("declined", "full", None),
        ("offered", "", None),
    ]


async def test_moving_it_there_happens_once_and_fills_the_room(database: Database) -> None:
    await dropped(database)
    await assigning(database).offer(offer(V2))

    first = await assigning(database).commit(offer(V2))
    again = await assigning(database).commit(offer(V2))
    late = await assigning(database).withdraw(offer(V2))

    assert first == again
    assert first.done
    assert [event.kind.value for event in first.events] == ["assignment", "eta"]
    assert await order_of(database, "R1") == ["A", "E"]
    assert (await version_of(database, "R1"), await version_of(database, "R2")) == (2, 2)
    assert late.committed
    assert await Reservations(database).states("D") == {offer(V2).key: ReservationState.COMMITTED}


async def test_an_offer_that_was_taken_back_can_no_longer_be_filled(database: Database) -> None:
    await dropped(database)
    await assigning(database).offer(offer(V2))
    outside = Outside()

    back = await assigning(database, outside).withdraw(offer(V2, because="somebody else has it"))

    assert not back.committed
    assert outside.told == [f"{offer(V2).key}/withdrawn"]
    assert (await assigning(database).offer(offer(V2))).state is OfferState.FAILED
    assert await order_of(database, "R1") == ["A", "D", "E"]


async def test_a_carrier_gets_what_it_has_to_know_once_and_its_number_is_kept(sqlite_database: Database) -> None:
    await dropped(sqlite_database)
    outside = Outside()
    await assigning(sqlite_database, outside).offer(offer(ZIPVAN))
    outside.answer = {"tracking_number": "ZV-9"}

    first = await assigning(sqlite_database, outside).commit(offer(ZIPVAN))
    await assigning(sqlite_database, outside).commit(offer(ZIPVAN))

    assert first.events[0].detail["tracking_number"] == "ZV-9"
    assert [type for _, type in outside.calls] == ["assignment.offered", "assignment.taken"]
    assert await order_of(sqlite_database, "R1") == ["A", "E"]


async def test_who_had_it_and_lost_it_to_an_assignment_never_gets_it_back(sqlite_database: Database) -> None:
    await dropped(sqlite_database)
    await assigning(sqlite_database).offer(offer(V2))
    await assigning(sqlite_database).commit(offer(V2))

    again = replace(asked(), request=replace(asked().request, key="D/1/late/2/do.0/0", driver_id="V2", route_id="R2"))
    found = await assigning(sqlite_database).candidates(again)

    assert found.candidates == ()
    assert "V1 had it before" in found.reason
