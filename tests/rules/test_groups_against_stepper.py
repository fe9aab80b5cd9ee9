"""Groups under random rules and days: several deliveries open together as a stepper says that looks at each of them every second."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import delivery_of
from domain.event import Event
from domain.instant import MINUTE, SECOND, Instant
from domain.order import Order
from domain.status import FINAL
from rules.book import Grouping, Rule
from rules.simulate import Line, Part, Reported, simulate_together
from rules.tree import Count, EventPattern
from tests.rules.scenarios import Scenario, conditions_that_open, days, kinds_for, orders, scenarios
from tests.rules.stepper import Batch, Known, Noted, Stepper, has_received, reads_received
from tests.rules.test_against_stepper import compiled, examples

Told = tuple[str, Instant, str, str]
"""Delivery, instant, what, how."""


@dataclass(frozen=True)
class Fleet:
    """Deliveries of one carrier under one rule with a group, and what is learnt of each."""

    scenario: Scenario
    orders: tuple[Order, ...]
    batches: tuple[list[Batch], ...]

    @property
    def rule(self) -> Rule:
        return self.scenario.rules[0]


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    scenario = draw(scenarios(longest=10 * MINUTE))
    start, length = scenario.delivery.known_at, scenario.end - scenario.delivery.known_at
    zone = scenario.delivery.order.destination.timezone
    group = Grouping("carrier", draw(st.integers(2, 3)), within=draw(st.sampled_from([0, 0, length // 10, length // 5])))
    rule = replace(scenario.rules[0], group=group, after_final=False)
    rule = replace(rule, when=draw(st.just(rule.when) | conditions_that_open(length)))
    # What is received is true for an instant only: whether others are looked at in that very instant is left open.
    lasting = Count(EventPattern("scan"), 1, length // 10)
    is_brief = {key: has_received(node) for key in ("when", "only_when") if (node := getattr(rule, key)) is not None}
    rule = replace(rule, when=lasting if is_brief["when"] else rule.when)
    rule = replace(rule, only_when=None if is_brief.get("only_when") else rule.only_when)
    kinds = [kind for kind in kinds_for((rule,)) if kind != "found"]
    ordered = tuple(replace(draw(orders(start, length, zone)), delivery_id=name) for name in "ABC")
    return Fleet(replace(scenario, rules=(rule,)), ordered, tuple(_on_the_way(draw(days(kinds, start, length))) for _ in ordered))


def _on_the_way(batches: list[Batch]) -> list[Batch]:
    """Without what ends a delivery, and with it the simulation of it."""
    kept = [(at, tuple(event for event in batch if event.status not in FINAL)) for at, batch in batches]
    return [batch for batch in kept if batch[1]]


def woken(fleet: Fleet) -> list[Told]:
    book = compiled(fleet.scenario)
    start = fleet.scenario.delivery.known_at
    parts = [Part(order, start, _lines(batches)) for order, batches in zip(fleet.orders, fleet.batches, strict=True)]
    told: list[Told] = []
    for order, moments in zip(fleet.orders, simulate_together(book, parts, fleet.scenario.end), strict=True):
        for moment in moments:
            told += [(order.delivery_id, moment.at, "resolved", how.value) for how in moment.resolved.values()]
            told += [(order.delivery_id, moment.at, "opened", "") for _ in moment.opened]
    return told


def _lines(batches: list[Batch]) -> tuple[Line, ...]:
    return tuple(Reported(at, event) for at, batch in batches for event in batch)


@dataclass
class Together:
    """The group, second by second: who came to it when, and whether there were enough."""

    group: Grouping
    since: dict[str, Instant] = field(default_factory=dict)
    is_open: bool = False

    def note(self, name: str, stepper: Stepper, t: Instant) -> bool:
        """A delivery joins or leaves; whether the group has come together by that."""
        if stepper.phase == "idle" or (stepper.phase == "pending" and not stepper.has_waited(t)):
            self.since.pop(name, None)
            self.is_open = self.is_open and len(self.since) >= self.group.at_least
        elif stepper.is_open or stepper.is_ready:
            self.since.setdefault(name, t)
        lately = [at for at in self.since.values() if not self.group.within or at >= t - self.group.within]
        comes = not self.is_open and name in self.since and len(lately) >= self.group.at_least
        self.is_open = self.is_open or comes
        return comes


@dataclass
class One:
    """One delivery of the fleet."""

    known: Known
    stepper: Stepper
    due: dict[Instant, tuple[Event, ...]]

    def learn(self, t: Instant) -> bool:
        if t not in self.due:
            return False
        learnt = tuple(event for event in self.due[t] if not self.known.delivery.has_seen(event.event_id))
        told = self.known.delivery
        for event in learnt:
            told = told.after(event)
        self.known = Known(told, learnt, t)
        return True


def by_seconds(fleet: Fleet) -> list[Told]:
    start, end, rule = fleet.scenario.delivery.known_at, fleet.scenario.end, fleet.rule
    assert rule.group is not None
    group, told = Together(rule.group), list[Told]()
    ones = {
        order.delivery_id: One(Known(delivery_of(order, start)), Stepper(rule), dict(batches))
        for order, batches in zip(fleet.orders, fleet.batches, strict=True)
    }
    seconds = range(start, end + 1, SECOND)
    learnt = {at for one in ones.values() for at in one.due}
    for t in sorted({*seconds, *(at + 1 for at in (seconds if reads_received(rule) else learnt) if at < end)}):
        told += [(name, at, what, how) for name, (at, what, how) in _instant(ones, group, t)]
    return told


def _instant(ones: dict[str, One], group: Together, t: Instant) -> Iterator[tuple[str, Noted]]:
    """All that happens at an instant; when the group comes together by one, the others look again."""
    is_batch = {name: one.learn(t) for name, one in ones.items()}
    waiting, looked = set(ones), set[str]()
    while waiting:
        name = min(waiting)
        waiting.discard(name)
        one = ones[name]
        if name in looked:  # what was received was so for the look that learnt of it
            one.known = Known(one.known.delivery)
        looked.add(name)
        yield from ((name, note) for note in one.stepper.step(one.known, t, is_batch.pop(name, False), not group.is_open))
        if group.note(name, one.stepper, t):
            waiting |= set(group.since)


@given(fleet=fleets())
@examples(10)
def test_deliveries_of_a_group_open_together_as_the_stepper_says(fleet: Fleet) -> None:
    assert sorted(woken(fleet)) == sorted(by_seconds(fleet))
