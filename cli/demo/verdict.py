"""Whether the day went as it has to: every fault noticed in time, nothing else noticed, every effect once. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cli.demo.evidence import Evidence
from cli.demo.faults import FAULTS
from cli.demo.scenario import Life, Scenario
from cli.demo.tally import Tally, tallies
from domain.instant import SECOND, Instant, Span, instant, iso

IN_TIME: Span = SECOND
"""A fault has to be noticed within this time of its deadline."""


MISSED = "missed"
"""Came and went while nobody could look, as when the worker was down: it is on record, and nothing was done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One injected fault: when it was due, when and by which rule it was noticed, what was done."""

    delivery_id: str
    fault: str
    due_at: Instant
    noticed_at: Instant | None
    rule: str
    actions: tuple[str, ...]
    resolution: str | None

    @property
    def delay(self) -> Span | None:
        return None if self.noticed_at is None else self.noticed_at - self.due_at

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "delivery_id": self.delivery_id,
            "fault": self.fault,
            "due_at": iso(self.due_at),
            "noticed_at": iso(self.noticed_at),
            "rule": self.rule,
            "delay_seconds": None if self.delay is None else self.delay / SECOND,
            "actions": list(self.actions),
            "resolution": self.resolution,
        }


@dataclass(frozen=True, slots=True)
class Oddity:
    """A healthy delivery with duplicates or late scans: how many reports were sent, and how many events it counted."""

    delivery_id: str
    oddity: str
    sent: int
    distinct: int
    counted: int
    status: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of the day. `problems` says in words what did not hold; empty is good."""

    factor: int
    findings: tuple[Finding, ...]
    false_incidents: tuple[Mapping[str, Any], ...]
    oddities: tuple[Oddity, ...]
    deliveries: int
    effects: Mapping[str, Tally]
    problems: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        """As JSON, see CONTRACT: Command line."""
        return {
            "faults": [finding.shown() for finding in self.findings],
            "false_incidents": [dict(incident) for incident in self.false_incidents],
            "oddities": [asdict(oddity) for oddity in self.oddities],
            "deliveries": self.deliveries,
            "effects": {action: asdict(tally) for action, tally in self.effects.items()},
            "factor": self.factor,
            "problems": list(self.problems),
        }


def verdict_of(scenario: Scenario, due: Mapping[str, Instant], evidence: Evidence, in_time: Span = IN_TIME) -> Verdict:
    """`due` is when each faulty delivery's fault is due to be noticed."""
    findings = tuple(_finding(life, due[life.delivery_id], evidence) for life in scenario.lives if life.fault)
    effects = tallies(evidence)
    false = tuple(_false_incidents(scenario, evidence))
    oddities = tuple(_oddity(life, evidence) for life in scenario.lives if life.oddity)
    problems = (
        *_not_in_time(findings, in_time),
        *(f"{incident['delivery_id']} is healthy, and {incident['rule']} opened on it" for incident in false),
        *_changed_by_oddities(oddities),
        *_ended_wrongly(scenario, evidence),
        *_not_done_once(effects),
        *(f"{delivery_id}: nobody took the report {event_id}" for delivery_id, event_id in evidence.played.refused),
    )
    return Verdict(scenario.day.factor, findings, false, oddities, len(scenario.lives), effects, tuple(problems))


def _finding(life: Life, due: Instant, evidence: Evidence) -> Finding:
    rule = FAULTS[life.fault or ""].rule
    snapshot = evidence.snapshots[life.delivery_id]
    incident = next((incident for incident in snapshot["incidents"] if incident["rule"] == rule), None)
    if incident is None:
        missed = any(missed["rule"] == rule for missed in snapshot["missed"])
        return Finding(life.delivery_id, life.fault or "", due, None, rule, (), MISSED if missed else None)
    acts = [act for act in snapshot["actions"] if act["incident_id"] == incident["incident_id"]]
    # The instant of the workflow task that opened it: `opened_at` is when it became true, however late it was learnt.
    noticed = min((_instant(act["asked_at"]) for act in acts), default=_instant(incident["opened_at"]))
    done = tuple(f"{act['action']}: {act['outcome']}" for act in acts)
    return Finding(life.delivery_id, life.fault or "", due, noticed, rule, done, incident["resolution"])


def _instant(text: str) -> Instant:
    return instant(datetime.fromisoformat(text))


def _false_incidents(scenario: Scenario, evidence: Evidence) -> Iterator[Mapping[str, Any]]:
    for life in scenario.lives:
        for incident in evidence.snapshots[life.delivery_id]["incidents"] if life.fault is None else ():
            known = {key: incident[key] for key in ("incident_id", "rule", "opened_at", "resolution")}
            yield {"delivery_id": life.delivery_id, **known}


def _oddity(life: Life, evidence: Evidence) -> Oddity:
    snapshot = evidence.snapshots[life.delivery_id]
    sent, distinct = len(life.reports), life.distinct_events
    return Oddity(life.delivery_id, life.oddity or "", sent, distinct, snapshot["events_seen"], snapshot["status"])


def _not_in_time(findings: tuple[Finding, ...], in_time: Span) -> Iterator[str]:
    for finding in findings:
        if finding.resolution == MISSED:
            yield f"{finding.delivery_id}: {finding.rule} opened and was over again while nobody looked"
        elif finding.delay is None:
            yield f"{finding.delivery_id}: {finding.rule} never noticed the fault {finding.fault}"
        elif not 0 <= finding.delay <= in_time:
            said = f"{abs(finding.delay) / SECOND:.3f} s {'after' if finding.delay > 0 else 'before'} its deadline"
            yield f"{finding.delivery_id}: {finding.rule} opened {said}; allowed are 0 to {in_time / SECOND:.0f} s"
        else:
            unended = [act for act in finding.actions if act.endswith(": started")]
            yield from (f"{finding.delivery_id}: {finding.rule}: {act} and never ended" for act in unended)


def _changed_by_oddities(oddities: tuple[Oddity, ...]) -> Iterator[str]:
    for oddity in oddities:
        if oddity.counted != oddity.distinct:
            yield f"{oddity.delivery_id} ({oddity.oddity}): {oddity.distinct} events were reported, {oddity.counted} were counted"


def _ended_wrongly(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    for life in scenario.lives:
        status = evidence.snapshots[life.delivery_id]["status"]
        if status != life.ends_as.value:
            yield f"{life.delivery_id} ended as {status}; reported was {life.ends_as.value}"
    yield from (f"{delivery_id}: its workflow has not ended" for delivery_id in evidence.unfinished)


def _not_done_once(effects: Mapping[str, Tally]) -> Iterator[str]:
    for action, tally in effects.items():
        if not tally.is_clean:
            counts = ", ".join(f"{count} {what}" for what, count in asdict(tally).items() if count)
            yield f"{action}: {counts}"
