"""What is to happen to each delivery, made from a seed: what is reported when, what goes wrong, and which rule is to notice it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from domain.instant import Instant, iso

HUB = {"location": {"name": "HEL1"}}
FAR_S = 3_600.0
"""Seconds to a promise that is not broken."""

FAST_S, SLOW_S = 7_200.0, -3.0
"""By how much clocks of senders are wrong. A slow one may be less wrong than a rule's span is long, or the rule is right to open."""

FAULTS_SHARE, NOTES_SHARE, HTTP_SHARE = 0.2, 0.1, 0.15
QUIRKS_SHARE = 0.25
IN_THE_CALM_SHARE = 0.6
"""Of the faults; the others end while the storm goes on, and may do so while nobody looks."""

ALWAYS_IN_THE_CALM = frozenset({"breaks down", "goes astray"})
"""Faults whose effects come in several steps: one that ends in between takes back what was offered, which is no loss."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event: what is reported, and how many seconds after the start of its delivery it happened."""

    name: str
    kind: str
    at: float
    more: Mapping[str, Any] = field(default_factory=dict)
    eta_s: float | None = None

    def event_id(self, delivery_id: str) -> str:
        """Ids count up, as those of most senders do: of what is known to have happened at one instant the last id is the latest."""
        return f"{delivery_id}-{round(self.at * 10):04}-{self.name}"

    def wire(self, delivery_id: str, started_at: Instant, skew_s: float) -> dict[str, Any]:
        occurred_at = iso(started_at + round((self.at + skew_s) * 1000))
        plain = {"event_id": self.event_id(delivery_id), "kind": self.kind, "occurred_at": occurred_at, "source": "acme"}
        eta = {} if self.eta_s is None else {"eta": iso(started_at + round(self.eta_s * 1000))}
        return {**plain, **self.more, **eta}


@dataclass(frozen=True, slots=True)
class Sending:
    """One signal, so many seconds after the delivery's start."""

    after: float
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """A delivery. `rule` is the one that is to notice its fault; `in_the_calm`: it ends when the storm is over.

    `stragglers` are sent so many seconds after the end was; `note_by`: by which door somebody leaves a note for the driver.
    """

    delivery_id: str
    starts_s: float
    sendings: tuple[Sending, ...]
    end: Sending
    promised_s: float = FAR_S
    fault: str | None = None
    rule: str | None = None
    in_the_calm: bool = False
    skew_s: float = 0.0
    quirks: tuple[str, ...] = ()
    stragglers: tuple[Sending, ...] = ()
    note_by: str | None = None
    by_http: bool = False
    """Whether its order comes by the gateway's door, and not by gRPC."""

    @property
    def number(self) -> int:
        return int(self.delivery_id.partition("-")[2])

    @property
    def phone(self) -> str:
        return f"+35840{2_000_000 + self.number}"

    @property
    def email(self) -> str:
        return f"{self.delivery_id.lower()}@example.test"

    def order(self, ordered_at: Instant) -> dict[str, Any]:
        return {
            "delivery_id": self.delivery_id,
            "carrier": "acme",
            "hub": "HEL1",
            "zone": "north-1",
            "promised": {"end": iso(ordered_at + round(self.promised_s * 1000))},
            "destination": {"timezone": "Europe/Helsinki", "country": "FI"},
            "customer": {"name": "Aino", "email": self.email, "phone": self.phone},
        }


def a_status(status: str, at: float, **more: Any) -> Told:
    return Told(status, "status", at, {"status": status, **more})


PICKED_UP = a_status("picked_up", 0.2)
ON_ITS_WAY = a_status("in_transit", 0.8)
AT_HUB = Told("at-hub", "scan", 1.6, {"status": "at_hub", **HUB})
FOR_DELIVERY = a_status("out_for_delivery", 2.4)
EXPECTED = Told("expected", "eta", 2.8, eta_s=FAR_S - 600)
EXPECTED_LATE = replace(EXPECTED, eta_s=FAR_S + 3_600)
ARRIVED = Told("arrived", "arrived", 3.6, {})
ROUTE = (PICKED_UP, ON_ITS_WAY, AT_HUB, FOR_DELIVERY)

Story = tuple[str, tuple[Told, ...], float, float]
"""The rule that is to notice it, what is reported, seconds to the promise, and seconds after which it may end."""


def _failed(reason: str) -> Told:
    return Told("attempt", "attempt_failed", 3.6, {"status": "attempt_failed", "reason": reason})


FAULTS: Mapping[str, Callable[[], Story]] = {
    "late": lambda: ("late", ROUTE[:2], 6.0, 16.0),
    "no scan on the van": lambda: ("missed-scan", ROUTE, FAR_S, 22.0),
    "stays at the hub": lambda: ("hub-dwell", ROUTE[:3], FAR_S, 22.0),
    "nobody at home": lambda: ("failed-attempt", (*ROUTE, _failed("consignee_not_home")), FAR_S, 12.0),
    "wrong address": lambda: ("failed-attempt", (*ROUTE, _failed("consignee_incorrect_address")), FAR_S, 12.0),
    "expected too late": lambda: ("predicted-late", (*ROUTE[:2], EXPECTED_LATE), FAR_S, 10.0),
    "breaks down": lambda: ("broken-down", (*ROUTE, a_status("on_hold", 3.6)), FAR_S, 16.0),
    "goes astray": lambda: ("astray", (*ROUTE[:2], Told("off-route", "off_route", 1.4)), FAR_S, 16.0),
    "too warm": lambda: (
        "too-warm",
        (*ROUTE[:2], Told("warm", "sensor", 1.4, {"detail": {"name": "temperature", "value": "9.5", "unit": "C"}})),
        FAR_S,
        16.0,
    ),
}
"""Fault -> how it goes. To add one: a row here, and a rule in the book."""


