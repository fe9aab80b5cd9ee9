"""The gateway's doors for customers: their replies, their page, and what hands on what they want."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from domain.instant import Instant
from domain.links import Signer
from domain.order import Window
from intake.handing_on import Deliveries as Running
from intake.handing_on import HandingOn
from intake.taking import Taking
from intake.twilio import ReplyDoor, Signed
from settings import Settings
from store.conversations import Conversations
from store.database import Database
from store.deliveries import Deliveries
from store.events import Events
from store.inbox import Inbox
from store.opt_outs import OptOuts
from store.revocations import Revocations
from web.tracking import Asking, Parts

Clock = Callable[[], Instant]
Connected = Callable[[], Awaitable[Running]]
Asked = Callable[[], Awaitable[Asking]]


@dataclass(frozen=True, slots=True)
class Promises:
    """The promises of deliveries, from their copies."""

    copies: Deliveries

    async def promise(self, delivery_id: str) -> Window | None:
        copy = await self.copies.latest(delivery_id)
        return Window(copy.promised_start, copy.promised_end) if copy is not None else None


def parts_of(settings: Settings, database: Database, deliveries: Asked, taking: Taking, clock: Clock) -> Parts:
    """What the customer's page needs. Raises SettingsError."""
    signer = Signer(settings.secret_key)
    return Parts(signer, deliveries, Deliveries(database), Revocations(database), taking, clock, settings.link_days)


def handing_on_of(database: Database, deliveries: Connected, clock: Clock) -> HandingOn:
    return HandingOn(Inbox(database), deliveries, Events(database), clock)


def taking_of(database: Database, handing_on: HandingOn) -> Taking:
    return Taking(Inbox(database), handing_on)


def reply_door_of(settings: Settings, database: Database, taking: Taking, clock: Clock) -> ReplyDoor:
    """Raises SettingsError."""
    return ReplyDoor(
        Signed(settings["TWILIO_AUTH_TOKEN"], settings.public_url),
        Conversations(database),
        Promises(Deliveries(database)),
        OptOuts(database),
        taking,
        clock,
    )


def working_off(handing_on: HandingOn, database: Database) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What the gateway does as long as it lives: what an earlier one left in the inbox is handed on too. The database is closed at its
    end."""

    @asynccontextmanager
    async def alive(app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(handing_on.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await database.close()

    return alive
