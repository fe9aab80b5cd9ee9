"""One delivery under watch of a rulebook: what is known, where each rule stands, which incidents there are, what is to be done.

The workflow and the simulator of `rules test` both drive this one state machine: they hand in events, outcomes and what
people decide, and get back the deeds to start and the instant at which to look again. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.delivery import Delivery
from domain.event import Event
from domain.guards import Answer, Question, found_event, is_member
from domain.incident import Incident, Mode, Resolution, Severity, incident_id
from domain.instant import Instant
from domain.quick import quick_dataclass
from rules.adoption import Standing, Versions, handed_over, in_force, only_one
from rules.asking import due_at, questions
from rules.batch import told
from rules.book import Rule
from rules.compile import CompiledBook
from rules.decisions import Decision, Decisions, Remark, with_one
from rules.deeds import Deed
from rules.evaluate import Change, ChangeKind, Verdict, Wake
from rules.grace import are_to_end, brought_to_end, final_since, last_openings
from rules.limits import Effects
from rules.machine import Cell
from rules.muting import Mutes, in_effect
from rules.openings import OURSELVES, evaluated
from rules.plans import Plans
from rules.reaching import passed_on
from rules.starting import Around, Begun
from rules.waking import earliest

KEPT_INCIDENTS = 50
"""Resolved incidents that stay in the state; older ones are in the store."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What opened and cleared while nobody looked; it is recorded and does nothing."""

    rule: str
    at: Instant


@quick_dataclass(frozen=True, slots=True)
class Watch:
    """Everything that has to be remembered about a delivery under watch."""

    delivery: Delivery
    generation: int
    book: str
    looked_at: Instant
    cells: Mapping[str, Cell] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    incidents_seen: int = 0
    missed: tuple[Missed, ...] = ()
    effects: Effects = field(default_factory=dict)
    final_since: Instant | None = None
    kept: Mapping[str, str] = field(default_factory=dict)
    """Rules that are not of the delivery's book, but of another version: see rules.adoption."""
    remarks: tuple[Remark, ...] = ()
    muted: Mutes = field(default_factory=dict)
    decisions: Decisions = ()

    @property
    def has_put_off(self) -> bool:
        """Whether something waits for the end of quiet hours or for an answer, or a group has still to be left."""
        waits = any(incident.waiting or incident.asking for incident in self.incidents if incident.due_at is not None)
        return waits or is_member(self.delivery.facts.guards)

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        """What people are told of."""
        return tuple(incident for incident in self.incidents if incident.is_open and is_told(incident))

    def remarked(self, at: Instant, what: str, by: str | None = None) -> "Watch":
        return replace(self, remarks=(*self.remarks, Remark(at, what, by))[-KEPT_INCIDENTS:])

    def decided(self, decision: Decision) -> "Watch":
        return replace(self, decisions=with_one(self.decisions, decision))

    def seen(self, delivery: Delivery, cells: Mapping[str, Cell], at: Instant, final_since: Instant | None) -> "Watch":
        """The watch after a look. Each field is named, since every look comes by here."""
        return Watch(
            delivery,
            self.generation,
            self.book,
            at,
            cells,
            self.incidents,
            self.incidents_seen,
            self.missed,
            self.effects,
            final_since,
            self.kept,
            self.remarks,
            self.muted,
            self.decisions,
        )

    def with_incident(self, changed: Incident) -> "Watch":
        incidents = tuple(changed if kept.incident_id == changed.incident_id else kept for kept in self.incidents)
        return replace(self, incidents=incidents)

    def incident(self, wanted: str) -> Incident | None:
        return next((incident for incident in self.incidents if incident.incident_id == wanted), None)


@quick_dataclass(frozen=True, slots=True)
class Look:
    """The outcome of one look: the new state, what to start, what changed, when to look again, how many events were new.

    `asks`: what has to be looked up outside first; then nothing else is said, and the state is the old one.
    """

    watch: Watch
    deeds: tuple[Deed, ...] = ()
    changes: tuple[Change, ...] = ()
    wake: Wake | None = None
    learnt: int = 0
    asks: tuple[Question, ...] = ()


