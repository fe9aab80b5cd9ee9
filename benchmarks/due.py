"""Deliveries of which something is due at an instant that is known before, and when it was really begun."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import healthy
from benchmarks.ground import Ground
from domain.instant import MINUTE, Instant, iso
from store.database import Database
from store.deliveries import Deliveries
from workflows.clock import wall_clock
from workflows.contract import DELIVERY, TASK_QUEUE, delivery_workflow_id

LOOKS_S = 0.1
MOST_EFFECTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds from the instant at which something was due until it was begun."""

    p50: float
    p99: float
    count: int


def delays(seconds: Collection[float]) -> Delays:
    """Of at least one; a percentile is the smallest that so many are not above."""
    rising = sorted(seconds)

    def at(percent: int) -> float:
        return rising[-(-len(rising) * percent // 100) - 1]

    return Delays(at(50), at(99), len(rising))


def swept(due: Collection[Instant], period: Instant) -> Delays:
    """What a sweep that looks every so often would have taken for the same instants, itself taking no time: of sweeps that begin
    at a hundred instants, evenly over the period."""
    return delays([(begins * period // 100 - at) % period / 1000 for at in due for begins in range(100)])


def order(due: Instant) -> dict[str, Any]:
    """Its ticket is due then, by the book `due`."""
    return {**healthy.order(wall_clock()), "promised": {"start": None, "end": iso(due + MINUTE)}, "rulebook": "due"}


async def started(here: Ground, orders: Sequence[dict[str, Any]], at_once: int = 40) -> None:
    """Starts them all, so many at once, as an order system does that does not wait until they are admitted."""
    room = asyncio.Semaphore(at_once)

    async def one(order: dict[str, Any]) -> None:
        async with room:
            workflow_id = delivery_workflow_id(order["delivery_id"])
            await here.client.start_workflow(DELIVERY, order, id=workflow_id, task_queue=TASK_QUEUE)

    await asyncio.gather(*(one(order) for order in orders))


async def taken_on(here: Ground, wanted: int, within_s: float) -> None:
    """Returns when a worker has admitted so many deliveries: starts are accepted much faster than that. Raises TimeoutError."""
    async with Database(here.settings.database_url) as database, asyncio.timeout(within_s):
        while True:
            if (await Deliveries(database).counts()).open >= wanted:
                return
            await asyncio.sleep(LOOKS_S)


async def begun(here: Ground, wanted: Collection[str], within_s: float) -> Mapping[str, Instant]:
    """When the ticket of each was begun; waits for all of them. Raises TimeoutError."""
    async with Database(here.settings.database_url) as database, asyncio.timeout(within_s):
        while True:
            found = await _claims(database)
            if found.keys() >= set(wanted):
                return {delivery_id: found[delivery_id] for delivery_id in wanted}
            await asyncio.sleep(LOOKS_S)


async def _claims(database: Database) -> dict[str, Instant]:
    return {effect.delivery_id: effect.claimed_at for effect in await Deliveries(database).effects(limit=MOST_EFFECTS)}
