"""The plans of routes: the version in force, the next version, and who else could take a stop.

A plan is never changed, only followed by its next version, so that what was planned when can always be told.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.effect import Ending
from domain.instant import DAY, Instant
from domain.route import Break, Point, RoutePlan, Stop, StopState, stop_state
from store.database import Database
from store.endings import write_ending
from store.errors import ReservationLostError
from store.tables import deliveries, drivers, reservations, routes, stops
from store.words import ReservationState
from store.words import StopState as StoredState


@dataclass(frozen=True, slots=True)
class _Known:
    """What the copy of a delivery says about its stop."""

    state: StopState = StopState.PLANNED
    finished_at: Instant | None = None
    skills: tuple[str, ...] = ()


class _StalePlanError(Exception):
    """Another version of a plan came first; undoes the transaction."""


class Plans:
    """Routes and their stops."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def holding(self, delivery_id: str, now: Instant) -> RoutePlan | None:
        """The plan in force that has the delivery's stop, of the latest service date; None if no plan has it."""
        async with self._database.reading() as connection:
            held = select(routes.c.route_id, routes.c.service_date).join(stops, _IN_FORCE)
            held = held.where(stops.c.delivery_id == delivery_id).order_by(routes.c.service_date.desc(), routes.c.route_id)
            row = (await connection.execute(held)).first()
            if row is None:
                return None
            here = and_(routes.c.route_id == row.route_id, routes.c.service_date == row.service_date)
            return (await _plans(connection, here, now))[0]

    async def of(self, route_id: str, service_date: str, now: Instant) -> RoutePlan | None:
        """The plan in force of a route on a service date; None if there is none."""
        here = and_(routes.c.route_id == route_id, routes.c.service_date == service_date)
        async with self._database.reading() as connection:
            return next(iter(await _plans(connection, here, now)), None)

    async def latest(self, route_id: str, now: Instant) -> RoutePlan | None:
        """The plan in force of a route on its latest service date; None if there is none."""
        asked = select(func.max(routes.c.service_date)).where(routes.c.route_id == route_id)
        async with self._database.reading() as connection:
            service_date = (await connection.execute(asked)).scalar_one()
        return None if service_date is None else await self.of(route_id, service_date, now)

    async def others(self, plan: RoutePlan, now: Instant) -> list[RoutePlan]:
        """The plans of the same carrier's other drivers who work on the same service date and whose van runs, by route id."""
        elsewhere = and_(
            routes.c.service_date == plan.service_date,
            routes.c.carrier == plan.carrier,
            routes.c.route_id != plan.route_id,
            routes.c.broken_at.is_(None),
            drivers.c.active.is_(True),
        )
        async with self._database.reading() as connection:
            return await _plans(connection, elsewhere, now)

    async def write(
        self, plans: Sequence[RoutePlan], ending: Ending, reservation: str | None = None, also: Sequence[Ending] = ()
    ) -> bool:
        """Writes the next version of each plan and closes the effect, `also` others, all or nothing; a reservation is committed with it.

        False, and nothing written, if another version of one of them came first, or if room that a plan takes was promised to
        others meanwhile. Raises ClaimLostError, and ReservationLostError if the room was given back.
        """
        try:
            async with self._database.writing() as connection:
                # In one order, so that two writers of the same two routes never wait for each other.
                for plan in sorted(plans, key=lambda plan: (plan.route_id, plan.service_date)):
                    await _write_next(connection, plan, ending.at)
                if reservation is not None:
                    await _commit(connection, reservation, ending.at)
                for closed in (ending, *also):
                    await write_ending(connection, closed)
        except _StalePlanError:
            return False
        return True


_IN_FORCE = and_(
    stops.c.route_id == routes.c.route_id,
    stops.c.service_date == routes.c.service_date,
    stops.c.version == routes.c.version,
)


