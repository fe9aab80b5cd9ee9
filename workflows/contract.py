"""The contract: task queue, workflow types and ids, and the payloads of signals, updates and queries. Nobody else spells them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, StringConstraints, ValidationError, model_validator
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from workflows.codec import REASON, UNREADABLE
from workflows.orders import WindowIn
from workflows.scalars import EventId, Name, Text, When, Wire

TASK_QUEUE = "deliveries"
DELIVERY = "Delivery"
ROUTE = "Route"
DISRUPTION = "Disruption"
FEED = "Feed"

LOOK_AGAIN = "look_again"
"""The signal that calls a delivery to look at its guards again: something outside has changed. What it carries is ignored."""

REPLAN = "replan"
CHANGED = "changed"
"""The signal by which a delivery asks its route for something; see workflows.route."""

ANSWER = "answer"
"""The signal by which a workflow that a delivery asked for something says what came of it: see rules.requests."""

ASSIGNMENT = "Assignment"

WITHDRAW = "withdraw"
"""The signal that tells an assignment that the delivery is not to be taken over any more: `{reason?}`."""

ERROR_TYPES = ("InvalidInput", "AlreadyFinished", "Finished", "NotFound", "UnknownRulebook", "TooOld", "Conflict")
"""What a refusal may be: the type of the ApplicationError that its sender gets."""

JSON_PLAIN = b"json/plain"
MAX_PAYLOAD = 256 * 1024
"""Bytes. A larger order or batch is refused, so that state always fits into one payload."""

Model = TypeVar("Model", bound=BaseModel)
By = Annotated[str, StringConstraints(min_length=1, max_length=100)]
IncidentId = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def delivery_workflow_id(delivery_id: str) -> str:
    """The workflow id of a delivery: one workflow at a time for each."""
    return f"delivery-{delivery_id}"


def route_workflow_id(route_id: str, service_date: str) -> str:
    """The workflow id of a route on a service date (ISO, local): one owner of a plan for each day."""
    return f"route-{route_id}-{service_date}"


def assignment_workflow_id(incident_id: str, number: int) -> str:
    """The workflow id of an incident's assignments, counted from 1."""
    return f"assignment-{incident_id}-{number}"


class TakerIn(Wire):
    """A driver or a carrier, one of them."""

    driver_id: Name | None = None
    carrier: Name | None = None
    by: By

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.driver_id is None) is (self.carrier is None):
            raise ValueError("say who: driver_id or carrier, one of them")
        return self

    @property
    def candidate(self) -> str:
        return f"driver:{self.driver_id}" if self.driver_id is not None else f"carrier:{self.carrier}"


class OfferAnswerIn(TakerIn):
    """`answer {driver_id | carrier, accept, by, note?, tracking_number?}`: what one says who was offered a delivery."""

    accept: bool
    note: Annotated[str, StringConstraints(max_length=200)] = ""
    tracking_number: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class ReassignIn(TakerIn):
    """`reassign {driver_id | carrier, by}`: a person decides who takes the delivery over."""


class WithdrawIn(Wire):
    """`withdraw {reason?}`."""

    reason: Annotated[str, StringConstraints(max_length=200)] = ""


def feed_workflow_id(source: str) -> str:
    """The workflow id of a feed."""
    return f"feed-{source}"


def disruption_workflow_id(scope: str, key: str) -> str:
    """The workflow id of the disruptions on a place: one workflow at a time for each."""
    return f"disruption-{scope}-{key}"


class AcceptedIn(Wire):
    """`accepted {}`: the order system's acknowledgement."""


class AmendIn(Wire):
    """`amend {patch, by}`: changes fields of the order that may still change."""

    patch: dict[str, Any] = Field(min_length=1, max_length=50)
    by: By


class RescheduleIn(Wire):
    """`reschedule {start, end, by}`: a new promise."""

    start: When | None = None
    end: When
    by: By

    @model_validator(mode="after")
    def _is_a_window(self) -> "RescheduleIn":
        WindowIn(start=self.start, end=self.end)
        return self


class CancelIn(Wire):
    """`cancel {reason, by}`."""

    reason: Text = ""
    by: By


class ConfirmAvailabilityIn(Wire):
    """`confirm_availability {available, by}`: whether the customer will be there."""

    available: bool
    by: By


class InstructIn(Wire):
    """`instruct {text, safe_place, by}`: what the driver is to know, where the parcel may be left; one of them at least."""

    text: Text = ""
    safe_place: Text = ""
    by: By

    @model_validator(mode="after")
    def _says_something(self) -> "InstructIn":
        if not (self.text or self.safe_place):
            raise ValueError("an instruction needs a text, a safe_place, or both")
        return self


