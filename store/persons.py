"""Where a person is named: the deliveries that are theirs, and orders of theirs that were refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import phonenumbers
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.arrival import START
from store.database import Database
from store.tables import conversations, deliveries, inbox

LAST_DIGITS = 6
"""So many digits, with anything between them, is what the database looks for; what it finds is compared as whole numbers."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to look for, by one of them or both. `phone`: in E.164 form, see `full_number`; `email`: in whatever case."""

    email: str | None = None
    phone: str | None = None

    def is_of(self, order: Mapping[str, Any]) -> bool:
        """Whether an order names them. A number without a country's prefix is one of the destination's country."""
        customer, destination = _inner(order, "customer"), _inner(order, "destination")
        email, phone = str(customer.get("email") or ""), str(customer.get("phone") or "")
        if self.email and email.strip().lower() == self.email.strip().lower():
            return True
        return bool(self.phone) and self.phone in (_bare(phone), full_number(phone, destination.get("country")))


@dataclass(frozen=True, slots=True)
class RefusedOrder:
    """An order in the inbox which names the person and came for the id of a delivery of somebody else."""

    entry: int
    delivery_id: str
    is_handed_on: bool


class Persons:
    """Looks a person up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look_up(self, person: Person) -> tuple[tuple[str, ...], tuple[RefusedOrder, ...]]:
        """Their deliveries by id, open ones too and those that never began; and their orders that other deliveries refused."""
        async with self._database.reading() as connection:
            ids = {*await _ordered(connection, person), *await _spoken_with(connection, person)}
            left = [row for row in await _not_taken(connection) if person.is_of(row.request or {})]
        ids |= {row.delivery_id for row in left if not row.is_known}
        others = (
            RefusedOrder(row.entry, row.delivery_id, row.handed_at is not None) for row in left if row.delivery_id not in ids
        )
        return tuple(sorted(ids)), tuple(others)


def full_number(phone: str, country: str | None = None) -> str | None:
    """A number in E.164 form, `+358401234567`, however it is written; None if it is none, or if its country is not told."""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    return (
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if phonenumbers.is_possible_number(number)
        else None
    )


async def _ordered(connection: AsyncConnection, person: Person) -> set[str]:
    customer = deliveries.c.order["customer"]
    wanted: list[ColumnElement[bool]] = []
    if person.email:
        wanted.append(func.lower(func.trim(customer["email"].as_string())) == person.email.strip().lower())
    if person.phone:
        wanted.append(customer["phone"].as_string().like("%" + "".join(f"{digit}%" for digit in person.phone[-LAST_DIGITS:])))
    rows = await connection.execute(select(deliveries.c.delivery_id, deliveries.c.order).where(or_(*wanted)))
    return {row.delivery_id for row in rows if person.is_of(row.order)}


async def _spoken_with(connection: AsyncConnection, person: Person) -> set[str]:
    if not person.phone:
        return set()
    spoken = select(conversations.c.delivery_id).where(conversations.c.number == person.phone)
    return set((await connection.execute(spoken)).scalars())


async def _not_taken(connection: AsyncConnection) -> list[Any]:
    """Orders in the inbox that began no delivery: they are few, so they are read, not searched."""
    is_known = inbox.c.delivery_id.in_(select(deliveries.c.delivery_id))
    query = select(inbox.c.entry, inbox.c.delivery_id, inbox.c.request, inbox.c.handed_at, is_known.label("is_known"))
    left = or_(inbox.c.note.is_not(None), inbox.c.handed_at.is_(None), ~is_known)
    return list(await connection.execute(query.where(inbox.c["update"] == START, left).order_by(inbox.c.entry)))


def _inner(order: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of an order as a stranger wrote it."""
    part = order.get(name)
    return part if isinstance(part, Mapping) else {}


def _bare(number: str) -> str:
    """A phone number without what people write between its digits."""
    return "".join(sign for sign in number if sign.isdigit() or sign == "+")
