"""A delivery: its order and what was reported about it, as one value that is the same in whatever order reports arrive."""

import json
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import reduce
from itertools import accumulate
from json.encoder import encode_basestring_ascii
from operator import attrgetter

from domain.event import Event
from domain.facts import Changes, Facts, changed, facts_of
from domain.folds import fold, news
from domain.instant import NEVER, Instant
from domain.order import Order
from domain.quick import quick_dataclass
from domain.status import Condition, Kind

KEPT_EVENTS = 500
"""Events that can still be corrected or overtaken by a late one; older ones are folded into the base."""

FOLDED_AT_ONCE = 100
"""How many of the oldest go into the base when there are more than KEPT_EVENTS."""

KEPT_BYTES = 400_000
"""What the kept events may take as JSON, about; the whole delivery has to go through one payload of 2 MB."""

FOLDED_TO_BYTES = 300_000
"""The oldest go into the base until no more than this is left, so that not every further event folds again."""

KEPT_IDS = 5_000
"""Ids of older events that are still recognised as duplicates, and ids that folded corrections take out."""

KEPT_ID_BYTES = 200_000
"""What those ids may take. An id may have 200 characters, and 5,000 of those would be half of what a payload holds."""

EVENT_BYTES = 300
"""What an event takes as JSON apart from its texts, parcels and details."""

BARE_BYTES = EVENT_BYTES + len("[, , null, [], {}]")
"""The same of one that has neither place, parcels nor details."""


@quick_dataclass(frozen=True, slots=True)
class Source:
    """The event that gave a fact its present value, and when it happened."""

    event_id: str
    at: Instant


