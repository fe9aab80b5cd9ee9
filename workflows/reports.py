"""Reads the signals: `report`, one event or a batch, `answer` and `adopt_rulebook`. An unreadable report becomes a reason, never an error."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.actions import ActionResult, Outcome
from domain.event import Event
from domain.instant import Instant, iso
from workflows.contract import ANSWER, AdoptIn, IncidentId, invalid_input, problem, read_payload
from workflows.events import DeliveryEvent, EventBatch
from workflows.scalars import Wire

REPORT, ADOPT = "report", "adopt_rulebook"


class AnswerIn(Wire):
    """`answer {incident_id, key, outcome, note, events}`: what came of what was asked for, and what the delivery learns from it."""

    incident_id: IncidentId
    key: Annotated[str, StringConstraints(max_length=400, pattern=r"^.+/.+/.+$")]
    outcome: Literal["done", "failed", "no_help", "declined", "unanswered"]
    note: Annotated[str, StringConstraints(max_length=2_000)] = ""
    events: Annotated[tuple[DeliveryEvent, ...], Field(max_length=100)] = ()

    def result(self, known_at: Instant) -> ActionResult:
        return ActionResult(Outcome(self.outcome), self.note, tuple(event.event(known_at) for event in self.events))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a signal could not be used."""

    reason: str


class _Peek(Wire):
    """Whether a payload is a batch."""

    events: object | None = None


def read_report(name: str, args: Sequence[RawValue], known_at: Instant) -> tuple[Event, ...] | Unreadable:
    """The events of one signal."""
    if name != REPORT:
        return _unreadable(f"unknown signal {name[:40]!r}; the signal for events is report", known_at)
    if len(args) != 1:
        return _unreadable(f"report takes one argument, {len(args)} were sent", known_at)
    try:
        return _events(args[0], known_at)
    except ApplicationError as error:
        return _unreadable(f"report: {error.message}", known_at)


def type_of(reason: str) -> str:
    """Of what kind a rejection is, for counting: its reason begins with the time."""
    said = reason.partition(" ")[2]
    if said.startswith("unknown signal"):
        return "unknown_signal"
    return "InvalidInput" if said.startswith(REPORT) else "unusable"


def read_answer(args: Sequence[RawValue]) -> AnswerIn:
    """What the signal `answer` says; raises ApplicationError "InvalidInput"."""
    return read_payload(AnswerIn, _only_one(ANSWER, args))


def read_adoption(args: Sequence[RawValue]) -> AdoptIn:
    """What the signal `adopt_rulebook` asks for; raises ApplicationError "InvalidInput"."""
    return read_payload(AdoptIn, _only_one(ADOPT, args))


def _only_one(name: str, args: Sequence[RawValue]) -> RawValue:
    if len(args) != 1:
        raise invalid_input([problem("", f"{name} takes one argument, {len(args)} were sent", "arguments")])
    return args[0]


def _events(raw: RawValue, known_at: Instant) -> tuple[Event, ...]:
    if b'"events"' in raw.payload.data and read_payload(_Peek, raw).events is not None:
        return tuple(sent.event(known_at) for sent in read_payload(EventBatch, raw).events)
    return (read_payload(DeliveryEvent, raw).event(known_at),)


def _unreadable(reason: str, at: Instant) -> Unreadable:
    return Unreadable(f"{iso(at)} {reason}")