async def _plans(connection: AsyncConnection, which: ColumnElement[bool], now: Instant) -> list[RoutePlan]:
    with_driver = routes.outerjoin(drivers, drivers.c.driver_id == routes.c.driver_id)
    found = select(routes, drivers.c.skills).select_from(with_driver).where(which).order_by(routes.c.route_id)
    rows = (await connection.execute(found)).mappings().all()
    planned = select(stops).select_from(with_driver.join(stops, _IN_FORCE)).where(which).order_by(stops.c.position)
    stop_rows = (await connection.execute(planned)).mappings().all()
    known = await _known(connection, [stop["delivery_id"] for stop in stop_rows])
    promised = await _promised(connection, [row["route_id"] for row in rows], now)
    stops_of: dict[tuple[str, str], list[RowMapping]] = defaultdict(list)
    for stop in stop_rows:
        stops_of[stop["route_id"], stop["service_date"]].append(stop)
    return [
        replace(_plan(row, stops_of[where], known, now), promised=tuple(promised.get(where, ())))
        for row in rows
        for where in [(row["route_id"], row["service_date"])]
    ]


async def locked_plan(connection: AsyncConnection, route_id: str, service_date: str, now: Instant) -> RoutePlan | None:
    """A plan as it stands until the transaction ends: no other writes to its route meanwhile. None if there is no such route."""
    here = and_(routes.c.route_id == route_id, routes.c.service_date == service_date)
    await connection.execute(select(routes.c.version).where(here).with_for_update())
    return next(iter(await _plans(connection, here, now)), None)


async def _promised(
    connection: AsyncConnection, route_ids: Sequence[str], now: Instant
) -> Mapping[tuple[str, str], list[tuple[str, int]]]:
    """The deliveries for which room is kept, with their loads, by route and service date."""
    standing = and_(reservations.c.state == ReservationState.HELD, reservations.c.held_until > now)
    asked = select(reservations).where(reservations.c.route_id.in_(route_ids), standing).order_by(reservations.c.key)
    promised: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for row in (await connection.execute(asked)).mappings():
        promised[row["route_id"], row["service_date"]].append((row["delivery_id"], row["load"]))
    return promised


async def _known(connection: AsyncConnection, delivery_ids: Iterable[str]) -> Mapping[str, _Known]:
    columns = (deliveries.c.delivery_id, deliveries.c.status, deliveries.c.finished_at, deliveries.c.order)
    found = select(*columns).where(deliveries.c.delivery_id.in_(list(delivery_ids))).order_by(deliveries.c.generation)
    rows = (await connection.execute(found)).mappings()
    return {row["delivery_id"]: _known_of(row) for row in rows}  # the latest generation comes last, and stays


def _known_of(row: RowMapping) -> _Known:
    skills = tuple(str(skill) for skill in row["order"].get("skills") or ())
    return _Known(stop_state(row["status"]), row["finished_at"], skills)


def _plan(route: RowMapping, rows: Sequence[RowMapping], known: Mapping[str, _Known], now: Instant) -> RoutePlan:
    """The plan as the driver stands: from the stop that was done last, or from where the route starts."""
    planned = [_stop(row, known.get(row["delivery_id"], _Known()), route["locked"]) for row in rows]
    done = [stop for stop in planned if stop.state is StopState.DONE]
    last = max(enumerate(done), key=lambda placed: (_finished_at(placed[1], known), placed[0]), default=None)
    return RoutePlan(
        route_id=route["route_id"],
        service_date=route["service_date"],
        version=route["version"],
        # There is no position of the vehicle here: it may be nearer to its next stop than this says, so ETAs err to late.
        start=last[1].at if last else Point(route["start_lat"], route["start_lon"]),
        leaves_at=max(now, route["starts_at"]),
        stops=tuple(sorted(planned, key=lambda stop: _ORDER[stop.state])),
        driver_id=route["driver_id"],
        carrier=route["carrier"],
        skills=tuple(route["skills"] or ()),
        capacity=route["capacity"],
        shift_ends=route["shift_end"],
        broken_at=route["broken_at"],
        breaks=tuple(Break(*one) for one in route["breaks"] or ()),
    )


_ORDER = {StopState.DONE: 0, StopState.IN_PROGRESS: 1, StopState.PLANNED: 2}


def _finished_at(stop: Stop, known: Mapping[str, _Known]) -> Instant:
    return known.get(stop.delivery_id, _Known()).finished_at or 0


