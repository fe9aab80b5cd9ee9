"""What the kill test plays: one rule with an effect of every kind, receivers that keep what they get, and the count at the end."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from cli.demo.ground import playing
from cli.rules import templates_for
from cli.site import Site
from cli.standins.mail_catcher import MailCatcher
from cli.standins.twilio_standin import TwilioStandin
from domain.fleet import Driver, Fleet, FleetCarrier
from domain.instant import HOUR, Instant, moment
from domain.route import Point, RoutePlan, Stop
from rules.check import check
from settings import read_settings
from store.copies import Effect
from store.database import Database
from store.tables import routes
from store.tickets import Desk, Ticket
from tests.endpoints import Recorder, recording
from workflows.clock import wall_clock

BOOK = """\
rulebook: standard
owner: ops@example.test
rules:
  - id: out
    says: It is out for delivery
    when: status is out_for_delivery
    do:
      - ask_customer: {template: address-problem, channels: [email], answer_within: 24h}
      - notify: {who: customer, template: running-late, channels: [email, sms, whatsapp]}
      - open_ticket: {queue: hub-ops}
      - call_webhook: {endpoint: order-system, event: out-call}
      - emit: {type: out-event}
      - request_new_attempt: {}
      - hold_at_hub: {hub: HEL1}
      - reroute: {optimise: remaining_stops, objective: distance}
      - reassign: {to: [backup_carrier]}
  - id: asks-first
    says: Somebody may be told that it is out
    when: status is out_for_delivery
    mode: propose
    do:
      - emit: {type: never-approved}
"""

DIRECTORY = """\
hubs: {{HEL1: {{timezone: Europe/Helsinki}}}}
queues: [hub-ops]
carriers: {{acme: {{requests: carrier, backup: [zipvan]}}, zipvan: {{}}}}
endpoints:
  order-system: {{url: "{url}", secret: ORDER_SYSTEM_SECRET}}
  carrier: {{url: "{url}", secret: CARRIER_SECRET}}
  dispatch: {{url: "{url}", secret: DISPATCH_SECRET}}
"""

SECRETS = ("ORDER_SYSTEM_SECRET", "CARRIER_SECRET", "DISPATCH_SECRET")

CALLS = ("call_webhook", "emit", "request_new_attempt", "hold_at_hub")
KINDS = ("email", "sms", "whatsapp", "ticket", *CALLS, "plans", "dispatch")
MAILS, PLANS = 3, 2
"""Of each delivery: the question, the notice, and what the owner of the rulebook is asked; the plan of its route in a better order,
and that without it, once another carrier has it."""

EFFECTS = len(KINDS) - 3 + MAILS + PLANS
"""Rows of the ledger for each delivery, but for what dispatch is told: a version of a plan that is out of force by then is not told."""

SAID: Mapping[str, str] = {"call_webhook": "out-call", "emit": "out-event"}
"""The type of a call where it is not the action."""

WHATSAPP_FROM = "+15005550009"

PLAN_CHANGED = "route.plan_changed"

NOT_COUNTED = frozenset({"update_ticket", "tell_dispatch"})
"""As often as there is news."""

LEDGER_NAMES = {
    "notify.email": "email",
    "notify.sms": "sms",
    "notify.whatsapp": "whatsapp",
    "open_ticket": "ticket",
    "reroute": "plans",
    "reassign": "plans",
    "tell_dispatch": "dispatch",
}


@dataclass(frozen=True, slots=True)
class Ground:
    """A site of its own and everybody who is told something."""

    site: Site
    database: Database
    mail: MailCatcher
    twilio: TwilioStandin
    endpoint: Recorder

    async def received(self) -> "Received":
        return Received(
            mails=[(mail.effect, mail.message_id) for mail in self.mail.mails],
            texts=[sms.to for sms in self.twilio.messages],
            tickets=await Desk(self.database).tickets(limit=100_000),
            plans=await self._plans(),
            calls=[(call.json["type"], _about(call.json["data"]), call.headers["webhook-id"]) for call in self.endpoint.calls],
        )

    async def _plans(self) -> dict[str, int]:
        async with self.database.reading() as connection:
            return {row.route_id: row.version for row in await connection.execute(select(routes.c.route_id, routes.c.version))}


def _about(data: Mapping[str, Any]) -> str:
    """The delivery, or the version of a route's plan, that a call tells of."""
    return str(data["delivery"]["delivery_id"]) if "delivery" in data else f"{data['plan']['route_id']} {data['plan']['version']}"


@asynccontextmanager
async def ground(environment: Mapping[str, str], folder: Path) -> AsyncIterator[Ground]:
    rules = folder / "rules"
    rules.mkdir()
    async with recording() as endpoint:
        (rules / "standard.yaml").write_text(BOOK)
        (rules / "directory.yaml").write_text(DIRECTORY.format(url=endpoint.url))
        checked = check(rules, templates_for(rules))
        more = {"DOORSTEP_TWILIO_WHATSAPP_FROM": WHATSAPP_FROM}
        async with playing(read_settings(environment), lambda line: None, folder, rules, checked, more=more) as on:
            yield Ground(on.site, on.database, on.mail, on.twilio, endpoint)