def is_told(incident: Incident) -> bool:
    """What people are to know of: incidents of live rules, and those about which somebody is asked."""
    return incident.mode in (Mode.LIVE, Mode.PROPOSE) and incident.severity is not Severity.INFO


def is_counted(incident: Incident) -> bool:
    """A shadow's incident and a mere notice are recorded, but are nobody's open incident."""
    return incident.mode is Mode.LIVE and incident.severity is not Severity.INFO


def look(
    watch: Watch,
    book: CompiledBook,
    events: Iterable[Event],
    now: Instant,
    edition: int = 1,
    versions: Versions = only_one,
    answers: tuple[Answer, ...] | None = (),
) -> Look:
    """Folds the events of one batch, evaluates once, opens and resolves, and says which deeds are due. `book` is that of the watch;
    `versions` has earlier ones, of which rules may still be in force.

    With `asks` nothing has happened yet: look again, at the same instant, with the same events and the answers so far. Where
    `answers` is None nothing is asked, and what was known last is taken to be so still.
    """
    before, seen_at = watch, watch.looked_at
    force = in_force(book, watch.kept, versions)
    found, due = tuple[Event, ...](), now
    if answers:
        due, facts = due_at(watch.cells, seen_at, now), watch.delivery.facts
        found = found_event(facts.guards, facts.guards_until, answers, due, now, OURSELVES)
    if due < now:
        watch = _knowing(watch, force, found, due, edition)
        after, learnt = told(watch.delivery, events)
    else:
        after, learnt = told(watch.delivery, (*found, *events))
        learnt = tuple(event for event in learnt if event not in found) if found else learnt
    watch, verdict = _evaluated(watch, force, after, (*found, *learnt), now, edition)
    changes = verdict.changes
    while (handed := _handed_over(watch, force, book)) is not watch:
        force = in_force(book, handed.kept, versions)
        watch, verdict = _evaluated(handed, force, watch.delivery, (), now, edition)
        changes += verdict.changes
    if answers is not None and (force.guarded or watch.delivery.facts.guards):
        whole = verdict if changes is verdict.changes else replace(verdict, changes=changes)
        asks = questions(force, watch.delivery, (*found, *learnt), whole, seen_at, now, _escalating(watch, seen_at, now))
        if unanswered := asks - {answer.question for answer in answers}:
            return Look(before, asks=tuple(sorted(unanswered, key=lambda question: question.key)))
    plans = Plans(watch.book, watch.kept, force, versions, seen_at)
    watch, deeds = _start_ready(watch, plans, now)
    ends = last_openings(force, watch.delivery, watch.final_since)
    if ends and are_to_end(watch.cells, ends, now):  # all that is due by then has begun
        watch, verdict = _evaluated(watch, force, watch.delivery, (), now, edition, at_end=True)
        watch, more = _start_ready(watch, plans, now)
        changes, deeds = changes + verdict.changes, deeds + more
    return Look(watch, deeds, changes, earliest(verdict.wake, watch.incidents, watch.delivery, ends, now), len(learnt))


def _knowing(watch: Watch, book: CompiledBook, found: tuple[Event, ...], due: Instant, edition: int) -> Watch:
    """The watch as it would have been if a timer that is a little late had rung on time: answers are known from then on."""
    if due - 1 > watch.looked_at:
        watch, _ = _evaluated(watch, book, watch.delivery, (), due - 1, edition)
    return replace(watch, delivery=told(watch.delivery, found)[0])


def _evaluated(
    watch: Watch,
    book: CompiledBook,
    after: Delivery,
    learnt: tuple[Event, ...],
    now: Instant,
    edition: int,
    at_end: bool = False,
) -> tuple[Watch, Verdict]:
    since, cells = final_since(watch.final_since, after, now), watch.cells
    ends = last_openings(book, after, since)
    if at_end:
        cells, ends = brought_to_end(cells, ends, now)
    before = watch.delivery.facts.talk
    after, verdict = evaluated(book, watch.delivery, after, cells, learnt, watch.looked_at, now, edition, ends)
    watch = watch.seen(after, verdict.cells, now, since)
    for change in verdict.changes:
        watch = _changed(watch, book, change)
    if after.facts.talk is not before:
        incidents, effects = passed_on(watch.incidents, after, watch.generation, watch.effects, now)
        watch = replace(watch, incidents=incidents, effects=effects)
    return watch, verdict


