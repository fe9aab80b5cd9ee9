"""What is kept of people and of deliveries that have ended, and how it is taken out again.

A delivery that has ended is forgotten in two steps. First what could name a person goes: names, addresses, numbers, positions,
words. What stays is when it ended and how its promise was kept, its id, and the keys of its effects, so that the id is still known
and nothing is done again. Later the rows go.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.instant import Instant
from store.database import Database
from store.tables import (
    conversations,
    deliveries,
    effects,
    events,
    inbox,
    incidents,
    members,
    parked,
    receipts,
    reservations,
    revocations,
    routes,
    stops,
    ticket_comments,
    tickets,
    tracking_numbers,
)
from store.words import TicketStatus

FORGOTTEN = "erased"
"""Stands in the place of a text about a person; the order's own key of that name says that it is so."""

KEPT_OF_ORDER = ("schema_version", "delivery_id", "carrier", "promised", "rulebook", "service_level", "job")

ROWS = (events, incidents, effects, conversations, reservations, members, parked, revocations, tracking_numbers, deliveries)
"""Tables that have a delivery's id, and in which nothing else refers to their rows."""

WORDS = (events, tracking_numbers, conversations)
"""Tables that have a delivery's id, and nothing but what names its person."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a provider keeps something of the person: an effect by mail, SMS, ticket, ..."""

    action: str
    reference: str


