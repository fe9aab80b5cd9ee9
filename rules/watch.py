"""One delivery under watch of a rulebook: what is known, where each rule stands, which incidents there are, what is to be done.

The workflow and the simulator of `rules test` both drive this one state machine: they hand in events, outcomes and what
people decide, and get back the deeds to start and the instant at which to look again. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.actions import ActionRequest, ActionResult, Outcome
from domain.delivery import Delivery
from domain.event import Event
from domain.incident import Act, Incident, Mode, Resolution, Severity, effect_key, incident_id
from domain.instant import NEVER, Instant
from domain.message import template_context
from domain.order import Order
from rules.book import Rule, Step
from rules.compile import CompiledBook
from rules.evaluate import Change, ChangeKind, Wake, release
from rules.ladder import ready_on_ladder
from rules.machine import DUE_NOW, Cell
from rules.openings import evaluated
from rules.plan import is_of_open, ready_steps
from rules.timed import aged, is_timed, with_due

KEPT_INCIDENTS = 50
"""Resolved incidents that stay in the state; older ones are in the store."""

TICKET_PATH = "ticket"
SOLVE_TICKET = "solve_ticket"
OPEN_TICKET = "open_ticket"


@dataclass(frozen=True, slots=True)
class Missed:
    """What opened and cleared while nobody looked; it is recorded and does nothing."""

    rule: str
    at: Instant


@dataclass(frozen=True, slots=True)
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

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        """Live ones: what people are told of."""
        return tuple(incident for incident in self.incidents if incident.is_open and is_counted(incident))

    def incident(self, wanted: str) -> Incident | None:
        return next((incident for incident in self.incidents if incident.incident_id == wanted), None)


@dataclass(frozen=True, slots=True)
class Deed:
    """One action to be started now."""

    path: str
    request: ActionRequest
    action: str

    @property
    def is_of_open(self) -> bool:
        """Whether it is asked for because an incident is open, not because it has ended."""
        return is_of_open(self.path)

    @property
    def name(self) -> str:
        """How tests and people call it: `reroute`, `notify.customer`."""
        who = self.request.args.get("who")
        return f"{self.action}.{who}" if who else self.action


@dataclass(frozen=True, slots=True)
class Look:
    """The outcome of one look: the new state, what to start, what changed, when to look again, how many events were new."""

    watch: Watch
    deeds: tuple[Deed, ...] = ()
    changes: tuple[Change, ...] = ()
    wake: Wake | None = None
    learnt: int = 0


def is_counted(incident: Incident) -> bool:
    """A shadow's incident and a mere notice are recorded, but are nobody's open incident."""
    return incident.mode is Mode.LIVE and incident.severity is not Severity.INFO


def look(watch: Watch, book: CompiledBook, events: Iterable[Event], now: Instant, edition: int = 1) -> Look:
    """Folds the events of one batch, evaluates once, opens and resolves, and says which deeds are due."""
    before = watch.delivery
    learnt: list[Event] = []
    after = before
    for event in events:
        told = after.after(event)
        if told is not after:
            learnt.append(event)
            after = told
    after, verdict = evaluated(book, before, after, watch.cells, tuple(learnt), watch.looked_at, now, edition)
    watch = replace(watch, delivery=after, cells=verdict.cells, looked_at=now)
    for change in verdict.changes:
        watch = _changed(watch, book, change)
    watch, deeds = _start_ready(watch, book, now)
    return Look(watch, deeds, verdict.changes, _earliest(verdict.wake, watch, now), len(learnt))


def with_outcome(watch: Watch, deed: Deed, result: ActionResult, now: Instant) -> Watch:
    """Keeps what came of a deed. Its events belong into the next look."""
    incident = watch.incident(deed.request.incident_id)
    if incident is None:
        return watch
    act = Act(deed.name, deed.request.asked_at, result.outcome, now, result.note or None)
    return _with_incident(watch, incident.with_act(deed.path, act))


def amended(watch: Watch, order: Order) -> Watch:
    """The order changed: every rule is looked at again."""
    cells = {rule: replace(cell, look_at=DUE_NOW) for rule, cell in watch.cells.items()}
    return replace(watch, delivery=replace(watch.delivery, order=order), cells=cells)


def acknowledged(watch: Watch, incident: Incident, by: str, now: Instant) -> Watch:
    """Somebody has seen it."""
    return _with_incident(watch, incident.acknowledged(by, now))


def settled_by_hand(watch: Watch, incident: Incident, how: Resolution, note: str, now: Instant) -> Watch:
    """A person resolved it; the rule arms again only once its condition was false."""
    cells = release(watch.cells, incident.rule, now)
    return _with_incident(replace(watch, cells=cells), incident.resolved(how, now, note or None))


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
        book=watch.book,
        stages=change.stages,
    )
    seen = watch.incidents_seen + is_counted(incident)
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
    seen = watch.incidents_seen + (is_counted(raised) and not is_counted(incident))
    return replace(_with_incident(watch, raised), incidents_seen=seen)


def _bounded(incidents: tuple[Incident, ...]) -> tuple[Incident, ...]:
    closed = [incident.incident_id for incident in incidents if not incident.is_open]
    too_many = closed[: max(0, len(closed) - KEPT_INCIDENTS)]
    return tuple(incident for incident in incidents if incident.incident_id not in too_many)


def _resolved(watch: Watch, change: Change, how: Resolution) -> Watch:
    for incident in watch.incidents:
        if incident.rule == change.rule and incident.is_open:
            return _with_incident(watch, incident.resolved(how, change.at))
    return watch


def _with_incident(watch: Watch, changed: Incident) -> Watch:
    incidents = tuple(changed if kept.incident_id == changed.incident_id else kept for kept in watch.incidents)
    return replace(watch, incidents=incidents)


def _start_ready(watch: Watch, book: CompiledBook, now: Instant) -> tuple[Watch, tuple[Deed, ...]]:
    deeds: list[Deed] = []
    incidents: list[Incident] = []
    for incident in watch.incidents:
        shadow = incident.mode is not Mode.LIVE
        rule = book.rule(incident.rule)
        timed = rule is not None and is_timed(rule, incident)
        if rule is not None and timed:
            incident = aged(incident, rule, watch.cells.get(rule.id), now)
        # What a shadow would do has ended as soon as it is noted, so that more may be ready at once.
        while ready := _ready(incident, rule):
            for path, step in ready:
                deed = _deed(watch, incident, path, step, now)
                act = Act(deed.name, now, Outcome.WOULD if shadow else Outcome.STARTED, now)
                incident = incident.with_act(path, act)
                deeds.extend([] if shadow else [deed])
        incidents.append(_with_due(incident, watch, book) if timed else incident)
    return replace(watch, incidents=tuple(incidents)), tuple(deeds)


def _ready(incident: Incident, rule: Rule | None) -> tuple[tuple[str, Step], ...]:
    if rule is None:
        return ()
    if incident.is_open:
        staged = (ready_steps(rule.stages[n].do, incident.acts, f"stage.{n}.do").steps for n in incident.stages)
        climbing = ready_on_ladder(rule.escalate, incident) if rule.escalate else ()
        return (*ready_steps(rule.do, incident.acts, "do").steps, *(step for steps in staged for step in steps), *climbing)
    how = incident.resolution.value if incident.resolution else ""
    after = ready_steps(rule.on_resolve.get(how, ()), incident.acts, f"on_resolve.{how}").steps
    return _ticket_to_solve(incident) + after


def _with_due(incident: Incident, watch: Watch, book: CompiledBook) -> Incident:
    rule = next((rule for rule in book.rules if rule.id == incident.rule), None)
    return with_due(incident, rule, watch.cells.get(incident.rule), book, watch.delivery)


def _ticket_to_solve(incident: Incident) -> tuple[tuple[str, Step], ...]:
    """A ticket is solved with its incident, once it is known to be open."""
    has_ticket = any(act.action == OPEN_TICKET and act.outcome is Outcome.DONE for act in incident.acts.values())
    if not has_ticket or TICKET_PATH in incident.acts:
        return ()
    return ((TICKET_PATH, Step(SOLVE_TICKET, {"note": f"incident {incident.resolution}"})),)


def _deed(watch: Watch, incident: Incident, path: str, step: Step, now: Instant) -> Deed:
    order, facts = watch.delivery.order, watch.delivery.facts
    key = effect_key(order.delivery_id, watch.generation, incident, path)
    request = ActionRequest(
        key=key,
        incident_id=incident.incident_id,
        rule=incident.rule,
        says=incident.says,
        severity=incident.severity.value,
        delivery_id=order.delivery_id,
        generation=watch.generation,
        args=dict(step.args),
        customer=order.customer,
        destination=order.destination,
        carrier=facts.carrier,
        asked_at=now,
        driver_id=facts.driver_id,
        route_id=facts.route_id,
        context=template_context(watch.delivery, incident, now),
    )
    return Deed(path, request, step.action)


def _rule(book: CompiledBook, rule_id: str) -> Rule:
    rule = book.rule(rule_id)
    if rule is None:
        raise LookupError(f"the rulebook has no rule {rule_id!r}")
    return rule


def _earliest(wake: Wake | None, watch: Watch, now: Instant) -> Wake | None:
    """The rules' next instant, that of an incident, or that at which the delivery itself becomes late."""
    for incident in watch.incidents:
        if incident.due_at is not None and (wake is None or incident.due_at < wake.at):
            wake = Wake(incident.due_at, f"{incident.rule}: {incident.due_for}")
    late_at = watch.delivery.condition_changes_at(now)
    if late_at == NEVER or (wake is not None and wake.at <= late_at):
        return wake
    return Wake(late_at, "the promised window ends")
