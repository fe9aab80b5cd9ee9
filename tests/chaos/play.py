"""One run: everything is started, the deliveries live through the storm, then it is calm, and all is counted."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from httpx import AsyncClient

from cli.rules import templates_for
from rules.check import check
from rules.compile import CompiledBook, compile_book
from store.deliveries import Deliveries as Copies
from tests.chaos import vans
from tests.chaos.doors import doors_of
from tests.chaos.evidence import gathered, pending_in_inbox, stuck
from tests.chaos.garbage import Garbage, Thrown
from tests.chaos.keeping import kept
from tests.chaos.lives import lives
from tests.chaos.losses import Count, counted
from tests.chaos.parts import Parts, Tell, parts
from tests.chaos.senders import Customers, Record, Senders
from tests.chaos.standing import Standers
from tests.chaos.storm import Damage, Storm, cuts, kills, targets_of
from workflows.client import Deliveries, connect

GARBAGE_SHARE = 0.05
SETTLES_WITHIN_S = 240.0
TAKEN_OVER, REROUTED = "broken-down", "astray"
"""The rules of those that another carrier takes over, and of those whose driver is to go another way."""

STILL_S = 1.0
"""Between two looks at whether everything has come to rest."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much. `rate`: starts a second; `each`: kills of each part, None as many as there is time for."""

    deliveries: int
    rate: float = 5.0
    each: int | None = None
    workers: int = 2
    on_postgres: bool = True

    @property
    def starts_over_s(self) -> float:
        return self.deliveries / self.rate

    @property
    def storm_s(self) -> float:
        """The storm lasts a while longer than the starts, so that it meets what falls due."""
        return self.starts_over_s + 8.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to."""

    seed: int
    size: Size
    seconds: float
    count: Count
    damage: Damage
    thrown: Thrown


async def play(seed: int, size: Size, folder: Path, tell: Tell) -> Outcome:
    """Plays one run in a folder of its own."""
    began = time.monotonic()
    async with parts(folder, tell, workers=size.workers, on_postgres=size.on_postgres) as on:
        tell(f"up after {time.monotonic() - began:.0f} s; the storm lasts {size.storm_s:.0f} s")
        records = [Record(life) for life in lives(seed, size.deliveries, size.starts_over_s)]
        damage, thrown = Damage(), Thrown()
        standers = Standers(on.client)
        await standers.begin()
        await vans.planned(on.database, [record.life for record in records])
        hooks = {"response": [thrown.note_limit]}
        async with AsyncClient(base_url=on.gateway_url, timeout=20, event_hooks=hooks) as gateway:
            await _storm(on, seed, size, records, gateway, standers, damage, thrown, tell)
        thrown.rejected = await standers.rejected()
        await standers.end()
        tell("calm; what is left is looked at")
        await _at_rest(on, tell)
        evidence = await gathered(on, records)
        count = counted(_book(on), evidence, thrown, await stuck(on.client, thrown.started))
        kept(folder / "losses", evidence.watched, count)
    return Outcome(seed, size, time.monotonic() - began, count, damage, thrown)


async def _storm(
    on: Parts,
    seed: int,
    size: Size,
    records: Sequence[Record],
    gateway: AsyncClient,
    standers: Standers,
    damage: Damage,
    thrown: Thrown,
    tell: Tell,
) -> None:
    """Everybody sends, everything is struck; then the storm is over, and what waited for that ends."""
    client = await connect(on.temporal_address)
    calm, over, began = asyncio.Event(), asyncio.Event(), time.monotonic()
    senders = Senders(Deliveries(client, patience=20), gateway, calm)
    customers = Customers(on.twilio, gateway, records, Random(f"customers {seed}"))
    pieces = round(GARBAGE_SHARE * sum(len(record.life.sendings) + 2 for record in records))
    temporal_http = AsyncClient(base_url=on.temporal_http_url, timeout=20)
    garbage = Garbage(client, temporal_http, gateway, doors_of(on.settings), records, standers.ids, thrown)
    blows = [*kills(seed, targets_of(on), size.storm_s, size.each), *cuts(seed, list(on.lines), size.storm_s)]
    async with temporal_http, asyncio.TaskGroup() as group:
        answering = group.create_task(customers.answer(over))
        lived = [group.create_task(senders.live(record, began)) for record in records]
        thrown_all = group.create_task(garbage.throw(pieces, size.storm_s, began, Random(f"garbage {seed}")))
        await Storm(on, damage).strike(blows, began)
        tell("the storm is over")
        await _noticed(on, records)
        calm.set()
        await asyncio.gather(*lived, thrown_all)
        over.set()
        await answering


async def _noticed(on: Parts, records: Sequence[Record]) -> None:
    """Waits until what ends in the calm has been noticed, and whoever is to take over or to go another way does; what never is shows in the count."""
    waiting = {record.life.delivery_id: record.life.rule for record in records if record.life.in_the_calm}
    ends = time.monotonic() + 60
    while waiting and time.monotonic() < ends:
        opened = {(copy.delivery_id, copy.incident.rule) for copy in await Copies(on.database).recent_incidents(limit=100_000)}
        done = {TAKEN_OVER: _left_to(on), REROUTED: {delivery_id for delivery_id, _ in await vans.new_plans(on.database)}}
        waiting = {
            delivery_id: rule
            for delivery_id, rule in waiting.items()
            if (delivery_id, rule) not in opened or (rule in done and delivery_id not in done[rule])
        }
        await asyncio.sleep(STILL_S / 2)


def _left_to(on: Parts) -> set[str]:
    """The deliveries that the other carrier was told to be its own."""
    told = [call.json for call in on.stand_in.calls]
    return {call["data"]["delivery"]["delivery_id"] for call in told if call["type"] == "assignment.taken"}


async def _at_rest(on: Parts, tell: Tell) -> None:
    """Waits until nothing is open or in hand any more; what never comes to rest shows in the count."""
    ends, said = time.monotonic() + SETTLES_WITHIN_S, ""
    while time.monotonic() < ends:
        await vans.ended(on.client)
        running = [found.id async for found in on.client.list_workflows("ExecutionStatus = 'Running'")]
        left = len(await Copies(on.database).open(limit=100_000))
        pending = await pending_in_inbox(on)
        if not (running or left or pending):
            return
        line = f"{len(running)} workflows are open, {left} copies, {pending} rows wait in the inbox"
        if line != said:
            tell(said := line)
        await asyncio.sleep(STILL_S)


def _book(on: Parts) -> CompiledBook:
    return compile_book(check(on.settings.rules, templates_for(on.settings.rules)).books[0])
