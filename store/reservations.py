"""Room that is kept for a delivery that was offered to somebody: two offers never promise the same room.

    (nothing) --hold--> held --Plans.write(..., reservation)--> committed    with the plan that has the stop
                        held --release--> released
A row that is held counts until `held_until`, so that an assignment that is gone keeps nobody's room for ever.
"""

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.assignment import Candidate
from domain.instant import Instant
from domain.route import Stop
from store.database import Database
from store.plans import locked_plan
from store.tables import reservations
from store.words import ReservationState


class Reservations:
    """The reservations table. Of carriers nobody knows the room but themselves: theirs is always kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hold(self, key: str, delivery_id: str, candidate: Candidate, *, until: Instant, now: Instant) -> bool:
        """Keeps room for the candidate's load until an instant; False if there is none, or if it was given back before."""
        async with self._database.writing() as connection:
            known = await _row(connection, key)
            if known is not None:
                return known["state"] is not ReservationState.RELEASED
            if not await _has_room(connection, delivery_id, candidate, now):
                return False
            values = {"delivery_id": delivery_id, "carrier": candidate.carrier, "route_id": candidate.route_id}
            about = {"service_date": candidate.service_date, "load": candidate.load, "state": ReservationState.HELD}
            times = {"made_at": now, "held_until": until}
            await connection.execute(insert(reservations).values(key=key, **values, **about, **times))
            return True

    async def release(self, key: str, *, now: Instant) -> bool:
        """Gives the room back; False if the delivery has filled it already. Given back twice, or never kept, is given back."""
        mine = (reservations.c.key == key) & (reservations.c.state == ReservationState.HELD)
        given_back = update(reservations).where(mine).values(state=ReservationState.RELEASED, ended_at=now)
        async with self._database.writing() as connection:
            await connection.execute(given_back)
            known = await _row(connection, key)
        return known is None or known["state"] is ReservationState.RELEASED

    async def states(self, delivery_id: str) -> dict[str, ReservationState]:
        """How every reservation for a delivery stands, by key."""
        asked = select(reservations.c.key, reservations.c.state).where(reservations.c.delivery_id == delivery_id)
        async with self._database.reading() as connection:
            return {row.key: row.state for row in await connection.execute(asked)}


async def _has_room(connection: AsyncConnection, delivery_id: str, candidate: Candidate, now: Instant) -> bool:
    if candidate.route_id is None or candidate.service_date is None:
        return True
    plan = await locked_plan(connection, candidate.route_id, candidate.service_date, now)
    return plan is not None and plan.has_room_for(Stop(delivery_id, plan.start, load=candidate.load))


async def _row(connection: AsyncConnection, key: str) -> RowMapping | None:
    return (await connection.execute(select(reservations).where(reservations.c.key == key))).mappings().one_or_none()
