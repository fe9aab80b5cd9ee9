"""Random rules over all built forms, and random days with late, doubled and withdrawn events."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from domain.delivery import Delivery, delivery_of
from domain.event import Event, Place
from domain.instant import DAY, MINUTE, SECOND, Instant, Span
from domain.order import Destination, Money, Order, PlannedMilestone, Window
from domain.status import Kind, Status
from rules.book import Rule
from rules.inputs import inputs_of
from rules.tree import (
    Absent,
    AbsentBefore,
    All,
    AnyOf,
    Around,
    AtLeast,
    Between,
    Compare,
    Condition,
    Count,
    Counted,
    Daytime,
    DisruptionOpen,
    EventPattern,
    InCalendar,
    Includes,
    Is,
    Known,
    Later,
    NoneOf,
    Overdue,
    Received,
    Same,
    Sequence,
    Skipped,
    State,
    Staying,
    TimeRef,
    Weekdays,
    WrongOrder,
)
from tests.rules.stepper import Batch

STARTS: dict[str, tuple[Instant, ...]] = {
    # An ordinary morning, both changes of clocks, and the minutes before midnight.
    "Europe/Helsinki": (1_795_410_000_000, 1_792_886_400_000, 1_774_742_400_000, 1_795_470_000_000),
    "America/St_Johns": (1_793_502_000_000,),
    "UTC": (1_795_470_000_000,),
}
"""Instants at which orders are known: whole minutes."""


@dataclass(frozen=True)
class Scenario:
    """Rules, a delivery of which only the order is known, what is learnt when, and until when to look."""

    rules: tuple[Rule, ...]
    delivery: Delivery
    batches: list[Batch]
    end: Instant


STATUSES = [Status.ASSIGNED, Status.IN_TRANSIT, Status.AT_HUB, Status.OUT_FOR_DELIVERY, Status.ON_HOLD]
PATTERNS = [
    EventPattern("scan"),
    EventPattern("scan", place="hub"),
    EventPattern("scan", source="other"),
    EventPattern("at_hub"),
    EventPattern("out_for_delivery"),
    EventPattern("out_for_delivery", source="acme"),
    EventPattern("eta"),
    EventPattern("arrived"),
]
TIMES = [
    TimeRef("fact", "eta"),
    TimeRef("fact", "promised end"),
    TimeRef("fact", "promised start"),
    TimeRef("fact", "planned departure"),
]
REFS = [
    *TIMES,
    TimeRef("due", "at_hub"),
    TimeRef("last", "scan"),
    TimeRef("last", "scan", EventPattern("scan", source="other")),
    TimeRef("cutoff", "hub cutoff"),
]
AMOUNTS = [None, Money(200, "EUR"), Money(200, "SEK"), Money(300, "SEK")]
COUNTED = st.sampled_from([None, None, Counted("office")])
STAYS = list(State)


def spans(length: Span) -> SearchStrategy[Span]:
    """Short against a scenario's length, and often equal to one another, so that edges meet."""
    return st.sampled_from([0, 0, SECOND, 30 * SECOND, MINUTE, length // 40, length // 20, length // 10, length // 5]).map(_whole)


def _whole(span: Span) -> Span:
    return span // SECOND * SECOND


def facts(length: Span) -> SearchStrategy[Condition]:
    """Sentences that only an event changes, unless they end in `for D`."""
    held = spans(length)
    flag = st.booleans()
    status = st.lists(st.sampled_from([s.value for s in STATUSES] + ["a*", "*_h*"]), min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Is, st.just("status"), status, flag, held),
        st.builds(Is, st.just("condition"), st.sampled_from([("late",), ("at_risk", "late"), ("on_time",)]), flag, held),
        st.builds(Is, st.just("driver on break"), st.just((True,)), flag, held),
        st.builds(Includes, st.just("tags"), st.sampled_from(["fragile", "cold"]), flag, held),
        st.builds(Same, st.just("last scan place"), st.just("hub"), flag, held),
        st.builds(
            Compare, st.just("temperature"), st.sampled_from(["over", "under", "at_least", "at_most"]), st.integers(2, 5), held
        ),
        st.builds(Between, st.just("temperature"), st.integers(1, 3), st.integers(3, 5), held),
        amounts(held),
        st.builds(Known, st.sampled_from(["eta", "temperature", "last scan place"]), flag, held),
        st.builds(Later, st.sampled_from(REFS), st.sampled_from(REFS), held, flag),
    )


def amounts(held: SearchStrategy[Span]) -> SearchStrategy[Condition]:
    """Sentences about money, in the currency of the order, in another one and in none."""
    fact, currency, flag = st.sampled_from(["cod", "value"]), st.sampled_from([None, "EUR", "SEK"]), st.booleans()
    return st.one_of(
        st.builds(Compare, fact, st.sampled_from(["over", "at_most"]), st.sampled_from([100, 200]), held, currency=currency),
        st.builds(Between, fact, st.just(100), st.just(200), held, currency=currency),
        st.builds(Is, fact, st.sampled_from([(200,), (100, 300)]), flag, held, currency=currency),
        st.builds(Same, st.just("cod"), st.just("value"), flag, held),
    )


def local_clock(at: Instant, zone: str) -> Span:
    local = datetime.fromtimestamp(at // 1000, ZoneInfo(zone))
    return (local.hour * 60 + local.minute) * MINUTE


def sentences(start: Instant, length: Span, zone: str) -> SearchStrategy[Condition]:
    span = spans(length)
    longer = span.filter(bool)
    event, time = st.sampled_from(PATTERNS), st.sampled_from(REFS)
    clock = st.integers(0, 14).map(lambda n: (local_clock(start, zone) + n * length // 10) // MINUTE * MINUTE % DAY)
    return st.one_of(
        facts(length),
        st.builds(Absent, event, longer, st.none() | event, COUNTED),
        st.builds(AbsentBefore, event, time),
        st.builds(Staying, st.sampled_from(STAYS), longer, COUNTED),
        st.builds(Count, event, st.integers(1, 3), st.none() | longer, COUNTED),
        st.builds(Sequence, event, event, longer, st.booleans()),
        st.builds(Sequence, event, event, longer, st.just(True), COUNTED),
        st.builds(WrongOrder, event, event),
        st.builds(Skipped, st.sampled_from([Status.CREATED, Status.ASSIGNED, Status.IN_TRANSIT, Status.AT_HUB])),
        st.builds(InCalendar, st.just("office"), st.booleans()),
        st.builds(Around, time, span, st.sampled_from(["within_before", "before", "after"])),
        st.builds(Overdue, st.sampled_from([Status.AT_HUB, Status.OUT_FOR_DELIVERY]), span),
        st.builds(Daytime, clock, clock),
        st.builds(Weekdays, st.sampled_from([(0, 1, 2, 3, 4), (5, 6), (6,), (0, 2)])),
        st.builds(Received, event),
        st.builds(DisruptionOpen, st.just("hub"), st.sampled_from([None, "snow"])),
    )


def conditions(start: Instant, length: Span, zone: str) -> SearchStrategy[Condition]:
    def groups(children: SearchStrategy[Condition]) -> SearchStrategy[Condition]:
        some = st.lists(children, min_size=1, max_size=3).map(tuple)
        several = some.flatmap(lambda found: st.builds(AtLeast, st.integers(1, len(found)), st.just(found)))
        return st.builds(All, some) | st.builds(AnyOf, some) | st.builds(NoneOf, some) | several

    sentence = sentences(start, length, zone)
    return sentence | groups(sentence) | groups(sentence | groups(sentence))


def conditions_that_open(length: Span) -> SearchStrategy[Condition]:
    scan = EventPattern("scan")
    quiet = st.builds(Absent, st.just(scan), spans(length).filter(bool))
    return quiet | st.builds(Count, st.just(scan), st.just(1), spans(length).filter(bool)) | st.just(Received(scan))


def cures(start: Instant, length: Span, zone: str) -> SearchStrategy[Condition]:
    """What clears_when usually says, and sometimes anything."""
    return st.builds(Received, st.sampled_from(PATTERNS)) | facts(length) | conditions(start, length, zone)


@st.composite
def rules(draw: DrawFn, start: Instant, length: Span, zone: str, number: int = 0) -> Rule:
    condition, span = conditions(start, length, zone), spans(length)
    return Rule(
        id=f"rule-{number}",
        says="",
        when=draw(condition),
        only_when=draw(condition) if draw(st.integers(0, 4)) == 4 else None,
        hold=draw(span),
        clears_when=draw(cures(start, length, zone)) if draw(st.integers(0, 2)) == 2 else None,
        stay_clear=draw(span),
        cooldown=draw(span),
        after_final=draw(st.integers(0, 4)) == 4,
        priority=draw(st.sampled_from([50, 60])),
    )


@st.composite
def orders(draw: DrawFn, start: Instant, length: Span, zone: str) -> Order:
    def soon() -> SearchStrategy[Instant]:
        return st.integers(0, 12).map(lambda n: start + _whole(n * length // 10))

    end = draw(soon())
    return Order(
        delivery_id="D",
        carrier="acme",
        promised=Window(draw(st.none() | st.just(end - 10 * MINUTE)), end),
        destination=Destination(zone),
        hub=draw(st.none() | st.just("HEL1")),
        planned_departure=draw(st.none() | soon()),
        plan=draw(st.just(()) | soon().map(lambda due: (PlannedMilestone(Status.AT_HUB, due),))),
        tags=draw(st.sampled_from([(), ("fragile",)])),
        cod=draw(st.sampled_from(AMOUNTS)),
        value=draw(st.sampled_from(AMOUNTS)),
    )


TOLD_BY: dict[str, list[str]] = {
    "status": ["status"],
    "recorded": ["status"],
    "eta": ["eta", "promise_changed"],
    "promised": ["eta", "promise_changed"],
    "sensors": ["sensor"],
    "last_scan": ["scan"],
    "event scan": ["scan"],
    "event eta": ["eta"],
    "event at_hub": ["status"],
    "event out_for_delivery": ["status"],
    "events": ["scan", "status"],
    "driver_on_break": ["driver_status"],
    "at_stop_since": ["arrived", "departed"],
    "event arrived": ["arrived", "departed"],
    "at_hub": ["status", "scan", "arrived", "departed"],
    "stopped_since": ["stopped", "moving"],
    "moving_since": ["stopped", "moving"],
    "silent_since": ["silent", "silent", "stopped", "moving"],
    "off_route_since": ["off_route", "back_on_route"],
    "guards": ["found", "found"],
}
"""What a condition reads -> the kinds of events that may change it."""

ALL_KINDS = sorted({kind for kinds in TOLD_BY.values() for kind in kinds})


def kinds_for(book: tuple[Rule, ...]) -> list[str]:
    """Kinds that matter to the rules, with some that do not."""
    parts = [part for rule in book for part in (rule.when, rule.only_when, rule.clears_when)]
    conditions = [node for node in parts if node is not None]
    read = sorted({name for node in conditions for name in inputs_of(node)})
    return [kind for name in read for kind in TOLD_BY.get(name, [])] * 6 + ALL_KINDS


@st.composite
def events(draw: DrawFn, kinds: list[str], number: int, start: Instant, length: Span) -> Event:
    """One event; it is learnt at once, or late by up to a third of the scenario."""
    happened = start + _whole(draw(st.integers(0, 40)) * length // 40)
    late = draw(st.sampled_from([0, 0, 0, 2 * SECOND, length // 20, length // 5, length // 3]))
    kind = Kind(draw(st.sampled_from(kinds)))
    told: dict[str, Any] = {}
    if kind is Kind.STATUS:
        told["status"] = draw(
            st.sampled_from([*STATUSES, Status.OUT_FOR_DELIVERY, Status.AT_HUB, *([Status.DELIVERED] if number > 5 else [])])
        )
    elif kind is Kind.SCAN:
        told["location"] = draw(st.sampled_from([None, Place("HEL1"), Place("STOP7")]))
        told["status"] = draw(st.sampled_from([None, None, None, Status.AT_HUB]))
    elif kind in (Kind.ARRIVED, Kind.DEPARTED):
        told["location"] = draw(st.sampled_from([None, None, Place("HEL1")]))
    elif kind is Kind.ETA:
        told["eta"] = start + _whole(draw(st.integers(0, 14)) * length // 10)
    elif kind is Kind.SENSOR:
        told["detail"] = {"name": "temperature", "value": draw(st.integers(1, 6)), "unit": "C"}
    elif kind is Kind.DRIVER_STATUS:
        told["detail"] = {"state": draw(st.sampled_from(["on_break", "back"]))}
    elif kind is Kind.FOUND:
        key = f"disruption|hub:HEL1|{draw(st.sampled_from(['', 'snow']))}|0"
        until = draw(st.none() | st.none() | st.integers(1, 20).map(lambda n: happened + _whole(n * length // 20)))
        ends = {} if until is None else {"until": until}
        told["detail"] = {key: {"truth": draw(st.sampled_from([True, True, False, None])), "note": "", **ends}}
    elif kind is Kind.PROMISE_CHANGED:
        told["detail"] = {"start": None, "end": start + _whole(draw(st.integers(0, 12)) * length // 10)}
    source = draw(st.sampled_from(["acme", "other"]))
    return Event(f"e{number}", kind, happened, happened + _whole(late), source, **told)


@st.composite
def scenarios(draw: DrawFn, fewest: int = 1, most: int = 1, longest: Span = 240 * MINUTE, stays: bool = False) -> Scenario:
    """With `fewest` to `most` rules; `stays`: each of them is about a state that lasts."""
    zone = draw(st.sampled_from(list(STARTS)))
    start = draw(st.sampled_from(STARTS[zone]))
    length = draw(st.sampled_from([span * MINUTE for span in (10, 30, 60, 240) if span * MINUTE <= longest]))
    book = tuple(draw(rules(start, length, zone, number)) for number in range(draw(st.integers(fewest, most))))
    if stays:
        lasting = st.builds(Staying, st.sampled_from(STAYS), spans(length).filter(bool), COUNTED)
        book = tuple(replace(rule, when=draw(lasting), only_when=None) for rule in book)
    batches = draw(days(kinds_for(book), start, length))
    return Scenario(book, delivery_of(draw(orders(start, length, zone)), start), batches, start + length)


@st.composite
def days(draw: DrawFn, kinds: list[str], start: Instant, length: Span) -> list[Batch]:
    """What is learnt when: late, doubled and withdrawn events too."""
    told = [draw(events(kinds, number, start, length)) for number in range(draw(st.integers(2, 14)))]
    if draw(st.sampled_from([False, False, True])):
        at = max(event.recorded_at for event in told) + draw(st.sampled_from([0, length // 10 // SECOND * SECOND]))
        wrong = draw(st.sampled_from([event.event_id for event in told]))
        told.append(Event("c", Kind.CORRECTION, at, at, "acme", detail={"event_id": wrong, "reason": "did_not_occur"}))
    if draw(st.booleans()):
        told.append(told[0])
    learnt = sorted({event.recorded_at for event in told})
    return [(at, tuple(event for event in told if event.recorded_at == at)) for at in learnt]


@st.composite
def contests(draw: DrawFn) -> Scenario:
    """A scenario in which three rules share a decision; the highest comes first, the other two are equal."""
    scenario = draw(scenarios(3, 3))
    named = zip("abc", scenario.rules, (60, 50, 50), strict=True)
    contenders = tuple(replace(rule, id=name, priority=priority, decision="d") for name, rule, priority in named)
    return replace(scenario, rules=contenders)


@st.composite
def followers(draw: DrawFn) -> Scenario:
    """A scenario in which the second rule speaks of the opening of the first."""
    scenario = draw(scenarios(2, 2))
    leader, follower = scenario.rules
    length = scenario.end - scenario.delivery.known_at
    opening, longer = EventPattern(f"opened {leader.id}"), spans(length).filter(bool)
    event = st.sampled_from(PATTERNS)
    speaks = st.one_of(
        st.builds(Absent, st.just(opening), longer, st.none() | event),
        st.builds(Absent, event, longer, st.just(opening)),
        st.builds(Count, st.just(opening), st.integers(1, 2), st.none() | longer),
        st.builds(Sequence, st.just(opening), event, longer, st.booleans()),
        st.builds(Received, st.just(opening)),
    )
    other = draw(st.none() | facts(length))
    when = draw(speaks)
    told = All((when, other)) if other is not None else when
    return replace(scenario, rules=(leader, replace(follower, when=told)))
