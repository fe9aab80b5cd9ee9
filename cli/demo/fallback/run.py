"""Plays the scene: everything of `up` in a folder of its own, a van that breaks down, drivers and a carrier who answer."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cli.demo.fallback.radio import Radio, on_air
from cli.demo.fallback.report import parts
from cli.demo.fallback.town import ACCEPT_WITHIN_S, RULE, TO_THE_CARRIER, ZONES, fleet, order, write_book
from cli.demo.fallback.verdict import Outcome
from cli.demo.folder import demo_folder, fresh
from cli.demo.ground import Announcer, Ground, playing
from cli.site import Site
from domain.event import Event
from domain.status import Kind, Party, Status
from settings import Settings
from store.database import Database
from store.deliveries import Deliveries as Copies
from store.fleets import Fleets
from store.reservations import Reservations
from store.tables import routes, stops
from store.tickets import Desk
from workflows.clock import wall_clock

ALL_DONE_WITHIN_S = 90
SECRETS = {"dispatch": "DEMO_DISPATCH_SECRET", "zipvan": "DEMO_ZIPVAN_SECRET"}


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the scene is played on."""

    on: Ground
    radio: Radio


Meanwhile = Callable[[Site], Awaitable[None]]
"""What else happens once the van has broken down."""


async def nothing(site: Site) -> None:
    """Nothing else."""


def run_fallback(settings: Settings, *, keep: bool, as_json: bool) -> int:
    """0 only if every delivery was offered to the right ones in turn, and ended where it should."""
    return asyncio.run(_run(settings, Announcer(as_json=as_json, keep=keep)))


async def _run(settings: Settings, announcer: Announcer) -> int:
    async with set_up(settings, announcer.say) as scene:
        outcome = await play(scene, announcer.say)
        return await announcer.show(outcome, parts(outcome), scene.on)


@asynccontextmanager
async def set_up(settings: Settings, say: Callable[[str], None]) -> AsyncIterator[Scene]:
    """The stand-ins, then all of `up`, in a folder of its own; everything is ended afterwards."""
    Site(settings, say).refuse_taken_ports()
    folder = fresh(demo_folder(settings))
    keys = {name: secrets.token_hex(16) for name in SECRETS}
    async with on_air(keys) as radio:
        rules, checked = write_book(folder, radio.url)
        radio.gateway = f"http://127.0.0.1:{settings.port}"
        named = {variable: keys[name] for name, variable in SECRETS.items()}
        async with playing(settings, say, folder, rules, checked, more=named) as on:
            yield Scene(on, radio)


async def play(scene: Scene, say: Callable[[str], None], meanwhile: Meanwhile = nothing) -> Outcome:
    """Breaks the van down, waits until every customer has been told, and says what became of it."""
    await Fleets(scene.on.database).take_over(fleet())
    for delivery_id in ZONES:
        await scene.on.deliveries.start(order(delivery_id))
        await scene.on.deliveries.report(delivery_id, [_event(delivery_id, Kind.STATUS, status=Status.OUT_FOR_DELIVERY)])
    say(f"{len(ZONES)} deliveries are on the van that breaks down; each who is asked has {ACCEPT_WITHIN_S} s to answer.")
    for delivery_id in ZONES:
        await scene.on.deliveries.report(delivery_id, [_event(delivery_id, Kind.DRIVER_STATUS, detail={"state": "breakdown"})])
    await meanwhile(scene.on.site)
    await _until_all_is_done(scene)
    return await _outcome(scene)


def _event(delivery_id: str, kind: Kind, **told: Any) -> Event:
    now = wall_clock()
    return Event(f"{delivery_id}-{kind}", kind, now, now, "driver-app", by=Party.DRIVER, **told)


async def _until_all_is_done(scene: Scene) -> None:
    """The customer is told last; who is never told is said in the verdict."""
    give_up_at = wall_clock() + ALL_DONE_WITHIN_S * 1000
    while wall_clock() < give_up_at:
        snapshots = [await scene.on.deliveries.query(delivery_id, "snapshot") for delivery_id in ZONES]
        if all(_is_done(snapshot) for snapshot in snapshots):
            return
        await asyncio.sleep(0.2)


def _is_done(snapshot: Mapping[str, Any]) -> bool:
    ended = {act["action"] for act in snapshot["actions"] if act["outcome"] in ("done", "failed")}
    return "notify.customer" in ended


async def _outcome(scene: Scene) -> Outcome:
    database, deliveries = scene.on.database, scene.on.deliveries
    plans, versions = await _plans(database)
    reservations = {
        delivery_id: {
            key.rpartition("/")[2]: state.value for key, state in (await Reservations(database).states(delivery_id)).items()
        }
        for delivery_id in ZONES
    }
    return Outcome(
        assignments={delivery_id: await deliveries.offers(f"{delivery_id}:1:{RULE}:1-1") for delivery_id in ZONES},
        snapshots={delivery_id: await deliveries.query(delivery_id, "snapshot") for delivery_id in ZONES},
        plans=plans,
        versions=versions,
        reservations=reservations,
        tickets=await Desk(database).tickets(limit=100),
        mails=list({mail.message_id: mail.to for mail in scene.on.mail.mails}.values()),
        texts=[text.to for text in scene.on.twilio.messages],
        calls=tuple(scene.radio.calls),
        said=tuple(scene.radio.said),
        found=await Copies(database).with_tracking_number(f"ZV-{TO_THE_CARRIER[2:]}", "zipvan"),
    )


async def _plans(database: Database) -> tuple[dict[str, list[str]], dict[str, int]]:
    """The stops in force of each route, in order, and the version."""
    in_force = (stops.c.route_id == routes.c.route_id) & (stops.c.version == routes.c.version)
    found = select(routes.c.route_id, stops.c.delivery_id).join(stops, in_force).order_by(routes.c.route_id, stops.c.position)
    async with database.reading() as connection:
        versions = {
            row.route_id: int(row.version) for row in await connection.execute(select(routes.c.route_id, routes.c.version))
        }
        plans: dict[str, list[str]] = {route: [] for route in sorted(versions)}
        for row in await connection.execute(found):
            plans[row.route_id].append(row.delivery_id)
    return plans, versions