class Forgetting:
    """Takes personal data and old rows out. Whether a workflow still needs them is for the caller to know."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waits_for(self, delivery_id: str) -> str | None:
        """Why a delivery cannot be forgotten yet, as far as the store knows; None if it can. Raises LookupError."""
        known = select(deliveries.c.finished_at).where(deliveries.c.delivery_id == delivery_id)
        unhanded = select(inbox.c.entry).where(inbox.c.delivery_id == delivery_id, inbox.c.handed_at.is_(None)).limit(1)
        async with self._database.reading() as connection:
            ends = list((await connection.execute(known)).scalars())
            waiting = (await connection.execute(unhanded)).first()
            began = bool(ends) or await _is_named(connection, delivery_id)
        if not began:
            raise LookupError(f"no delivery {delivery_id} is known")
        if None in ends:
            return "it has not ended"
        return "a message for it has not been handed on" if waiting else None

    async def ended(self, before: Instant, *, after_id: str = "", limit: int = 50, with_persons: bool = False) -> tuple[str, ...]:
        """Deliveries of which every life ended before an instant and for which nothing waits, by id, after an id.

        `with_persons`: those that still name a person; else those without a ticket that somebody still works on.
        """
        id = deliveries.c.delivery_id
        query = select(id).where(id > after_id).group_by(id).order_by(id).limit(limit)
        query = query.having(func.count() == func.count(deliveries.c.finished_at), func.max(deliveries.c.finished_at) < before)
        waiting = exists().where(inbox.c.delivery_id == id, inbox.c.handed_at.is_(None))
        query = query.where(~waiting)
        async with self._database.reading() as connection:
            return tuple((await connection.execute(_narrowed(query, with_persons))).scalars())

    async def incidents_of(self, delivery_id: str) -> tuple[str, ...]:
        query = select(incidents.c.incident_id).where(incidents.c.delivery_id == delivery_id)
        async with self._database.reading() as connection:
            return tuple((await connection.execute(query)).scalars())

    async def elsewhere(self, delivery_id: str) -> tuple[Reference, ...]:
        """What providers and other desks keep, by their own ids."""
        query = select(effects.c.action, effects.c.provider_ref).where(
            effects.c.delivery_id == delivery_id, effects.c.provider_ref.is_not(None)
        )
        async with self._database.reading() as connection:
            return tuple(Reference(row.action, row.provider_ref) for row in await connection.execute(query))

    async def anonymise(self, ids: Collection[str]) -> None:
        """Takes out what could name a person; in one transaction."""
        async with self._database.writing() as connection:
            await self._anonymise_orders(connection, ids)
            plain: dict[str, Any] = {"says": FORGOTTEN, "note": None}
            await connection.execute(update(incidents).where(incidents.c.delivery_id.in_(ids)).values(**plain))
            nothing = {"note": None, "detail": None, "provider_ref": None, "last_error": None}
            await connection.execute(update(effects).where(effects.c.delivery_id.in_(ids)).values(**nothing))
            about = tickets.c.delivery_id.in_(ids)
            of_tickets = ticket_comments.c.ticket_id.in_(select(tickets.c.ticket_id).where(about))
            await connection.execute(update(ticket_comments).where(of_tickets).values(body=FORGOTTEN))
            await connection.execute(update(tickets).where(about).values(title=FORGOTTEN, body=FORGOTTEN))
            await connection.execute(
                update(stops).where(stops.c.delivery_id.in_(ids)).values(lat=_start("lat"), lon=_start("lon"))
            )
            for table in WORDS:
                await connection.execute(delete(table).where(table.c.delivery_id.in_(ids)))
            await _drop_messages(connection, ids)

    async def drop(self, ids: Collection[str]) -> None:
        """Deletes the rows of deliveries; in one transaction."""
        async with self._database.writing() as connection:
            of_tickets = select(tickets.c.ticket_id).where(tickets.c.delivery_id.in_(ids))
            await connection.execute(delete(ticket_comments).where(ticket_comments.c.ticket_id.in_(of_tickets)))
            await connection.execute(delete(tickets).where(tickets.c.delivery_id.in_(ids)))
            await _drop_messages(connection, ids)
            for table in (*ROWS, stops):
                await connection.execute(delete(table).where(table.c.delivery_id.in_(ids)))

    async def drop_orders(self, entries: Collection[int]) -> None:
        """Deletes orders that were handed on from the inbox."""
        async with self._database.writing() as connection:
            await connection.execute(delete(inbox).where(inbox.c.entry.in_(entries), inbox.c.handed_at.is_not(None)))

    async def drop_strays(self, before: Instant) -> None:
        """Deletes what came before an instant, was handed on, and is of no delivery that is known."""
        known = select(deliveries.c.delivery_id)
        async with self._database.writing() as connection:
            stray = inbox.c.delivery_id.not_in(known) & (inbox.c.handed_at < before)
            await connection.execute(delete(inbox).where(stray))
            old = conversations.c.delivery_id.not_in(known) & (conversations.c.written_at < before)
            await connection.execute(delete(conversations).where(old))

    async def _anonymise_orders(self, connection: AsyncConnection, ids: Collection[str]) -> None:
        lives = select(deliveries.c.delivery_id, deliveries.c.generation, deliveries.c.order)
        for row in (await connection.execute(lives.where(deliveries.c.delivery_id.in_(ids)))).all():
            this = (deliveries.c.delivery_id == row.delivery_id) & (deliveries.c.generation == row.generation)
            bare_order = {"order": without_person(row.order), "driver_id": None, "shipper": None}
            await connection.execute(update(deliveries).where(this).values(**bare_order))


def without_person(order: dict[str, Any]) -> dict[str, Any]:
    """What is left of an order: enough to be read as one."""
    timezone = (order.get("destination") or {}).get("timezone")
    kept = {name: order[name] for name in KEPT_OF_ORDER if name in order}
    return {**kept, "destination": {"timezone": timezone}, FORGOTTEN: "true"}


def _start(axis: str) -> ColumnElement[float]:
    """Where the route of a stop starts: a place on its map that is no customer's, for whoever goes on planning it."""
    here = (routes.c.route_id == stops.c.route_id) & (routes.c.service_date == stops.c.service_date)
    start: ColumnElement[float] = select(routes.c[f"start_{axis}"]).where(here).scalar_subquery()
    return func.coalesce(start, 0.0)


async def _is_named(connection: AsyncConnection, delivery_id: str) -> bool:
    """Whether something is kept for the id of a delivery that never began: its order was refused."""
    for table in (inbox, conversations):
        if (await connection.execute(select(table.c.delivery_id).where(table.c.delivery_id == delivery_id).limit(1))).first():
            return True
    return False


def _narrowed(query: Select[Any], with_persons: bool) -> Select[Any]:
    if with_persons:
        # What came for a delivery after its person was taken out names the person again.
        came = [exists().where(table.c.delivery_id == deliveries.c.delivery_id) for table in (*WORDS, inbox)]
        return query.where(or_(deliveries.c.order[FORGOTTEN].as_string().is_(None), *came))
    still_open = exists().where(tickets.c.delivery_id == deliveries.c.delivery_id, tickets.c.status != TicketStatus.SOLVED)
    return query.where(~still_open)


async def _drop_messages(connection: AsyncConnection, ids: Collection[str]) -> None:
    """What was handed on, and what became of what was sent."""
    handed = inbox.c.delivery_id.in_(ids) & inbox.c.handed_at.is_not(None)
    await connection.execute(delete(inbox).where(handed))
    for id in ids:
        await connection.execute(delete(receipts).where(receipts.c.key.startswith(f"{id}/", autoescape=True)))