@quick_dataclass(frozen=True, slots=True)
class Delivery:
    """An order, the events since, and the facts that they add up to. `sources` says which event gave each fact.

    `base` is what the events add up to that are no longer kept, up to `folded_to`. What their corrections take out stays out:
    `withdrawn_ids` has the ids, and what bears one is not among `events`. `bytes_kept` is about what the events take as JSON.
    """

    order: Order
    known_at: Instant
    base: Facts
    facts: Facts
    events: tuple[Event, ...] = ()
    old_ids: tuple[str, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    base_sources: Mapping[str, Source] = field(default_factory=dict)
    withdrawn_ids: tuple[str, ...] = ()
    folded_to: tuple[Instant, Instant, str] | None = None
    bytes_kept: int = 0

    def after(self, event: Event) -> "Delivery":
        """The delivery with one more event; itself if the event was seen before or is older than all that is kept.

        A correction counts however old it is, as long as what it withdraws is not in the base.
        """
        if self.has_seen(event.event_id):
            return self
        if event.corrects is None and event.event_id in self.withdrawn_ids:
            return replace(self, old_ids=_bounded_ids(self.old_ids, (event.event_id,)))
        if self._is_beyond_reach(event):
            return self if event.corrects is None else self._corrected_by(event)
        kept, size = _inserted(self.events, event), self.bytes_kept + _size(event)
        if kept[-1] is event and event.corrects is None and event.event_id not in withdrawn(kept):
            return self._told_by(event, kept, size)._bounded()
        return replace(self, events=kept, bytes_kept=size)._refolded()._bounded()

    def has_seen(self, event_id: str) -> bool:
        return event_id in map(EVENT_ID, self.events) or event_id in self.old_ids

    def can_correct(self, event_id: str) -> bool:
        """Whether the event is still kept apart, so that a correction can take it out."""
        return any(event.event_id == event_id for event in self.events)

    def source_of(self, fact: str) -> "Source | None":
        """The event that gave a fact its present value; None if the order did."""
        return self.sources.get(fact)

    def as_of(self, at: Instant) -> "Delivery":
        """What is known now about how things stood at an instant: only what had happened by then."""
        out = withdrawn(self.events)
        known = tuple(event for event in self.events if event.occurred_at <= at and event.event_id not in out)
        return replace(self, events=known)._refolded()

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
        return self.folded_to is not None and event.order_key <= self.folded_to

    def _told_by(self, event: Event, events: tuple[Event, ...], size: int) -> "Delivery":
        """Each field is named, since every report comes by here: dataclasses.replace takes three times as long."""
        changes = news(self.facts, event, self.order)
        return Delivery(
            self.order,
            self.known_at,
            self.base,
            changed(self.facts, changes),
            events,
            self.old_ids,
            _sources(self.sources, self.facts, changes, event),
            self.base_sources,
            self.withdrawn_ids,
            self.folded_to,
            size,
        )

    def _told_all(self, events: Iterable[Event], out: frozenset[str]) -> "Delivery":
        told = (event for event in events if event.event_id not in out)
        return reduce(lambda delivery, event: delivery._told_by(event, delivery.events, delivery.bytes_kept), told, self)

    def _at_base(self) -> "Delivery":
        return replace(self, facts=self.base, sources=self.base_sources)

    def _refolded(self) -> "Delivery":
        return self._at_base()._told_all(self.events, withdrawn(self.events))

    def _corrected_by(self, correction: Event) -> "Delivery":
        """What a correction does that came too late to be kept."""
        is_void = correction.event_id in withdrawn(self.events) or correction.event_id in self.withdrawn_ids
        return self if is_void else self._without_withdrawn((correction,), (correction.event_id,))._refolded()

    def _bounded(self) -> "Delivery":
        many = self._too_many()
        if not many:
            return self
        old = self.events[:many]
        base = self._at_base()._told_all(old, withdrawn(self.events))
        ids = [event.event_id for event in old]
        corrections = [correction for correction in in_force(self.events) if correction.event_id in ids]
        folded = replace(self, base=base.facts, base_sources=base.sources, events=self.events[many:], folded_to=old[-1].order_key)
        return folded._without_withdrawn(corrections, ids)

    def _too_many(self) -> int:
        """How many of the oldest have to go into the base; the newest never does."""
        many = FOLDED_AT_ONCE if len(self.events) > KEPT_EVENTS else 0
        if self.bytes_kept <= KEPT_BYTES:
            return many
        left = accumulate((-_size(event) for event in self.events), initial=self.bytes_kept)
        fit = next((place for place, size in enumerate(left) if size <= FOLDED_TO_BYTES), len(self.events))
        return min(max(many, fit), len(self.events) - 1)

    def _without_withdrawn(self, corrections: Iterable[Event], ids: Sequence[str]) -> "Delivery":
        """With corrections that are no longer kept, and ids that are folded: what those take out is gone for good.

        Only a correction stays that is withdrawn by an older one: it counts, as the later of the two.
        """
        old_ids = _bounded_ids(self.old_ids, ids)
        out = {str(correction.corrects) for correction in corrections} - set(old_ids)
        gone = [event.event_id for event in self.events if event.event_id in out and event.corrects is None]
        kept = tuple(event for event in self.events if event.event_id not in gone)
        return replace(
            self,
            events=kept,
            bytes_kept=sum(map(_size, kept)),
            old_ids=_bounded_ids(old_ids, gone),
            withdrawn_ids=_bounded_ids(self.withdrawn_ids, sorted(out)),
        )


def delivery_of(order: Order, known_at: Instant) -> Delivery:
    """A delivery of which nothing but the order is known."""
    facts = facts_of(order, known_at)
    return Delivery(order=order, known_at=known_at, base=facts, facts=facts)


def withdrawn(events: Iterable[Event]) -> frozenset[str]:
    """The ids that corrections take out. A correction that is itself corrected by a later one takes nothing out."""
    return frozenset(str(correction.corrects) for correction in in_force(events))


def in_force(events: Iterable[Event]) -> tuple[Event, ...]:
    """The corrections that no later one takes out, the latest first."""
    corrections = [event for event in events if event.kind is Kind.CORRECTION]
    if not corrections:
        return ()
    out: set[str | None] = set()
    counting = []
    for correction in sorted(corrections, key=lambda event: event.order_key, reverse=True):
        if correction.event_id not in out:
            out.add(correction.corrects)
            counting.append(correction)
    return tuple(counting)


def _inserted(events: tuple[Event, ...], event: Event) -> tuple[Event, ...]:
    """The events with one more, in their order; mostly it is the newest."""
    if not events or events[-1].order_key <= event.order_key:
        return (*events, event)
    ordered = list(events)
    insort(ordered, event, key=lambda kept: kept.order_key)
    return tuple(ordered)


def _bounded_ids(ids: tuple[str, ...], more: Sequence[str]) -> tuple[str, ...]:
    """The newest of the ids, as many as may be kept."""
    newest = (*ids, *more)[-KEPT_IDS:]
    sizes = accumulate(len(json.dumps(kept)) + 1 for kept in reversed(newest))
    fit = next((place for place, size in enumerate(sizes) if size > KEPT_ID_BYTES), len(newest))
    return newest[len(newest) - fit :]


def _size(event: Event) -> int:
    """About the bytes of an event as JSON; never much less, whatever its script."""
    if event.location is None and not event.parcel_ids and not event.detail:
        return BARE_BYTES + len(encode_basestring_ascii(event.event_id)) + len(encode_basestring_ascii(event.source))
    texts = (event.event_id, event.source, event.place, event.parcel_ids, dict(event.detail))
    return EVENT_BYTES + len(_JSON.encode(texts))


_JSON = json.JSONEncoder(default=str)

EVENT_ID: Callable[[Event], str] = attrgetter("event_id")


def _sources(sources: Mapping[str, Source], before: Facts, changes: Changes, event: Event) -> Mapping[str, Source]:
    source, more = Source(event.event_id, event.occurred_at), dict(sources)
    for name, value in changes.items():
        if value is not getattr(before, name):
            more[name] = source
    return more
