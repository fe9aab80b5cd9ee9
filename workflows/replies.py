"""What a delivery answers, as models: for docs/schema and for who reads it. The answers themselves are plain objects (see `snapshot`,
`copies`, `doors`); a test holds them against these models.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, RootModel

from domain.actions import Outcome
from domain.incident import Answer, Mode, Resolution, Severity
from domain.status import Condition, Status

At = str
"""An instant: ISO 8601, UTC, `2026-11-23T14:00:00Z`."""


class Told(BaseModel):
    """What all answers share: every field is there, null where there is nothing. A later version may add fields."""

    model_config = ConfigDict(extra="forbid")


class Acknowledgement(Told):
    """What the update `accepted` answers."""

    delivery_id: str
    generation: int
    rulebook: str
    rulebook_version: str
    order_sha256: str


class UpdateAnswer(Told):
    """What every other update answers. `note` is who took it over, after `reassign`."""

    ok: Literal[True]
    as_of: At
    note: str = ""


class Kept(Told):
    """How the end stands to the first promise and to the last."""

    first_promise: Literal["kept", "missed", "not_delivered"]
    last_promise: Literal["kept", "missed", "not_delivered"]


class DeliveryResult(Told):
    """The result of the workflow."""

    delivery_id: str
    generation: int
    status: Status
    outcome: Kept
    attempts: int
    incidents: int


class Problem(Told):
    """One mistake: where (`promised.end`, `events.0.kind`, empty for the whole), what, and a word for programs. Never what was sent."""

    loc: str
    msg: str
    type: str


class ErrorDetails(RootModel[list[Problem]]):
    """The details of a refusal. Its type is InvalidInput, AlreadyFinished, Finished, NotFound, UnknownRulebook, TooOld or Conflict."""


class Span(Told):
    """A promised window."""

    start: At | None
    end: At


class Assigned(Told):
    """Who has it."""

    carrier: str
    driver_id: str | None
    route_id: str | None


class Due(Told):
    """What time alone will do, and when."""

    at: At
    because: str


class OpenIncident(Told):
    """An incident that is open. `step` is the path of what was begun last, `escalation` how many steps of its escalation have come."""

    incident_id: str
    rule: str
    severity: Severity
    opened_at: At
    acknowledged: bool
    acknowledged_until: At | None
    owner: str | None
    claimed_by: str | None
    claimed_at: At | None
    step: str | None
    escalation: int
    next: Due | None


class AnyIncident(OpenIncident):
    """An incident, open or resolved."""

    says: str
    mode: Mode
    rulebook_version: str
    resolved_at: At | None
    resolution: Resolution | None
    note: str | None


class Missed(Told):
    """A rule that was true and was not acted on, as it was known too late."""

    rule: str
    at: At


class Deed(Told):
    """What was done about an incident. `key` is the same at every try."""

    action: str
    incident_id: str
    outcome: Outcome
    at: At
    asked_at: At
    note: str | None
    until: At | None
    key: str


class Proposed(Told):
    """What a person is asked. `answer` is null while it waits."""

    proposal_id: str
    incident_id: str
    rule: str
    says: str
    actions: list[str]
    cost: str | None
    asked_at: At
    due_at: At | None
    answer: Answer | None
    by: str | None
    at: At | None


class Muted(Told):
    """A rule that does nothing for a while."""

    rule: str
    until: At
    since: At
    by: str
    reason: str


class Asked(Told):
    """What the customer was asked and has not answered yet."""

    incident_id: str
    path: str
    template: str | None
    answers: list[str]
    asked_at: At
    until: At | None


class UsedBook(Told):
    """The rulebook that watches."""

    name: str
    version: str


class Rejected(Told):
    """Reports that could not be read: how many, and what was wrong with the last ones."""

    count: int
    last: list[str]


class Snapshot(Told):
    """What the query `snapshot` answers."""

    as_of: At
    timezone: str
    delivery_id: str
    generation: int
    status: Status
    condition: Condition
    promised: Span
    first_promised: Span
    eta: At | None
    attempts: int
    assigned: Assigned
    open_incidents: list[OpenIncident]
    incidents: list[AnyIncident]
    missed: list[Missed]
    actions: list[Deed]
    proposals: list[Proposed]
    muted: list[Muted]
    next_wake: Due | None
    rulebook: UsedBook
    rejected: Rejected
    events_seen: int
    questions: list[Asked]