def lives(seed: int, count: int, over_s: float) -> tuple[Life, ...]:
    """So many deliveries, which start within `over_s` seconds; those with faults in the first half of them, so that they end in time."""
    chance = Random(f"lives {seed}")
    faults = _faults(chance, count)
    found = []
    for number in range(1, count + 1):
        fault = faults[number - 1]
        starts_s = chance.uniform(0, over_s * (0.6 if fault else 1.0))
        plain = _faulty(number, starts_s, fault, chance) if fault else _healthy(number, starts_s)
        found.append(_odd(plain, chance))
    return tuple(sorted(found, key=lambda life: life.starts_s))


def _faults(chance: Random, count: int) -> list[str | None]:
    """Each fault at least once where there are deliveries enough."""
    names = list(FAULTS)
    wanted = max(min(count, len(names)), round(count * FAULTS_SHARE))
    found: list[str | None] = [names[number % len(names)] for number in range(wanted)]
    found += [None] * (count - wanted)
    chance.shuffle(found)
    return found


def _healthy(number: int, starts_s: float) -> Life:
    return Life(f"C-{number:05}", starts_s, _one_by_one((*ROUTE, EXPECTED, ARRIVED)), _end(5.0))


def _faulty(number: int, starts_s: float, fault: str, chance: Random) -> Life:
    rule, told, promised_s, ends_s = FAULTS[fault]()
    return Life(
        delivery_id=f"C-{number:05}",
        starts_s=starts_s,
        sendings=_one_by_one(told),
        end=_end(ends_s),
        promised_s=promised_s,
        fault=fault,
        rule=rule,
        in_the_calm=chance.random() < IN_THE_CALM_SHARE or fault in ALWAYS_IN_THE_CALM,
    )


def _one_by_one(told: Sequence[Told]) -> tuple[Sending, ...]:
    return tuple(Sending(one.at + 0.1, (one,)) for one in told)


def _end(at: float) -> Sending:
    return Sending(at + 0.1, (a_status("delivered", at),))


def _odd(life: Life, chance: Random) -> Life:
    """Some senders have wrong clocks; some report twice, late, in the wrong order, or several things at once."""
    skew_s = chance.choice((0.0, 0.0, 0.0, FAST_S, SLOW_S))
    note_by = chance.choice(("api", "page")) if chance.random() < NOTES_SHARE else None
    odd = replace(life, skew_s=skew_s, note_by=note_by, by_http=chance.random() < HTTP_SHARE)
    for name, quirk in QUIRKS.items():
        if chance.random() < QUIRKS_SHARE:
            changed = quirk(odd, chance)
            odd = odd if changed == odd else replace(changed, quirks=(*odd.quirks, name))
    return odd


def _doubled(life: Life, chance: Random) -> Life:
    twice = [replace(one, after=one.after + chance.uniform(0, 2)) for one in life.sendings if chance.random() < 0.5]
    return replace(life, sendings=_in_time((*life.sendings, *twice)))


def _delayed(life: Life, chance: Random) -> Life:
    """Known some seconds later. What comes from a clock that is ahead happened when it is known, so its order would change."""
    if life.skew_s > 0:
        return life
    late = [replace(one, after=one.after + (chance.uniform(0, 2) if chance.random() < 0.4 else 0)) for one in life.sendings]
    return replace(life, sendings=_in_time(late))


def _shuffled(life: Life, chance: Random) -> Life:
    """In any order, once all of it has happened. A clock that is ahead would make the last the latest."""
    if life.skew_s > 0:
        return life
    told, first = [one.told for one in life.sendings], max(one.after for one in life.sendings)
    chance.shuffle(told)
    return replace(life, sendings=tuple(Sending(first + 0.2 * place, what) for place, what in enumerate(told)))


def _gathered(life: Life, chance: Random) -> Life:
    """All at once, in any order."""
    if life.skew_s > 0:
        return life
    told = [what for one in life.sendings for what in one.told]
    chance.shuffle(told)
    return replace(life, sendings=(Sending(max(one.after for one in life.sendings), tuple(told)),))


def _straggling(life: Life, chance: Random) -> Life:
    """What happened last before the end is known after it."""
    if life.skew_s > 0 or life.fault or len(life.sendings) < 2:
        return life
    *first, last = life.sendings
    return replace(life, sendings=tuple(first), stragglers=(replace(last, after=chance.uniform(0.1, 1.0)),))


QUIRKS: Mapping[str, Callable[[Life, Random], Life]] = {
    "doubled": _doubled,
    "delayed": _delayed,
    "shuffled": _shuffled,
    "gathered": _gathered,
    "straggling": _straggling,
}


def _in_time(sendings: Sequence[Sending]) -> tuple[Sending, ...]:
    return tuple(sorted(sendings, key=lambda one: one.after))
