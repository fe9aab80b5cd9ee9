"""A second evaluator, slow and simple: every second, every sentence from its definition, wall clocks by zoneinfo.

It shares nothing with the evaluator but the tree and the fold of a delivery.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from domain.delivery import Delivery, withdrawn
from domain.event import Event
from domain.instant import DAY, HOUR, MINUTE, NEVER, SECOND, Instant, Span
from domain.order import Order
from domain.status import FINAL, Kind, Status
from rules.book import Rule
from rules.directory import Calendar, Directory, Hub
from rules.tree import EventPattern, State, TimeRef
from rules.vocabulary import VOCABULARY

F, U, T = 0, 1, 2
HUB_ZONE, CUTOFF = "Europe/Helsinki", 9 * HOUR + 30 * MINUTE
OFFICE = Calendar((0, 1, 2, 3, 6), 7 * HOUR, 9 * HOUR + 15 * MINUTE, "FI")
DIRECTORY = Directory(hubs={"HEL1": Hub(HUB_ZONE, CUTOFF, "office")}, calendars={"office": OFFICE})
Batch = tuple[Instant, tuple[Event, ...]]
Noted = tuple[Instant, str, str]
Away = tuple[Instant, Instant]
"""When no worker was there: after the first instant, until the second."""


class Known:
    """What is known after a batch, and by it how things stood at earlier instants."""

    def __init__(self, delivery: Delivery, learnt: tuple[Event, ...] = (), at: Instant = -1) -> None:
        self.delivery, self.learnt, self.at = delivery, learnt, at
        self.times = [event.occurred_at for event in delivery.events]
        out = withdrawn(delivery.events)
        self.told = [event for event in delivery.events if event.event_id not in out]
        self._as_of: dict[int, Known] = {}

    def as_of(self, t: Instant) -> "Known":
        number = bisect_right(self.times, t)
        if number not in self._as_of:
            past = self if number == len(self.times) else Known(self.delivery.as_of(t))
            self._as_of[number] = past
        return self._as_of[number]

    def named(self, pattern: EventPattern) -> list[Event]:
        """Events of this name and with these qualifiers; a status counts where it is entered."""
        found, status = [], Status.CREATED
        for event in self.told:
            reported = event.reported_status
            entered = reported is not None and reported is not status and status not in FINAL
            status = reported if reported is not None and entered else status
            opened = f"opened {event.detail.get('rule')}" if event.kind is Kind.OPENED else None
            is_kind = (opened or event.kind.value) == pattern.name and (
                pattern.place is not None or event.place is None or event.kind.value == "scan"
            )
            if is_kind or (entered and status.value == pattern.name):
                found.append(event)
        return [event for event in found if _qualifies(pattern, event, self.delivery.order)]


def _qualifies(pattern: EventPattern, event: Event, order: Order) -> bool:
    place = order.hub if pattern.place == "hub" else pattern.place
    if pattern.place == "hub" and place is None:
        return False
    return (place is None or event.place == place) and (pattern.source is None or event.source == pattern.source)


def _b(truth: bool) -> int:
    return T if truth else F


def _since(moment: Instant, t: Instant) -> int:
    return _b(t >= moment)


def _passed(node: Any, known: Known, start: Instant, span: Span, t: Instant) -> int:
    """Whether a span has passed; business time second by second."""
    if node.counted is None:
        return _since(start + span, t)
    zone = known.delivery.order.destination.timezone
    worked = _WORKED.setdefault((zone, start), [0])
    while len(worked) <= (t - start) // SECOND:
        worked.append(worked[-1] + SECOND * is_working(zone, start + (len(worked) - 1) * SECOND))
    return F if t < start else _b(worked[(t - start) // SECOND] >= span)


_WORKED: dict[tuple[str, Instant], list[Span]] = {}


def is_working(zone: str, t: Instant) -> bool:
    today = _midnight(zone, t)
    is_off = today.weekday() not in OFFICE.days or (today.month, today.day) in ((12, 6), (12, 25), (1, 1))
    return not is_off and first_shown(zone, today, OFFICE.opens) <= t < first_shown(zone, today, OFFICE.closes)


def _midnight(zone: str, t: Instant) -> datetime:
    """The day that an instant belongs to; a midnight that clocks show twice counts the first time."""
    today = datetime.fromtimestamp(t // 1000, ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    tomorrow = today + timedelta(days=1)
    return tomorrow if t >= first_shown(zone, tomorrow, 0) else today


def fact(known: Known, name: str, t: Instant) -> Any:
    if name == "condition":
        return known.delivery.condition(t).value
    return VOCABULARY[name].read(known.delivery.order, known.delivery.facts)


def time(known: Known, ref: TimeRef, t: Instant) -> Instant | None:
    if ref.kind == "cutoff":
        return None if known.delivery.order.hub is None else first_shown(HUB_ZONE, _midnight(HUB_ZONE, t), CUTOFF)
    if ref.kind == "due":
        return known.delivery.facts.due.get(Status(ref.name))
    if ref.kind == "last":
        found = known.named(ref.event or EventPattern(ref.name))
        return found[-1].occurred_at if found else None
    value = fact(known, ref.name, 0)
    return None if value is None else int(value)


def _plain(node: Any, known: Known, t: Instant) -> int:
    value = fact(known, node.fact, t)
    if node.form == "known":
        return _b((value is not None) == node.known)
    if value is None or _in_two_currencies(node, known.delivery.order):
        return U
    if node.form == "is":
        hit = any(fnmatchcase(value, v) if isinstance(value, str) and isinstance(v, str) else value == v for v in node.values)
        return _b(hit != node.negated)
    if node.form == "includes":
        return _b((node.value in value) != node.negated)
    if node.form == "between":
        return _b(node.low <= value <= node.high)
    if node.form == "same":
        other = fact(known, node.other, t)
        return U if other is None else _b((value == other) != node.negated)
    table = {
        "over": value > node.number,
        "under": value < node.number,
        "at_least": value >= node.number,
        "at_most": value <= node.number,
    }
    return _b(table[node.op])


def _in_two_currencies(node: Any, order: Order) -> bool:
    amounts = {"cod": order.cod, "value": order.value}
    mine = amounts.get(node.fact)
    other = amounts.get(node.other) if node.form == "same" else None
    theirs = other.currency if other is not None else getattr(node, "currency", None)
    return mine is not None and theirs is not None and mine.currency != theirs


def _held(node: Any, known: Known, t: Instant) -> int:
    """True if it was so at every instant of the last D."""
    now = _plain(node, known, t)
    if now is not T or not node.held:
        return now
    start = t - node.held
    if start < known.delivery.known_at:
        return F
    turns = {event.occurred_at for event in known.told} | {known.delivery.order.promised.end}
    turns |= {event.detail["end"] for event in known.told if "end" in event.detail}
    return _b(all(_plain(node, known.as_of(x), x) is T for x in {start} | {x for x in turns if start < x <= t}))


def _has_no_hub(node: Any, known: Known) -> bool:
    named = [getattr(node, part, None) for part in ("event", "since", "first", "then", "second")]
    asks = [pattern.place for pattern in named if isinstance(pattern, EventPattern)]
    return "hub" in asks and known.delivery.order.hub is None


def _absent(node: Any, known: Known, t: Instant) -> int:
    if _has_no_hub(node, known):
        return U
    seen = [event.occurred_at for event in known.named(node.event)]
    if node.since is None:
        return _passed(node, known, seen[-1] if seen else known.delivery.known_at, node.span, t)
    starts = [event.occurred_at for event in known.named(node.since)]
    return _passed(node, known, max(starts[-1], *seen, 0), node.span, t) if starts else F


def _absent_before(node: Any, known: Known, t: Instant) -> int:
    edge = time(known, node.time, t)
    if edge is None or _has_no_hub(node, known):
        return U
    return _b(t >= edge and not any(event.occurred_at < edge for event in known.named(node.event)))


STAYS = {
    State.AT_SAME_STOP: ("arrived", ("departed",)),
    State.STOPPED: ("stopped", ("moving",)),
    State.MOVING: ("moving", ("stopped",)),
    State.SILENT: ("silent", ("moving", "stopped")),
    State.OFF_ROUTE: ("off_route", ("back_on_route",)),
}


def _staying(node: Any, known: Known, t: Instant) -> int:
    since = _hub_since(known) if node.state is State.AT_SAME_HUB else _state_since(node.state, known)
    return F if since is None else _passed(node, known, since, node.span, t)


def _state_since(state: State, known: Known) -> Instant | None:
    start, ends = STAYS[state]
    since: Instant | None = None
    for event in known.told:
        elsewhere = start == "arrived" and event.place is not None
        if event.kind.value == start and not elsewhere:
            since = event.occurred_at if since is None else since
        elif (event.kind.value in ends and not elsewhere) or (start == "arrived" and _leaves_stop(event)):
            since = None
    return since


def _hub_since(known: Known) -> Instant | None:
    """It is at a hub from the report that says so; another hub begins anew, another status or leaving ends it."""
    hub, status = known.delivery.order.hub, Status.CREATED
    place: str | None = None
    since: Instant | None = None
    for event in known.told:
        reported = event.reported_status
        enters = reported is not None and reported is not status and status not in FINAL
        status = reported if reported is not None and enters else status
        named = event.place or (hub if enters or event.kind.value == "scan" else None)
        is_there = reported is Status.AT_HUB is status and (enters or named is not None)
        if is_there or (event.kind.value == "arrived" and event.place is not None and event.place == hub):
            place, since = (place, since) if since is not None and place == named else (named, event.occurred_at)
        elif enters or (event.kind.value == "departed" and event.place is not None and event.place == place):
            since = None
    return since


def _leaves_stop(event: Event) -> bool:
    return event.status is Status.OUT_FOR_DELIVERY or event.status in FINAL


def _later(node: Any, known: Known, t: Instant) -> int:
    one, two = time(known, node.first, t), time(known, node.second, t)
    if one is None or two is None:
        return U
    if node.earlier:
        one, two = two, one
    return _b(one >= two + node.by if node.by else one > two)


def _around(node: Any, known: Known, t: Instant) -> int:
    moment = time(known, node.time, t)
    if moment is None:
        return U
    if node.side == "within_before":
        return _b(moment - node.span <= t < moment)
    return _since(moment - node.span if node.side == "before" else moment + node.span, t)


def _overdue(node: Any, known: Known, t: Instant) -> int:
    order = ["created", "assigned", "picked_up", "in_transit", "at_hub", "out_for_delivery", "arrived", "delivered"]
    wanted = order[order.index(node.milestone.value) :]
    if any(event.reported_status is not None and event.reported_status.value in wanted for event in known.told):
        return F
    due = known.delivery.facts.due.get(node.milestone)
    return U if due is None else _since(due + node.by, t)


def _wall(known: Known, t: Instant) -> datetime:
    return datetime.fromtimestamp(t // 1000, ZoneInfo(known.delivery.order.destination.timezone))


_EDGES: dict[tuple[str, int, Span], Instant] = {}


def first_shown(zone: str, day: datetime, clock: Span) -> Instant:
    """The first second at which clocks show a time of a day, or a later one of it: found by looking at every second."""
    key = (zone, day.toordinal(), clock)
    if key not in _EDGES:
        wanted = day.replace(tzinfo=None) + timedelta(milliseconds=clock)
        guess = int((wanted - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001
        local = ZoneInfo(zone)
        coarse = next(
            s
            for s in range(guess - 50_400, guess + 50_400, 900)
            if datetime.fromtimestamp(s, local).replace(tzinfo=None) >= wanted
        )
        fine = next(s for s in range(coarse - 900, coarse + 1) if datetime.fromtimestamp(s, local).replace(tzinfo=None) >= wanted)
        _EDGES[key] = fine * SECOND
    return _EDGES[key]


def _daytime(node: Any, known: Known, t: Instant) -> int:
    today = _wall(known, t).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    zone = known.delivery.order.destination.timezone
    longer = DAY if node.end < node.start else 0
    windows = (today + timedelta(days=days) for days in (-1, 0, 1))
    return _b(any(first_shown(zone, day, node.start) <= t < first_shown(zone, day, node.end + longer) for day in windows))


def _weekdays(node: Any, known: Known, t: Instant) -> int:
    return _b(_wall(known, t).weekday() in node.days)


def _count(node: Any, known: Known, t: Instant) -> int:
    if _has_no_hub(node, known):
        return U
    seen = [event for event in known.named(node.event) if event.occurred_at <= t]
    if node.span is not None:
        seen = [event for event in seen if _passed(node, known, event.occurred_at, node.span, t) is F]
    return _b(len(seen) >= node.at_least)


def _sequence(node: Any, known: Known, t: Instant) -> int:
    """By the last A: each later B is looked at, and whether the span had passed before it."""
    if _has_no_hub(node, known):
        return U
    firsts = known.named(node.first)
    if not firsts:
        return F
    thens = [event for event in known.named(node.then) if known.told.index(event) > known.told.index(firsts[-1])]
    if node.negated:
        return F if thens else _passed(node, known, firsts[-1].occurred_at, node.within, t)
    return _b(any(event.occurred_at <= firsts[-1].occurred_at + node.within for event in thens))


def _wrong_order(node: Any, known: Known, t: Instant) -> int:
    if _has_no_hub(node, known):
        return U
    first, second = known.named(node.first), known.named(node.second)
    return _b(bool(first and second) and known.told.index(first[0]) < known.told.index(second[0]))


def _skipped(node: Any, known: Known, t: Instant) -> int:
    order = ["created", "assigned", "picked_up", "in_transit", "at_hub", "out_for_delivery", "arrived", "delivered"]
    told = {"created", *(event.reported_status.value for event in known.told if event.reported_status is not None)}
    return _b(
        node.milestone.value not in told and any(status in told for status in order[order.index(node.milestone.value) + 1 :])
    )


def _in_calendar(node: Any, known: Known, t: Instant) -> int:
    return _b(is_working(known.delivery.order.destination.timezone, t) is not node.negated)


def _received(node: Any, known: Known, t: Instant, floor: Instant) -> int:
    ids = {event.event_id for event in known.learnt if event.occurred_at >= floor}
    return _b(t == known.at and any(event.event_id in ids for event in known.named(node.event)))


def _disrupted(node: Any, known: Known, t: Instant) -> int:
    """By the last answer about that very place and kind."""
    key = f"disruption|hub:{known.delivery.order.hub}|{node.kind or ''}|0"
    answers = [event.detail[key] for event in known.told if event.kind is Kind.FOUND and key in event.detail]
    if not answers or answers[-1]["truth"] is None:
        return U
    until = answers[-1].get("until")
    return _b(answers[-1]["truth"] and (until is None or t < until))


DEFINITIONS: Mapping[str, Callable[[Any, Known, Instant], int]] = {
    **dict.fromkeys(("is", "includes", "same", "compare", "between", "known"), _held),
    "absent": _absent,
    "absent_before": _absent_before,
    "staying": _staying,
    "later": _later,
    "around": _around,
    "overdue": _overdue,
    "daytime": _daytime,
    "weekdays": _weekdays,
    "count": _count,
    "sequence": _sequence,
    "wrong_order": _wrong_order,
    "skipped": _skipped,
    "in_calendar": _in_calendar,
    "disruption_open": _disrupted,
}


def truth(node: Any, known: Known, t: Instant, floor: Instant = 0) -> int:
    """0 false, 1 unknown, 2 true."""
    if node.form == "received":
        return _received(node, known, t, floor)
    if node.form not in ("all", "any", "none", "at_least"):
        return DEFINITIONS[node.form](node, known, t)
    found: list[int] = [truth(child, known, t, floor) for child in node.children]
    if node.form == "at_least":
        return sorted(found)[-int(node.n)]
    if node.form == "all":
        return min(found, default=T)
    return max(found, default=F) if node.form == "any" else 2 - max(found, default=F)


@dataclass
class Stepper:
    """One rule on one delivery."""

    rule: Rule
    phase: str = "idle"
    since: Instant = 0
    opened_at: Instant = 0
    ended_at: Instant | None = None
    armed: bool = True
    was_clear: bool = False
    held_back: bool = False
    is_ready: bool = False
    """Whether only what holds it back keeps it from opening."""
    grace: Span | None = None
    """How long a rule with `after_final` goes on after the end; None: for ever."""
    final_since: Instant | None = None

    @property
    def is_open(self) -> bool:
        return self.phase in ("open", "clearing")

    def gives_way(self, known: Known, t: Instant) -> Iterator[Noted]:
        self.phase, self.ended_at, self.armed, self.held_back = "idle", t, True, True
        yield t, "resolved", "superseded"
        yield from self._move(known, t)

    def step(self, known: Known, t: Instant, is_batch: bool, held_back: bool = False) -> Iterator[Noted]:
        """What happens at an instant; a rule that is held back opens nothing."""
        self.held_back, self.is_ready = held_back, False
        if is_batch:
            yield from self._think_again(known, t)
        if not known.delivery.facts.final:
            self.final_since = None
        elif self.final_since is None:
            self.final_since = t
        if self.final_since is not None and (not self.rule.after_final or t > self._ends_at):
            yield from self._end(t)
        else:
            yield from self._move(known, t)

    def last(self, t: Instant) -> Iterator[Noted]:
        """What comes after all else at an instant: if it is the last of its grace, what is open ends."""
        if self.final_since is not None and t == self._ends_at:
            yield from self._end(t)

    @property
    def _ends_at(self) -> Instant:
        return NEVER if self.grace is None or self.final_since is None else self.final_since + self.grace

    def _end(self, t: Instant) -> Iterator[Noted]:
        if self.phase in ("open", "clearing"):
            yield t, "resolved", "final"
            self.ended_at = t
        self.phase, self.armed = "idle", True

    def ended_unnoticed(self, known: Known, away: Away) -> Iterator[Noted]:
        """An episode that began while no worker was there and is clearing when it is back is over."""
        if self.phase == "clearing" and away[0] < self.opened_at < away[1]:
            self.phase, self.ended_at = "idle", away[1]
            yield away[1], "resolved", "cured"
            yield from self._move(known, away[1])

    def _think_again(self, known: Known, t: Instant) -> Iterator[Noted]:
        if has_received(self.rule.when):
            return
        if self.phase == "pending" and self._differed(known, T, t):
            self.phase = "idle"
        if self.phase in ("open", "clearing") and truth(self.rule.when, known.as_of(self.opened_at), self.opened_at) != T:
            self.phase, self.ended_at, self.armed = "idle", t, True
            yield t, "resolved", "retracted"
        if self.phase == "clearing" and self.rule.clears_when is None and self._differed(known, F, t):
            self.phase = "open"

    def _differed(self, known: Known, wanted: int, now: Instant) -> bool:
        return any(truth(self.rule.when, known.as_of(x), x) != wanted for x in range(self.since, now, SECOND))

    def _move(self, known: Known, t: Instant) -> Iterator[Noted]:
        rule, when = self.rule, truth(self.rule.when, known, t)
        self.armed = self.armed or when == F
        if self.phase == "idle" and self.armed and when == T:
            self.phase, self.since = "pending", t
        if self.phase == "pending":
            yield from self._maybe_open(known, t, when)
        elif self.phase == "open":
            self._maybe_clear(known, t, when)
        if self.phase == "clearing":
            yield from self._maybe_end(known, t, when)
        if self.phase in ("open", "clearing") and rule.clears_when is not None:
            self.was_clear = truth(rule.clears_when, known, t, self.opened_at) == T

    def _maybe_open(self, known: Known, t: Instant, when: int) -> Iterator[Noted]:
        if when != T:
            self.phase = "idle"
            return
        allowed = self.rule.only_when is None or truth(self.rule.only_when, known, t) == T
        self.is_ready = self.has_waited(t) and allowed
        if self.is_ready and not self.held_back:
            self.phase, self.opened_at = "open", t
            yield t, "opened", ""

    def has_waited(self, t: Instant) -> bool:
        """Whether its hold and cooldown are over."""
        return t >= self.since + self.rule.hold and (self.ended_at is None or t >= self.ended_at + self.rule.cooldown)

    def _maybe_clear(self, known: Known, t: Instant, when: int) -> None:
        if self.rule.clears_when is not None:
            rises = truth(self.rule.clears_when, known, t, self.opened_at) == T and not self.was_clear
            if rises:
                self.phase, self.since, self.armed = "clearing", t, when == F
        elif when == F and not has_received(self.rule.when):
            self.phase, self.since = "clearing", t

    def _maybe_end(self, known: Known, t: Instant, when: int) -> Iterator[Noted]:
        anew = (when == T and self.armed) if self.rule.clears_when is not None else when != F
        if anew:
            self.phase = "open"
        elif t >= self.since + self.rule.stay_clear:
            self.phase, self.ended_at = "idle", t
            yield t, "resolved", "cured"


def has_received(node: Any) -> bool:
    return node.form == "received" or any(has_received(child) for child in getattr(node, "children", ()))


def reads_received(rule: Rule) -> bool:
    return any(node is not None and has_received(node) for node in (rule.when, rule.only_when, rule.clears_when))


def stepped(rule: Rule, delivery: Delivery, batches: list[Batch], end: Instant, away: Away | None = None) -> list[Noted]:
    """All that happens from when the order is known until `end`, second by second.

    What is received is no longer true a millisecond later, so a rule that reads it is looked at then as well. Batches that
    came while no worker was there come in one, when it is back.
    """
    due = dict(batches)
    known, stepper = Known(delivery), Stepper(rule)
    noted: list[Noted] = []
    seconds = range(delivery.known_at, end + 1, SECOND)
    for t in sorted({*seconds, *(t + 1 for t in (seconds if reads_received(rule) else due))}):
        if t in due:
            learnt = tuple(event for event in due[t] if not known.delivery.has_seen(event.event_id))
            told = known.delivery
            for event in learnt:
                told = told.after(event)
            known = Known(told, learnt, t)
        noted += stepper.step(known, t, t in due)
        if away is not None and t == away[1]:
            noted += stepper.ended_unnoticed(known, away)
    return noted if away is None else as_noticed(noted, away)


def as_noticed(noted: list[Noted], away: Away) -> list[Noted]:
    """What opened and ended while no worker was there was missed; what late news took back never was."""
    left, back = away
    kept: list[Noted] = []
    for at, what, how in noted:
        opened_away = bool(kept) and kept[-1][1] == "opened" and left < kept[-1][0]
        if what == "resolved" and at <= back and opened_away:
            opened_at = kept.pop()[0]
            kept += [] if how == "retracted" else [(opened_at, "missed", "")]
        else:
            kept.append((at, what, how))
    return kept


def stepped_together(rules: Sequence[Rule], delivery: Delivery, batches: list[Batch], end: Instant) -> list[tuple[str, Noted]]:
    """The same for the rules of one decision, the highest first: one of them is open at most."""
    due, known, noted = dict(batches), Known(delivery), list[tuple[str, Noted]]()
    steppers = [Stepper(rule) for rule in rules]
    seconds = range(delivery.known_at, end + 1, SECOND)
    for t in sorted({*seconds, *(t + 1 for t in (seconds if any(map(reads_received, rules)) else due))}):
        if t in due:
            learnt = tuple(event for event in due[t] if not known.delivery.has_seen(event.event_id))
            told = known.delivery
            for event in learnt:
                told = told.after(event)
            known = Known(told, learnt, t)
        for stepper in steppers:
            noted += [(stepper.rule.id, note) for note in stepper.step(known, t, t in due, _is_held_back(stepper, steppers))]
        noted += _contended(steppers, known, t)
    return noted


def _is_held_back(stepper: Stepper, steppers: list[Stepper]) -> bool:
    rivals = [other for other in steppers if other is not stepper and other.rule.priority >= stepper.rule.priority]
    return any(rival.is_open for rival in rivals)


def _contended(steppers: list[Stepper], known: Known, t: Instant) -> Iterator[tuple[str, Noted]]:
    for stepper in steppers * len(steppers):
        higher = [other for other in steppers if other.rule.priority > stepper.rule.priority]
        if stepper.is_open and any(other.is_open for other in higher):
            yield from ((stepper.rule.id, note) for note in stepper.gives_way(known, t))
        elif stepper.phase == "pending":
            yield from ((stepper.rule.id, note) for note in stepper.step(known, t, False, _is_held_back(stepper, steppers)))


def stepped_in_turn(rules: Sequence[Rule], delivery: Delivery, batches: list[Batch], end: Instant) -> list[tuple[str, Noted]]:
    """The same for rules that speak of one another's opening: each is learnt in its instant, one after the other, and all
    are looked at once more."""
    due, known, noted = dict(batches), Known(delivery), list[tuple[str, Noted]]()
    steppers = [Stepper(rule) for rule in rules]
    seconds = range(delivery.known_at, end + 1, SECOND)
    for t in sorted({*seconds, *(t + 1 for t in (seconds if any(map(reads_received, rules)) else due))}):
        known = _with(known, tuple(event for event in due.get(t, ()) if not known.delivery.has_seen(event.event_id)), t)
        told = [(stepper.rule.id, note) for stepper in steppers for note in stepper.step(known, t, t in due)]
        noted += told
        waiting = [(rule, note) for rule, note in told if note[1] == "opened" or note[2] == "retracted"]
        for _ in range(4 * len(rules)):
            if not waiting:
                break
            known = _with(known, (_opening(*waiting.pop(0), known, t),), t)
            told = [(stepper.rule.id, note) for stepper in steppers for note in stepper.step(known, t, True)]
            noted += told
            for rule, note in told:
                if note[2] == "retracted" and (rule, (t, "opened", "")) in waiting:
                    waiting.remove((rule, (t, "opened", "")))
                elif note[1] == "opened" or note[2] == "retracted":
                    waiting.append((rule, note))
    return noted


def _with(known: Known, learnt: tuple[Event, ...], t: Instant) -> Known:
    told = known.delivery
    for event in learnt:
        told = told.after(event)
    before = known.learnt if known.at == t else ()
    return Known(told, (*before, *learnt), t) if learnt else known


def _opening(rule: str, note: Noted, known: Known, t: Instant) -> Event:
    """An opening; or, if late news took it back, the correction of the last one."""
    before = [event for event in known.delivery.events if event.kind is Kind.OPENED and event.detail["rule"] == rule]
    if note[1] == "opened":
        return Event(f"opened:{rule}:{len(before)}", Kind.OPENED, t, t, "doorstep", detail={"rule": rule})
    wrong = {"event_id": before[-1].event_id, "reason": "did_not_occur"}
    return Event(f"taken-back:{before[-1].event_id}", Kind.CORRECTION, t, t, "doorstep", detail=wrong)
