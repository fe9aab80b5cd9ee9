"""A delivery: its order and what was reported about it, as one value that is the same in whatever order reports arrive."""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from domain.event import Event
from domain.facts import FACT_NAMES, VALUES, Facts, facts_of, fold
from domain.instant import NEVER, Instant
from domain.order import Order
from domain.status import Condition

KEPT_EVENTS = 500
"""Events that can still be corrected or overtaken by a late one; older ones are folded into the base."""

FOLDED_AT_ONCE = 100
"""How many of the oldest go into the base when there are more than KEPT_EVENTS."""

KEPT_IDS = 5_000
"""Ids of older events that are still recognised as duplicates."""


@dataclass(frozen=True, slots=True)
class Source:
    """The event that gave a fact its present value, and when it happened."""

    event_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order, the events since, and the facts that they add up to. `sources` says which event gave each fact."""

    order: Order
    known_at: Instant
    base: Facts
    facts: Facts
    events: tuple[Event, ...] = ()
    old_ids: tuple[str, ...] = ()
    sources: Mapping[str, "Source"] = field(default_factory=dict)

    def after(self, event: Event) -> "Delivery":
        """The delivery with one more event; itself if the event was seen before or is older than all that is kept."""
        if self.has_seen(event.event_id) or self._is_beyond_reach(event):
            return self
        events = list(self.events)
        insort(events, event, key=lambda kept: kept.order_key)
        if events[-1] is event and event.corrects is None and not self._is_withdrawn(event):
            return self._told_by(event, tuple(events))._bounded()
        return self._refolded(tuple(events))._bounded()

    def has_seen(self, event_id: str) -> bool:
        return any(event.event_id == event_id for event in self.events) or event_id in self.old_ids

    def can_correct(self, event_id: str) -> bool:
        """Whether the event is still kept apart, so that a correction can take it out."""
        return any(event.event_id == event_id for event in self.events)

    def source_of(self, fact: str) -> "Source | None":
        """The event that gave a fact its present value; None if the order did."""
        return self.sources.get(fact)

    def as_of(self, at: Instant) -> "Delivery":
        """What is known now about how things stood at an instant: only what had happened by then."""
        out = withdrawn(self.events)
        return self._refolded(tuple(event for event in self.events if event.occurred_at <= at and event.event_id not in out))

    def history(self) -> Iterator[tuple[Instant, Facts]]:
        """The facts after each kept event, in the order in which things happened, with when; the base comes first."""
        out = withdrawn(self.events)
        facts = self.base
        yield self.known_at, facts
        for event in self.events:
            if event.event_id not in out:
                facts = fold(facts, event, self.order)
                yield event.occurred_at, facts

    def condition(self, at: Instant) -> Condition:
        """How the delivery stands to its promise at an instant."""
        end, start = self.facts.promised.end, self.facts.promised.start
        if self.facts.final:
            return Condition.LATE if self.facts.status_since > end else Condition.ON_TIME
        if at >= end:
            return Condition.LATE
        if self.facts.eta is not None and self.facts.eta > end:
            return Condition.AT_RISK
        if self.facts.eta is not None and start is not None and self.facts.eta < start:
            return Condition.EARLY
        return Condition.ON_TIME

    def condition_changes_at(self, at: Instant) -> Instant:
        """When the condition changes next if nothing new is reported."""
        pending = not self.facts.final and at < self.facts.promised.end
        return self.facts.promised.end if pending else NEVER

    def _is_beyond_reach(self, event: Event) -> bool:
        return bool(self.old_ids) and event.order_key < self.events[0].order_key

    def _is_withdrawn(self, event: Event) -> bool:
        return event.event_id in withdrawn(self.events)

    def _told_by(self, event: Event, events: tuple[Event, ...]) -> "Delivery":
        facts = fold(self.facts, event, self.order)
        return replace(self, facts=facts, events=events, sources=_sources(self.sources, self.facts, facts, event))

    def _refolded(self, events: tuple[Event, ...]) -> "Delivery":
        out = withdrawn(events)
        start = replace(self, facts=self.base, events=events, sources={})
        told = (event for event in events if event.event_id not in out)
        return reduce(lambda delivery, event: delivery._told_by(event, events), told, start)

    def _bounded(self) -> "Delivery":
        if len(self.events) <= KEPT_EVENTS:
            return self
        old, kept = self.events[:FOLDED_AT_ONCE], self.events[FOLDED_AT_ONCE:]
        out = withdrawn(self.events)
        base = reduce(lambda facts, event: fold(facts, event, self.order), (e for e in old if e.event_id not in out), self.base)
        ids = (*self.old_ids, *(event.event_id for event in old))[-KEPT_IDS:]
        return replace(self, base=base, events=kept, old_ids=ids)


def delivery_of(order: Order, known_at: Instant) -> Delivery:
    """A delivery of which nothing but the order is known."""
    facts = facts_of(order, known_at)
    return Delivery(order=order, known_at=known_at, base=facts, facts=facts)


def withdrawn(events: Iterable[Event]) -> frozenset[str]:
    """The ids that corrections take out. A correction that is itself corrected by a later one takes nothing out."""
    out: set[str] = set()
    corrections = [event for event in events if event.corrects is not None]
    for correction in sorted(corrections, key=lambda event: event.order_key, reverse=True):
        if correction.event_id not in out and correction.corrects is not None:
            out.add(correction.corrects)
    return frozenset(out)


def _sources(sources: Mapping[str, Source], before: Facts, after: Facts, event: Event) -> Mapping[str, Source]:
    source = Source(event.event_id, event.occurred_at)
    told = zip(FACT_NAMES, VALUES(before), VALUES(after), strict=True)
    changed = {name: source for name, old, new in told if old is not new}
    return {**sources, **changed}
