"""Plays the scene: one hub stands still, a zone is snowed in, and both are over again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from cli.connection import client_of
from cli.demo.folder import demo_folder, fresh
from cli.demo.ground import Announcer, Ground, playing
from cli.demo.hub_down.report import parts
from cli.demo.hub_down.town import DOWN, HEALTHY, LEAD, OTHER, SNOW, SNOWS_FOR_S, healthy, held, order, write_book
from cli.demo.hub_down.verdict import Outcome
from cli.heralds import Herald
from cli.site import Site
from domain.disruption import Notice
from domain.event import Event
from domain.instant import SECOND, Instant, Span
from domain.status import Kind, Status
from settings import Settings
from store.disruptions import Disruptions
from store.tickets import Desk
from workflows.clock import wall_clock
from workflows.contract import disruption_workflow_id
from workflows.places import DisruptedPlaces

DELIVERIES = 60
AT_ONCE = 20
"""Starts and reports under way at the same time."""

DONE_WITHIN_S = 120


def run_hub_down(settings: Settings, *, keep: bool, as_json: bool, deliveries: int = DELIVERIES) -> int:
    """0 only if there was one disruption with one ticket, and one message to everybody whom it concerned."""
    return asyncio.run(_run(settings, Announcer(as_json=as_json, keep=keep), deliveries))


async def _run(settings: Settings, announcer: Announcer, deliveries: int) -> int:
    Site(settings, announcer.say).refuse_taken_ports()
    folder = fresh(demo_folder(settings))
    rules, checked = write_book(folder)
    async with playing(settings, announcer.say, folder, rules, checked) as on:
        outcome = await played(on, announcer.say, deliveries)
        return await announcer.show(outcome, parts(outcome), on)


async def played(on: Ground, say: Callable[[str], None], count: int) -> Outcome:
    """Everything from the first order to the end of the disruptions."""
    at_hub = [held(number) for number in range(count)]
    elsewhere = [healthy(number) for number in range(HEALTHY)]
    await _each([*at_hub, *elsewhere], lambda one: on.deliveries.start(order(one, OTHER if one in elsewhere else DOWN)))
    say(f"{count} deliveries are at {DOWN}, {HEALTHY} at {OTHER}. {DOWN} stands still.")
    began = wall_clock()
    await _each(at_hub, lambda one: on.deliveries.report(one, [_event(one, Status.ON_HOLD)]))
    told_at = await _until(lambda: len(_customers(on)) >= count and _lead_mails(on) >= 1)
    say(f"Snow is declared in zone {SNOW}, for {SNOWS_FOR_S} s.")
    await _snow(on)
    await _until(lambda: _lead_mails(on) >= 3)
    say(f"{DOWN} works again.")
    await _each(at_hub, lambda one: on.deliveries.report(one, [_event(one, Status.IN_TRANSIT)]))
    await _until(lambda: _lead_mails(on) >= 4)
    return await _outcome(on, count, told_at - began)


async def _snow(on: Ground) -> None:
    """What `doorstep disruption declare zone:north-2 --kind snow --for 3s` does."""
    now, rows = wall_clock(), Disruptions(on.database)
    notice = Notice("zone", SNOW, "Kim", now, "snow", closes_at=now + SNOWS_FOR_S * SECOND, note="No van gets through.")
    await rows.declare(notice)
    await Herald(rows, DisruptedPlaces(await client_of(on.site.settings, on.site.address))).tell(notice.place)


async def _outcome(on: Ground, count: int, told_ms: Span) -> Outcome:
    client = await client_of(on.site.settings, on.site.address)
    histories = {
        place: len((await client.get_workflow_handle(disruption_workflow_id(*place.split(":"))).fetch_history()).events)
        for place in (f"hub:{DOWN}", f"zone:{SNOW}")
    }
    return Outcome(
        held=tuple(held(number) for number in range(count)),
        disruptions=await Disruptions(on.database).all(),
        still_open=await Disruptions(on.database).open_at(wall_clock()),
        histories=histories,
        tickets=await Desk(on.database).tickets(limit=1_000),
        mails=tuple((mail.to, mail.subject) for mail in on.mail.mails),
        told_ms=told_ms,
    )


async def _each(ids: Sequence[str], does: Callable[[str], Awaitable[object]]) -> None:
    """So many at once that the server is busy and nobody waits long."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(delivery_id: str) -> None:
        async with room:
            await does(delivery_id)

    await asyncio.gather(*(one(delivery_id) for delivery_id in ids))


async def _until(holds: Callable[[], bool]) -> Instant:
    """When it holds, or when it is given up; what is missing then is said in the verdict."""
    give_up_at = wall_clock() + DONE_WITHIN_S * SECOND
    while not holds() and wall_clock() < give_up_at:  # noqa: ASYNC110 - mails arrive in a list
        await asyncio.sleep(0.05)
    return wall_clock()


def _customers(on: Ground) -> list[str]:
    return [mail.to for mail in on.mail.mails if mail.to != LEAD]


def _lead_mails(on: Ground) -> int:
    return sum(mail.to == LEAD for mail in on.mail.mails)


def _event(delivery_id: str, status: Status) -> Event:
    now = wall_clock()
    return Event(f"{delivery_id}-{status}", Kind.STATUS, now, now, "hub", status=status)