def _handed_over(watch: Watch, force: CompiledBook, book: CompiledBook) -> Watch:
    """The same, unless an episode under an earlier book has ended: its rule then is the present book's."""
    if not watch.kept:
        return watch
    standing = handed_over(Standing(watch.cells, watch.kept), force, book, watch.delivery)
    return watch if standing.kept == watch.kept else replace(watch, cells=standing.cells, kept=standing.kept)


def _changed(watch: Watch, book: CompiledBook, change: Change) -> Watch:
    if change.kind is ChangeKind.OPENED:
        return _opened(watch, book, change)
    if change.kind is ChangeKind.MISSED:
        return replace(watch, missed=(*watch.missed, Missed(change.rule, change.at))[-KEPT_INCIDENTS:])
    if change.kind is ChangeKind.REACHED:
        return _reached(watch, _rule(book, change.rule), change)
    if change.kind is ChangeKind.RESOLVED and change.resolution is not None:
        return _resolved(watch, change, change.resolution)
    return watch


def _opened(watch: Watch, book: CompiledBook, change: Change) -> Watch:
    rule = _rule(book, change.rule)
    incident = Incident(
        incident_id=incident_id(watch.delivery.order.delivery_id, watch.generation, rule.id, change.episode),
        rule=rule.id,
        episode=change.episode,
        severity=_severity(rule, rule.severity, change.stages),
        mode=rule.mode,
        opened_at=change.at,
        says=rule.says,
        book=watch.kept.get(rule.id, watch.book),
        stages=change.stages,
    )
    seen = watch.incidents_seen + is_told(incident)
    return replace(watch, incidents=_bounded((*watch.incidents, incident)), incidents_seen=seen)


def _severity(rule: Rule, before: Severity, stages: tuple[int, ...]) -> Severity:
    """The highest reached; a rule that opens in some stages counts these alone."""
    return max((rule.stages[number].severity for number in stages), key=list(Severity).index, default=before)


def _reached(watch: Watch, rule: Rule, change: Change) -> Watch:
    incident = next((one for one in watch.incidents if one.rule == rule.id and one.is_open), None)
    if incident is None:
        return watch
    severity = _severity(rule, incident.severity, (*incident.stages, *change.stages))
    raised = replace(incident, severity=severity, stages=(*incident.stages, *change.stages))
    seen = watch.incidents_seen + (is_told(raised) and not is_told(incident))
    return replace(watch.with_incident(raised), incidents_seen=seen)


def _bounded(incidents: tuple[Incident, ...]) -> tuple[Incident, ...]:
    closed = [one.incident_id for one in incidents if not (one.is_open or one.waiting or one.asking)]
    too_many = closed[: max(0, len(closed) - KEPT_INCIDENTS)]
    return tuple(incident for incident in incidents if incident.incident_id not in too_many)


def _resolved(watch: Watch, change: Change, how: Resolution) -> Watch:
    for incident in watch.incidents:
        if incident.rule == change.rule and incident.is_open:
            return watch.with_incident(incident.resolved(how, change.at))
    return watch


def _escalating(watch: Watch, last: Instant, now: Instant) -> frozenset[str]:
    """The rules with an open incident of which something has come due since the last look."""
    open_ones = (one for one in watch.incidents if one.is_open and one.due_at is not None)
    return frozenset(one.rule for one in open_ones if one.due_at is not None and last < one.due_at <= now)


def _start_ready(watch: Watch, plans: Plans, now: Instant) -> tuple[Watch, tuple[Deed, ...]]:
    if not watch.incidents:
        return watch, ()
    mutes = in_effect(watch.muted, now) if watch.muted else watch.muted
    begun = Begun(Around(watch.delivery, watch.generation, watch.cells, plans, mutes, now), watch.effects)
    incidents = tuple([begun.with_ready(incident) for incident in watch.incidents])
    return replace(watch, incidents=incidents, effects=begun.effects, muted=mutes), tuple(begun.deeds)


def _rule(book: CompiledBook, rule_id: str) -> Rule:
    rule = book.rule(rule_id)
    if rule is None:
        raise LookupError(f"the rulebook has no rule {rule_id!r}")
    return rule