def _stop(row: RowMapping, known: _Known, locked: int) -> Stop:
    """The stop, with the furthest state that the plan or the delivery's copy knows."""
    return Stop(
        delivery_id=row["delivery_id"],
        at=Point(row["lat"], row["lon"]),
        earliest=row["window_start"],
        latest=row["window_end"],
        service_time=row["service_ms"],
        state=min(StopState(row["state"].value), known.state, key=_ORDER.__getitem__),
        locked=row["position"] < locked,
        load=row["load"],
        priority=row["priority"],
        skills=known.skills,
        eta=row["eta"],
    )


async def _commit(connection: AsyncConnection, key: str, now: Instant) -> None:
    mine = (reservations.c.key == key) & (reservations.c.state == ReservationState.HELD)
    filled = update(reservations).where(mine).values(state=ReservationState.COMMITTED, ended_at=now)
    if (await connection.execute(filled)).rowcount != 1:
        raise ReservationLostError(f"the room of offer {key} was given back; offer it again")


async def _write_next(connection: AsyncConnection, plan: RoutePlan, now: Instant) -> None:
    here = and_(routes.c.route_id == plan.route_id, routes.c.service_date == plan.service_date)
    new = {"version": plan.version + 1, "locked": _locked(plan), "broken_at": plan.broken_at}
    step = update(routes).where(here, routes.c.version == plan.version).values(**new)
    if (await connection.execute(step)).rowcount != 1:
        raise _StalePlanError(f"route {plan.route_id} of {plan.service_date}: version {plan.version} is no longer in force")
    await _refuse_promised_room(connection, plan, now)
    await write_stops(connection, plan, plan.version + 1)


async def _refuse_promised_room(connection: AsyncConnection, plan: RoutePlan, now: Instant) -> None:
    """Room may have been promised to others since the plan was read; nobody promises any while its route is locked."""
    where = (plan.route_id, plan.service_date)
    promised = (await _promised(connection, [plan.route_id], now)).get(where, [])
    if not set(promised) <= set(plan.promised):
        raise _StalePlanError(f"route {plan.route_id} of {plan.service_date}: room in it was promised to others")


async def write_stops(connection: AsyncConnection, plan: RoutePlan, version: int) -> None:
    """The plan's stops as that version of it."""
    rows = stop_rows(plan, version)
    if rows:
        await connection.execute(insert(stops), rows)


def _locked(plan: RoutePlan) -> int:
    """How many of the first stops may not be moved."""
    return max((place for place, stop in enumerate(plan.stops, 1) if stop.locked), default=0)


def route_row(plan: RoutePlan) -> dict[str, Any]:
    """Without an end of shift the route may last a day, without a capacity it has room for what it carries, and no more."""
    return {
        "route_id": plan.route_id,
        "service_date": plan.service_date,
        "driver_id": plan.driver_id,
        "carrier": plan.carrier,
        "version": plan.version,
        "start_lat": plan.start.lat,
        "start_lon": plan.start.lon,
        "starts_at": plan.leaves_at,
        "shift_end": plan.leaves_at + DAY if plan.shift_ends is None else plan.shift_ends,
        "capacity": sum(stop.load for stop in plan.stops) if plan.capacity is None else plan.capacity,
        "locked": _locked(plan),
        "broken_at": plan.broken_at,
        "breaks": [[one.earliest, one.latest, one.span] for one in plan.breaks] or None,
    }


def stop_rows(plan: RoutePlan, version: int) -> list[dict[str, Any]]:
    """The plan's stops as rows of that version."""
    return [_row(plan, version, position, stop) for position, stop in enumerate(plan.stops)]


def _row(plan: RoutePlan, version: int, position: int, stop: Stop) -> dict[str, Any]:
    return {
        "route_id": plan.route_id,
        "service_date": plan.service_date,
        "version": version,
        "position": position,
        "delivery_id": stop.delivery_id,
        "lat": stop.at.lat,
        "lon": stop.at.lon,
        "window_start": stop.earliest,
        "window_end": stop.latest,
        "service_ms": stop.service_time,
        "eta": stop.eta,
        "state": StoredState(stop.state.value),
        "load": stop.load,
        "priority": stop.priority,
    }
