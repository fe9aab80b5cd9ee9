"""Counts and logs what becomes of effects, by the SDK's meter and logger for activities. Outside a worker nothing is counted."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from temporalio import activity

from domain.actions import Outcome
from domain.metrics import EFFECTS, MESSAGES, Metric, counted_as

NOTIFY = "notify"

DOUBTED = "doubted"

TRACER = trace.get_tracer("doorstep")
"""Of what the program set up; nothing is traced where it did not."""


@contextmanager
def traced(action: str, attempt: int) -> Iterator[None]:
    """One try of an effect, as a span of the trace that led to it. What went wrong is told by its type: words may quote addresses."""
    about: dict[str, str | int] = {"doorstep.action": action, "doorstep.attempt": attempt}
    with TRACER.start_as_current_span(
        f"effect {action}", attributes=about, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as error:
            span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            raise


def ended(action: str, incident_id: str, outcome: Outcome) -> None:
    """An effect has ended: `notify.sms` is a message by a channel. Others are counted where their delivery hears of them."""
    said = counted_as(outcome)
    _message(action, said)
    if activity.in_activity():
        log = activity.logger.warning if outcome is Outcome.FAILED else activity.logger.info
        log("%s %s", action, said, extra=_about(action, incident_id, said))


def doubted(action: str, incident_id: str) -> None:
    """An effect may have been done, and may not; it is looked into before it is tried again."""
    _count(EFFECTS, action=action.partition(".")[0], outcome=DOUBTED)
    _message(action, DOUBTED)
    if activity.in_activity():
        activity.logger.warning(
            "%s may have been done; looked into on the next try", action, extra=_about(action, incident_id, DOUBTED)
        )


def _message(action: str, outcome: str) -> None:
    kind, _, channel = action.partition(".")
    if kind == NOTIFY and channel:
        _count(MESSAGES, channel=channel, outcome=outcome)


def _count(metric: Metric, **labels: str) -> None:
    if activity.in_activity():
        activity.metric_meter().create_counter(metric.name, metric.meaning).add(1, labels)


def _about(action: str, incident_id: str, outcome: str) -> dict[str, str]:
    return {"action": action, "incident_id": incident_id, "outcome": outcome}
