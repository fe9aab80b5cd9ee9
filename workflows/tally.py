"""Counts, measures and logs what became of a delivery's incidents and of what was sent to it.

By the SDK's meter and logger for workflows: nothing of it stands in the history, and a replay counts and logs nothing again. A
delivery to which nothing happens costs two comparisons for each batch.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import workflow
from temporalio.common import MetricHistogramTimedelta
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.actions import Outcome
    from domain.incident import Incident, Resolution
    from domain.instant import Instant
    from domain.metrics import ACTION, CURE, DETECT, EFFECTS, FIRST_ACTION, OPENED, REJECTED, RESOLVED, Metric, counted_as
    from rules.progress import Progress, Step, progress
    from workflows.contract import ERROR_TYPES
    from workflows.reports import type_of
    from workflows.state import Rejections, State
    from workflows.timer import now

CURED = (Resolution.CURED, Resolution.HANDLED)


class Tally:
    """What has been counted of one delivery."""

    def __init__(self) -> None:
        self._incidents: tuple[Incident, ...] = ()
        self._rejections = Rejections()

    def begin(self, state: State) -> None:
        """What an earlier run has counted is not counted again."""
        self._incidents, self._rejections = state.watch.incidents, state.rejections

    def look_at(self, state: State) -> None:
        """Counts what is new since the last time."""
        if state.rejections is not self._rejections:
            new = min(state.rejections.count - self._rejections.count, len(state.rejections.last))
            for reason in state.rejections.last[len(state.rejections.last) - new :]:
                refused("signal", type_of(reason))
            self._rejections = state.rejections
        if state.watch.incidents is not self._incidents:
            for one in progress(self._incidents, state.watch.incidents):
                NOTED[one.step](one, now())
            self._incidents = state.watch.incidents


@contextmanager
def counting_refusals(door: str | None) -> Iterator[None]:
    """Counts what is refused within by the contract's error types, another one as `other`; nothing where `door` is None."""
    try:
        yield
    except ApplicationError as error:
        if door is not None:
            refused(door, error.type if error.type in ERROR_TYPES else "other")
        raise


def refused(door: str, type: str) -> None:
    """Input was refused at a door: start, signal or update. What was sent is neither counted nor logged."""
    _count(REJECTED, door=door, type=type)
    workflow.logger.warning("%s refused: %s", door, type, extra={"door": door, "outcome": type})


def _opened(one: Progress, at: Instant) -> None:
    incident = one.incident
    _count(OPENED, rule=incident.rule, severity=incident.severity.value, mode=incident.mode.value)
    _measure(DETECT, at - incident.opened_at, severity=incident.severity.value)
    _log(incident, "incident opened", late_ms=at - incident.opened_at)


def _ended(one: Progress, at: Instant) -> None:
    incident, act = one.incident, one.act
    if act is None:
        return
    action, outcome = act.action.partition(".")[0], counted_as(act.outcome)
    _count(EFFECTS, action=action, outcome=outcome)
    if act.outcome is Outcome.DONE:
        _measure(ACTION, act.at - act.asked_at, action=action)
    if one.is_first:
        _measure(FIRST_ACTION, act.at - incident.opened_at, rule=incident.rule)
    _log(incident, f"{action} {outcome}", action=action, outcome=outcome)


def _resolved(one: Progress, at: Instant) -> None:
    incident = one.incident
    if incident.resolution is None or incident.resolved_at is None:
        return
    _count(RESOLVED, rule=incident.rule, resolution=incident.resolution.value)
    if incident.resolution in CURED:
        _measure(CURE, incident.resolved_at - incident.opened_at, rule=incident.rule)
    _log(incident, f"incident {incident.resolution.value}")


NOTED = {Step.OPENED: _opened, Step.ENDED: _ended, Step.RESOLVED: _resolved}


def _count(metric: Metric, **labels: str) -> None:
    workflow.metric_meter().create_counter(metric.name, metric.meaning).add(1, labels)


def _measure(metric: Metric, span: int, **labels: str) -> None:
    histogram: MetricHistogramTimedelta = workflow.metric_meter().create_histogram_timedelta(metric.name, metric.meaning)
    histogram.record(timedelta(milliseconds=max(0, span)), labels)


def _log(incident: Incident, said: str, **more: str | int) -> None:
    about = {"incident_id": incident.incident_id, "rule": incident.rule, "severity": incident.severity.value}
    workflow.logger.info("%s: %s", incident.incident_id, said, extra={**about, **more})
