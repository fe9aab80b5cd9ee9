"""What assignments need around them: a fleet in a real store, drivers and carriers who are told on paper."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError

from activities.assign import Assigning, Reached
from activities.tell_dispatch import Dispatching
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.contact import Contact
from domain.endpoint import Taken
from domain.instant import HOUR
from domain.sending import Unsent
from rules.book import Rulebook, Step
from store.database import Database
from store.ledger import Ledger
from store.migrate import migrate
from store.plans import Plans
from store.reservations import Reservations
from store.stand_ins import StandIns
from store.words import ReservationState
from tests.activities.fleet import TRAVEL, has_route, km, stop
from tests.workflows.books import FAILED, TELL, TICKET, a_book, a_rule
from workflows.assignment import Assignment
from workflows.clock import wall_clock
from workflows.contract import assignment_workflow_id

PHONE = Contact(phone="+358401234567")


@dataclass
class Outside:
    """Whom one can reach, and what they were told. `answers` of carriers are given at once, by carrier and type of call."""

    phones: set[str] = field(default_factory=set)
    takes: set[str] = field(default_factory=set)
    answers: dict[tuple[str, str], Mapping[str, Any] | Unsent] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    calls: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    dispatch: bool = False
    takes_s: float = 0
    takes_back: asyncio.Event | None = None
    """If it is set, nobody is told that an offer is taken back before it happens."""

    async def notify(self, request: ActionRequest) -> ActionResult:
        await asyncio.sleep(self.takes_s)
        if self.takes_back is not None and request.args["template"] == "assignment-withdrawn":
            await self.takes_back.wait()
        self.told.append((str(request.driver_id), request.args["template"]))
        return ActionResult(Outcome.DONE, "sms sent")

    async def driver(self, driver_id: str) -> Contact | None:
        return PHONE if driver_id in self.phones else None

    def takes_requests(self, carrier: str) -> bool:
        return carrier in self.takes

    async def ask(self, carrier: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent | None:
        self.calls.append((carrier, body["type"], body["data"]))
        answer = self.answers.get((carrier, body["type"]), {})
        return answer if isinstance(answer, Unsent) else Taken(key, answer)

    def knows(self, endpoint: str) -> bool:
        return self.dispatch

    async def post(self, endpoint: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent:
        return await self.ask(endpoint, key=key, body=body) or Unsent("no", retry=False)


@dataclass
class Town:
    """The store with its fleet, and who is outside."""

    database: Database
    outside: Outside = field(default_factory=Outside)

    def assigning(self) -> Assigning:
        out, plans = self.outside, Plans(self.database)
        return Assigning(
            plans,
            StandIns(self.database),
            TRAVEL,
            Reservations(self.database),
            Reached(out, out, out, out),
            Ledger(self.database),
            wall_clock,
        )

    def asking(self) -> dict[str, Any]:
        """What a stage needs for assignments."""
        assigning, dispatching = (
            self.assigning(),
            Dispatching(Plans(self.database), self.outside, Ledger(self.database), wall_clock),
        )
        done = [assigning.candidates, assigning.offer, assigning.commit, assigning.withdraw, dispatching.tell_dispatch]
        return {"beside": [Assignment], "more": done}

    async def has_driver(self, number: int, *deliveries: str, **more: Any) -> None:
        """Driver V<number> on route R<number>, on the road between an hour ago and ten hours from now, 10 km off for each number."""
        at, planned = km(10 * number), [stop(delivery_id, km(10 * number, n)) for n, delivery_id in enumerate(deliveries)]
        times = {
            "starts_at": wall_clock() - HOUR,
            "shift_end": wall_clock() + 10 * HOUR,
            "start_lat": at.lat,
            "start_lon": at.lon,
        }
        await has_route(self.database, f"R{number}", f"V{number}", *planned, **{**times, **more})
        self.outside.phones.add(f"V{number}")

    async def reserved(self, delivery_id: str) -> dict[str, ReservationState]:
        """How the room at each candidate stands."""
        states = await Reservations(self.database).states(delivery_id)
        return {key.rpartition("/")[2]: state for key, state in states.items()}


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    await migrate(url := f"sqlite:///{folder / 'store.db'}")
    database = Database(url)
    try:
        yield Town(database)
    finally:
        await database.close()


def reassigning(accept_within: int, **args: Any) -> Rulebook:
    """After a failed attempt others are asked; a ticket is opened if nobody takes it, and the customer is told in the end."""
    step = Step("reassign", {"to": ["nearby_driver", "backup_carrier"], "accept_within": accept_within, **args}, (TICKET,))
    return a_book(a_rule("failed", FAILED, do=(step, TELL)))


class Doors:
    """The doors of one assignment, for tests."""

    def __init__(self, client: Client, delivery_id: str, number: int = 1, rule: str = "failed") -> None:
        self.handle = client.get_workflow_handle(assignment_workflow_id(f"{delivery_id}:1:{rule}:1", number))

    async def answer(self, accept: bool, update_id: str | None = None, **who: Any) -> dict[str, Any]:
        async with asyncio.timeout(60):  # else one that is never answered hangs with nothing to say
            said: dict[str, Any] = await self.handle.execute_update(
                "answer", {"accept": accept, "by": "Kim", **who}, id=update_id
            )
        return said

    async def offers(self) -> dict[str, str]:
        """The state of each offer by candidate; none before there is an assignment."""
        try:
            told = await self.handle.query("snapshot")
        except RPCError:
            return {}
        return {offer["candidate"]: offer["state"] for offer in told["offers"]}
