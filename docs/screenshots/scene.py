"""What the screenshots show: everything of `doorstep up`, with a van that runs late, an answer to give, and a hub that stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cli.demo.folder import demo_folder, fresh
from cli.demo.ground import Ground, playing
from cli.heralds import Herald
from cli.rules import templates_for
from domain.disruption import Notice
from domain.instant import HOUR, MINUTE, Instant, iso
from rules.check import check
from settings import Settings
from store.disruptions import Disruptions
from workflows.client import connect
from workflows.clock import wall_clock
from workflows.places import DisruptedPlaces

LATE, ASKING = "D-1007", "D-1012"
HUB = "HEL1"
HEALTHY, RUN_LATE = range(1020, 1032), (LATE, "D-1008", "D-1009", "D-1010")

BOOK = """\
rulebook: standard
owner: shift-lead
rules:
  - id: late
    says: The promised time is over and it is not there
    when: condition is late
    severity: high
    do:
      - notify: {who: customer, template: running-late, channels: [email, sms]}
      - open_ticket: {queue: hub-ops, priority: high, title: "Late: {{ delivery_id }}"}
    escalate:
      steps:
        - after: 30m
          do:
            - notify: {who: shift-lead, template: lost-contact, channels: [email]}
  - id: failed-attempt
    says: Nobody was at the door
    when: status is attempt_failed
    severity: medium
    mode: propose
    propose_for: 2h
    do:
      - notify: {who: customer, template: running-late, channels: [email]}
      - open_ticket: {queue: hub-ops, title: "Try {{ delivery_id }} again?"}
"""

DIRECTORY = f"""\
hubs: {{{HUB}: {{timezone: Europe/Helsinki}}}}
people: {{shift-lead: {{email: shift-lead@example.test}}}}
queues: [hub-ops]
zones: [north-1, north-2, south-1]
carriers: {{acme: {{feed: {{cadence: 2h}}}}}}
disruptions: {{queue: hub-ops, tell: [shift-lead]}}
"""


@asynccontextmanager
async def playing_it(settings: Settings) -> AsyncIterator[Ground]:
    """Everything is in its state inside."""
    folder = fresh(demo_folder(settings))
    (rules := folder / "rules").mkdir()
    (rules / "standard.yaml").write_text(BOOK, "utf-8")
    (rules / "directory.yaml").write_text(DIRECTORY, "utf-8")
    checked = check(rules, templates_for(rules))
    if mistakes := [problem.render() for problem in checked.problems if problem.is_error]:
        raise ValueError("\n".join(mistakes))
    async with playing(settings, _quiet, folder, rules, checked) as on:
        await _play(on)
        yield on


def _quiet(line: str) -> None:
    """Nobody reads along."""


async def _play(on: Ground) -> None:
    now = wall_clock()
    for number in HEALTHY:
        await _start(on, f"D-{number}", now + 3 * HOUR)
    for delivery_id in RUN_LATE:
        await _start(on, delivery_id, _quarter(now))
        eta = {"kind": "eta", "eta": iso(_quarter(now) + 40 * MINUTE)}
        await _report(on, delivery_id, {"kind": "status", "status": "out_for_delivery"}, eta)
    await _start(on, ASKING, now + 2 * HOUR)
    await _report(on, ASKING, {"kind": "attempt_failed", "reason": "consignee_not_home"})
    await _acted(on, LATE)
    incident = {"incident_id": f"{LATE}:1:late:1", "by": "Kim"}
    await on.deliveries.ask(LATE, "claim", {**incident, "owner": "Kim"})
    rows = Disruptions(on.database)
    notice = Notice("hub", HUB, "Kim", now, "down", now + 2 * HOUR, "the sorter stands still")
    await rows.declare(notice)
    await Herald(rows, DisruptedPlaces(await connect(on.site.address))).tell(notice.place)


def _quarter(at: Instant) -> Instant:
    """The last full quarter of an hour."""
    return at // (15 * MINUTE) * 15 * MINUTE


async def _start(on: Ground, delivery_id: str, end: Instant) -> None:
    order: dict[str, Any] = {
        "delivery_id": delivery_id,
        "carrier": "acme",
        "service_level": "same_day",
        "zone": "north-2",
        "hub": HUB,
        "route_id": "R7",
        "driver_id": "V7",
        "promised": {"start": iso(_quarter(end) - HOUR), "end": iso(_quarter(end))},
        "destination": {"timezone": "Europe/Helsinki", "address": "Kauppakatu 3", "lat": 60.17, "lon": 24.94},
        "customer": {"name": "Aino Example", "email": "aino@example.test", "phone": "+358401234567", "language": "en"},
    }
    await on.deliveries.start(order)


async def _report(on: Ground, delivery_id: str, *told: dict[str, Any]) -> None:
    at = iso(wall_clock())
    about = {"occurred_at": at, "source": "acme"}
    await on.deliveries.report(
        delivery_id, [{**one, **about, "event_id": f"{delivery_id}-{number}"} for number, one in enumerate(told)]
    )


async def _acted(on: Ground, delivery_id: str) -> None:
    """Waits until its customer has been told."""
    async with asyncio.timeout(60):
        while True:
            snapshot = await on.deliveries.query(delivery_id, "snapshot")
            if {"notify.customer", "open_ticket"} <= {act["action"] for act in snapshot["actions"] if act["outcome"] == "done"}:
                return
            await asyncio.sleep(0.2)