class AcknowledgeIn(Wire):
    """`acknowledge {incident_id, by}`: somebody has seen it."""

    incident_id: IncidentId
    by: By


class ClaimIn(Wire):
    """`claim {incident_id, owner, by}`: who has it in hand from now on."""

    incident_id: IncidentId
    owner: By
    by: By


class ResolveIn(Wire):
    """`resolve {incident_id, resolution, note, by}`: settled by hand."""

    incident_id: IncidentId
    resolution: Literal["handled", "false_alarm"]
    note: Text = ""
    by: By


class CorrectIn(Wire):
    """`correct {event_id, reason, by}`: withdraws an event."""

    event_id: EventId
    reason: Literal["did_not_occur", "incorrect_data"]
    by: By


class MuteIn(Wire):
    """`mute {rule, until, reason, by}`: a rule keeps its state and does nothing for a while."""

    rule: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    until: When
    reason: Text = ""
    by: By


class DecideIn(Wire):
    """`decide {proposal_id, approve, by}`: a person's answer to what a rule proposes."""

    proposal_id: IncidentId
    approve: bool
    by: By


class AdoptIn(Wire):
    """`adopt_rulebook {version}`: the SHA-256 of a published rulebook."""

    version: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class WhyIn(Wire):
    """`why {rule?, at?}`."""

    rule: Annotated[str, StringConstraints(max_length=100)] | None = None
    at: When | None = None


class ForecastIn(Wire):
    """`forecast {rule?}`."""

    rule: Annotated[str, StringConstraints(max_length=100)] | None = None


def read_payload(model: type[Model], raw: RawValue | None, default: bytes | None = None) -> Model:
    """One `json/plain` object as a model; raises ApplicationError "InvalidInput" with every mistake, without what was sent."""
    data = json_of(raw, default)
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise invalid_input(problems_of(error)) from None


def json_of(raw: RawValue | None, default: bytes | None = None) -> bytes:
    """The JSON of one `json/plain` payload; raises ApplicationError "InvalidInput"."""
    if raw is None:
        if default is not None:
            return default
        raise invalid_input([problem("", "no argument was sent; send one JSON object", "missing")])
    encoding = raw.payload.metadata.get("encoding", b"")
    if encoding == UNREADABLE:
        said = raw.payload.metadata.get(REASON, b"").decode("utf-8", "replace")[:300]
        raise invalid_input([problem("", f"the payload cannot be opened: {said}", "unreadable")])
    if encoding != JSON_PLAIN:
        said = encoding.decode("ascii", "replace")[:40] or "none"
        raise invalid_input([problem("", f"payload encoding is {said}; send one json/plain object", "encoding")])
    if len(raw.payload.data) > MAX_PAYLOAD:
        said = f"{len(raw.payload.data)} bytes were sent; at most {MAX_PAYLOAD} are allowed"
        raise invalid_input([problem("", said, "too_long")])
    return raw.payload.data


def refuse_several(args: Sequence[Any]) -> None:
    """Raises ApplicationError "InvalidInput" for more than one argument."""
    if len(args) > 1:
        raise invalid_input([problem("", f"{len(args)} arguments were sent; send one JSON object", "too_many_arguments")])


def problem(loc: str, msg: str, type: str) -> dict[str, str]:
    """One mistake in what was sent."""
    return {"loc": loc, "msg": msg, "type": type}


def problems_of(error: ValidationError) -> list[dict[str, str]]:
    """Every mistake with its place, without the values."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [problem(".".join(map(str, item["loc"])), item["msg"].removeprefix("Value error, "), item["type"]) for item in found]


def invalid_input(problems: list[dict[str, str]]) -> ApplicationError:
    """The error of every door for what cannot be read; its details are the list of mistakes."""
    shown = "; ".join(f"{item['loc']}: {item['msg']}" if item["loc"] else item["msg"] for item in problems[:10])
    more = f"; and {len(problems) - 10} more" if len(problems) > 10 else ""
    return refusal("InvalidInput", f"invalid input: {shown}{more}", problems[:50])


def refusal(type: str, message: str, problems: list[dict[str, str]] | None = None) -> ApplicationError:
    """A non-retryable error that the caller can tell apart by its type."""
    details = problems if problems is not None else [problem("", message, type)]
    return ApplicationError(message, details, type=type, non_retryable=True)
