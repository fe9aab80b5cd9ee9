"""METRICS: everything that Doorstep counts and measures, by name. Whoever counts takes the row from here; docs/metrics.md tells people.

Labels are closed lists, or the ids of published rules. Never a delivery's id, and nothing personal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.actions import Outcome

WORKER, GATEWAY = "worker", "gateway"

SOON = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Bucket bounds in seconds, for what should take no time."""

LONG = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0, 259200.0)
"""Bucket bounds in seconds, for what people and vans have to do."""


class MetricKind(StrEnum):
    """What Prometheus calls them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of METRICS. `buckets` are the upper bounds of a histogram, in `unit`."""

    name: str
    kind: MetricKind
    process: str
    labels: tuple[str, ...]
    unit: str
    meaning: str
    buckets: tuple[float, ...] = ()


OPENED = Metric(
    "doorstep_incidents_opened_total",
    MetricKind.COUNTER,
    WORKER,
    ("rule", "severity", "mode"),
    "incidents",
    "incidents that opened, those of shadow rules too; severity is that at opening",
)
RESOLVED = Metric(
    "doorstep_incidents_resolved_total",
    MetricKind.COUNTER,
    WORKER,
    ("rule", "resolution"),
    "incidents",
    "incidents that ended, and how: cured, handled, final, retracted, superseded, expired, false_alarm",
)
DETECT = Metric(
    "doorstep_detect_seconds",
    MetricKind.HISTOGRAM,
    WORKER,
    ("severity",),
    "seconds",
    "from the instant at which an incident was due to its opening: how late we noticed, a late report not counted in",
    SOON,
)
FIRST_ACTION = Metric(
    "doorstep_first_action_seconds",
    MetricKind.HISTOGRAM,
    WORKER,
    ("rule",),
    "seconds",
    "from the instant at which an incident was due to the end of its first action that was done; quiet hours and approvals count in",
    LONG,
)
ACTION = Metric(
    "doorstep_action_seconds",
    MetricKind.HISTOGRAM,
    WORKER,
    ("action",),
    "seconds",
    "from the start of an action to its being done; of what is asked of somebody, to the answer",
    SOON,
)
CURE = Metric(
    "doorstep_cure_seconds",
    MetricKind.HISTOGRAM,
    WORKER,
    ("rule",),
    "seconds",
    "from the opening of an incident to its cure, by itself or by hand (cured, handled)",
    LONG,
)
EFFECTS = Metric(
    "doorstep_effects_total",
    MetricKind.COUNTER,
    WORKER,
    ("action", "outcome"),
    "actions",
    "what came of actions: done, failed, doubted (it may have happened; it is looked into), no_help, declined, unanswered, "
    "skipped (a shadow rule, or no longer wanted), suppressed (a limit, a mute, an opt-out)",
)
MESSAGES = Metric(
    "doorstep_messages_total",
    MetricKind.COUNTER,
    WORKER,
    ("channel", "outcome"),
    "messages",
    "messages by channel: done, failed, doubted, suppressed",
)
REJECTED = Metric(
    "doorstep_rejected_total",
    MetricKind.COUNTER,
    f"{WORKER}, {GATEWAY}",
    ("door", "type"),
    "inputs",
    "input that was refused: at the worker by start, signal and update; at the gateway by the path of the door and the HTTP status in words",
)
REQUESTS = Metric(
    "doorstep_http_requests_total",
    MetricKind.COUNTER,
    GATEWAY,
    ("door", "method", "status"),
    "requests",
    "HTTP requests by the path of the door, as it is declared, and the status of the answer",
)
REQUEST_SECONDS = Metric(
    "doorstep_http_request_seconds",
    MetricKind.HISTOGRAM,
    GATEWAY,
    ("door",),
    "seconds",
    "how long requests took",
    SOON,
)
INBOX_WAITING = Metric(
    "doorstep_inbox_waiting",
    MetricKind.GAUGE,
    GATEWAY,
    (),
    "entries",
    "what is committed in the inbox and not yet handed on to its delivery",
)
INBOX_OLDEST = Metric(
    "doorstep_inbox_oldest_seconds",
    MetricKind.GAUGE,
    GATEWAY,
    (),
    "seconds",
    "how long the oldest of these has waited; 0 if nothing waits",
)
OPEN_INCIDENTS = Metric(
    "doorstep_open_incidents",
    MetricKind.GAUGE,
    GATEWAY,
    ("severity",),
    "incidents",
    "incidents that are open now, without those of shadow rules; the same at each gateway",
)
OPEN_DELIVERIES = Metric(
    "doorstep_open_deliveries",
    MetricKind.GAUGE,
    GATEWAY,
    ("condition",),
    "deliveries",
    "deliveries that have not ended, by condition; the same at each gateway",
)
STORE_ANSWERS = Metric(
    "doorstep_store_answers",
    MetricKind.GAUGE,
    GATEWAY,
    (),
    "1 or 0",
    "whether the database answered when the gauges above were asked for; while it does not, they are left out",
)

METRICS: tuple[Metric, ...] = (
    OPENED, RESOLVED, DETECT, FIRST_ACTION, ACTION, CURE, EFFECTS, MESSAGES, REJECTED,
    REQUESTS, REQUEST_SECONDS, INBOX_WAITING, INBOX_OLDEST, OPEN_INCIDENTS, OPEN_DELIVERIES, STORE_ANSWERS,
)  # fmt: skip

COUNTED_AS: Mapping[Outcome, str] = {
    Outcome.WOULD: "skipped",
    Outcome.DROPPED: "skipped",
    Outcome.WITHHELD: "suppressed",
    Outcome.MUTED: "suppressed",
}
"""Outcomes that are counted under another word than their own."""


def counted_as(outcome: Outcome) -> str:
    """The label of an outcome."""
    return COUNTED_AS.get(outcome, outcome.value)
