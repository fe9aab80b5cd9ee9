"""What is left when the day is over: the workflows' own answers, the ledger, and what mail, SMS and desk really received."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cli.demo.player import Played
from cli.demo.scenario import Scenario
from cli.standins.mail_catcher import CaughtMail
from cli.standins.twilio_resource import TextMessage
from store.copies import Effect
from store.database import Database
from store.deliveries import Deliveries as Copies
from store.tables import routes
from store.tickets import Desk, Ticket
from workflows.client import Deliveries

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Evidence:
    """Snapshots by delivery, the ledger, what was received, and the version of each route's plan."""

    snapshots: Mapping[str, Mapping[str, Any]]
    effects: Sequence[Effect]
    mails: Sequence[CaughtMail]
    texts: Sequence[TextMessage]
    tickets: Sequence[Ticket]
    plan_versions: Mapping[str, int]
    played: Played
    unfinished: Sequence[str] = ()


async def gather(
    scenario: Scenario,
    played: Played,
    deliveries: Deliveries,
    database: Database,
    mails: Sequence[CaughtMail],
    texts: Sequence[TextMessage],
) -> Evidence:
    """Asks everybody."""
    copies = Copies(database)
    return Evidence(
        snapshots=await _snapshots(scenario, deliveries),
        effects=await copies.effects(limit=10_000),
        mails=tuple(mails),
        texts=tuple(texts),
        tickets=await Desk(database).tickets(limit=10_000),
        plan_versions=await _plan_versions(database),
        played=played,
        unfinished=await unfinished(scenario, database),
    )


async def unfinished(scenario: Scenario, database: Database) -> tuple[str, ...]:
    """The deliveries whose workflow has not ended."""
    open_ids = {copy.delivery_id for copy in await Copies(database).open()}
    known = {copy.delivery_id for copy in await Copies(database).recent(limit=10_000)}
    return tuple(life.delivery_id for life in scenario.lives if life.delivery_id in open_ids or life.delivery_id not in known)


async def _snapshots(scenario: Scenario, deliveries: Deliveries) -> Mapping[str, Mapping[str, Any]]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(delivery_id: str) -> Mapping[str, Any]:
        async with turn:
            return await deliveries.query(delivery_id, "snapshot")

    ids = [life.delivery_id for life in scenario.lives]
    return dict(zip(ids, await asyncio.gather(*map(one, ids)), strict=True))


async def _plan_versions(database: Database) -> Mapping[str, int]:
    async with database.reading() as connection:
        rows = await connection.execute(select(routes.c.route_id, routes.c.version))
        return {row.route_id: int(row.version) for row in rows}