@dataclass(frozen=True, slots=True)
class Received:
    """What really arrived: mails as (effect, Message-ID), texts by recipient (`whatsapp:` before some), calls as (type, delivery or
    version of a plan, webhook-id), the versions of the routes' plans, of which the first is the one that was there before."""

    mails: Sequence[tuple[str, str]]
    texts: Sequence[str]
    tickets: Sequence[Ticket]
    calls: Sequence[tuple[str, str, str]]
    plans: Mapping[str, int]

    def calls_of(self, type: str) -> list[tuple[str, str]]:
        return [(about, call_id) for said, about, call_id in self.calls if said == type]

    @property
    def plans_told(self) -> list[tuple[str, str]]:
        """Of the versions that are in force."""
        in_force = {f"{route} {last}" for route, last in self.plans.items()}
        return [(plan, call_id) for plan, call_id in self.calls_of(PLAN_CHANGED) if plan in in_force]


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of effect: how many there should be, how many arrived, and how many arrived again under the same id."""

    kind: str
    wanted: int
    arrived: int
    doubled: int
    sent_again: int
    unfinished: int

    @property
    def is_clean(self) -> bool:
        return self.arrived == self.wanted and self.doubled == 0 and self.unfinished == 0


def counted(wanted: int, received: Received, effects: Iterable[Effect]) -> list[Line]:
    """A line for each kind. Doubled in the sense of the design: two Message-IDs, two texts, two tickets, two webhook-ids."""
    open_now = Counter(_kind(effect.action) for effect in effects if effect.outcome is None)
    texts = {
        way: [to for to in received.texts if to.startswith("whatsapp:") == (way == "whatsapp")] for way in ("sms", "whatsapp")
    }
    lines = [
        _line("email", MAILS * wanted, received.mails, open_now),
        *(_line(way, wanted, [(to, f"{to}{at}") for at, to in enumerate(numbers)], open_now) for way, numbers in texts.items()),
        _line("ticket", wanted, [(ticket.external_id, str(ticket.ticket_id)) for ticket in received.tickets], open_now),
        *(_line(kind, wanted, received.calls_of(SAID.get(kind, kind)), open_now) for kind in CALLS),
    ]
    versions = [(f"{route} {min(n, PLANS + 1)}", str(n)) for route, last in received.plans.items() for n in range(2, last + 1)]
    told = _line("dispatch", wanted, received.plans_told, open_now)
    return [*lines, _line("plans", PLANS * wanted, versions, open_now), told]


def _kind(action: str) -> str:
    return LEDGER_NAMES.get(action, action)


def _line(kind: str, wanted: int, arrived: Sequence[tuple[str, str]], open_now: Mapping[str, int]) -> Line:
    """`arrived` are effects, each with the id under which it came."""
    ids = Counter(arrived)
    effects = Counter(effect for effect, _ in ids)
    doubled = sum(number - 1 for number in effects.values())
    return Line(kind, wanted, len(effects), doubled, len(arrived) - len(ids), open_now.get(kind, 0))


def table(lines: Sequence[Line], kills: int) -> str:
    """For people."""
    rows = [f"{'effect':<20}{'wanted':>8}{'arrived':>9}{'doubled':>9}{'same id again':>15}{'unfinished':>12}"]
    rows += [
        f"{one.kind:<20}{one.wanted:>8}{one.arrived:>9}{one.doubled:>9}{one.sent_again:>15}{one.unfinished:>12}" for one in lines
    ]
    return "\n".join([f"{kills} kills of the worker", *rows])


CHANNELS = ["email", "sms", "whatsapp"]
NEAR, FAR = Point(60.17, 24.95), Point(60.17, 25.35)


def delivery_of(number: int) -> str:
    return f"K-{number:05}"


def fleet(count: int) -> Fleet:
    """A van for each delivery, which drives past it to a far stop first; and a carrier that stands in."""
    numbers, now = range(1, count + 1), wall_clock()
    return Fleet(
        tuple(Driver(f"V{number}", f"Driver {number}", "acme", None, None) for number in numbers),
        (FleetCarrier("acme", "Acme"), FleetCarrier("zipvan", "ZipVan", ("acme",), (), 900, "EUR")),
        tuple(_route(number, now) for number in numbers),
    )


def _route(number: int, now: Instant) -> RoutePlan:
    return RoutePlan(
        route_id=f"R{number}",
        service_date=moment(now).date().isoformat(),
        version=1,
        start=Point(60.17, 24.94),
        leaves_at=now,
        stops=(Stop(f"X-{number}", FAR), Stop(delivery_of(number), NEAR)),
        driver_id=f"V{number}",
        carrier="acme",
        capacity=8,
        shift_ends=now + 12 * HOUR,
    )


def an_order(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "delivery_id": delivery_of(number),
        "carrier": "acme",
        "hub": "HEL1",
        "route_id": f"R{number}",
        "driver_id": f"V{number}",
        "promised": {"end": "2099-01-01T12:00:00+02:00"},
        "destination": {"timezone": "Europe/Helsinki", "country": "FI", "lat": NEAR.lat, "lon": NEAR.lon},
        "customer": {
            "name": "Aino",
            "email": f"k{number}@example.test",
            "phone": f"+35840{2_000_000 + number}",
            "channels": CHANNELS,
        },
        **changes,
    }
