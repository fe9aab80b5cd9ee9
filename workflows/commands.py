"""What people and systems may decide about a delivery: each update as a pure function of the state. Refusals are ApplicationErrors."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from temporalio.exceptions import ApplicationError

from domain.event import Event
from domain.incident import Answer as Answered
from domain.incident import Incident, Proposal, Resolution
from domain.instant import DAY, Instant, instant, iso
from domain.status import Kind, Party, Status
from rules.people import acknowledged, amended, claimed, decided, muted, settled_by_hand
from rules.reload import adopted, book_of
from workflows.contract import (
    AcknowledgeIn,
    AdoptIn,
    AmendIn,
    CancelIn,
    ClaimIn,
    ConfirmAvailabilityIn,
    CorrectIn,
    DecideIn,
    InstructIn,
    MuteIn,
    ReassignIn,
    RescheduleIn,
    ResolveIn,
    invalid_input,
    problem,
    problems_of,
    refusal,
)
from workflows.orders import DeliveryOrder
from workflows.rulebooks import SHELF
from workflows.state import State

SOURCE = "doorstep"

LONGEST_MUTE = 30 * DAY
"""A rule that is silent for longer is turned off in its rulebook, not on a delivery."""

AMENDABLE = frozenset(
    {
        "customer", "destination", "service_level", "tags", "requires", "skills", "service_seconds", "attempts_allowed",
        "cod", "value", "stop_type", "zone", "lane", "hub", "shipper", "order_id", "tracking_numbers",
    }
)  # fmt: skip
"""Fields of the order that may still change. A promise is moved by `reschedule`; identity and rulebook are fixed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One update: what is asked, when, and the id that makes its event unique; the edition that a rulebook is adopted with."""

    command: Any
    now: Instant
    update_id: str
    edition: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """The state after a command, and the events that belong into the next look."""

    state: State
    events: tuple[Event, ...] = ()


def execute(state: State, ask: Ask) -> Answer:
    """Does what was asked, or raises the ApplicationError that the caller gets."""
    return COMMANDS[type(ask.command)](state, ask)


def _amend(state: State, ask: Ask) -> Answer:
    command: AmendIn = ask.command
    _refuse_when_final(state, "amend")
    fixed = sorted(set(command.patch) - AMENDABLE)
    if fixed:
        said = f"{', '.join(fixed)} cannot be amended; allowed are {', '.join(sorted(AMENDABLE))}; use reschedule for the promise"
        raise invalid_input([problem(f"patch.{name}", said, "not_amendable") for name in fixed])
    order = _merged(state.order, command.patch)
    try:
        checked = DeliveryOrder.model_validate_json(json.dumps(order))
    except ValidationError as error:
        raise invalid_input(problems_of(error)) from None
    kept = checked.model_dump(mode="json", exclude_unset=True)
    changed = replace(state, order=kept, amendments=state.amendments + 1, watch=amended(state.watch, checked.order()))
    return Answer(changed, (_event(ask, Kind.NOTE, command.by, {"text": f"amended {', '.join(sorted(command.patch))}"}),))


def _reschedule(state: State, ask: Ask) -> Answer:
    command: RescheduleIn = ask.command
    _refuse_when_final(state, "reschedule")
    if instant(command.end) <= ask.now:
        raise invalid_input([problem("end", "the new window is already over; give a later end", "in_the_past")])
    window = {"start": instant(command.start) if command.start else None, "end": instant(command.end)}
    return Answer(state, (_event(ask, Kind.PROMISE_CHANGED, command.by, window),))


def _cancel(state: State, ask: Ask) -> Answer:
    command: CancelIn = ask.command
    _refuse_when_final(state, "cancel")
    event = _event(ask, Kind.STATUS, command.by, {"reason": command.reason} if command.reason else {})
    return Answer(state, (replace(event, status=Status.CANCELLED),))


def _confirm_availability(state: State, ask: Ask) -> Answer:
    command: ConfirmAvailabilityIn = ask.command
    _refuse_when_final(state, "confirm")
    return Answer(state, (_event(ask, Kind.CUSTOMER_REPLY, command.by, {"available": command.available}),))


def _instruct(state: State, ask: Ask) -> Answer:
    command: InstructIn = ask.command
    _refuse_when_final(state, "instruct")
    said = {"text": command.text, "safe_place": command.safe_place}
    return Answer(state, (_event(ask, Kind.NOTE, command.by, {name: value for name, value in said.items() if value}),))


def _acknowledge(state: State, ask: Ask) -> Answer:
    command: AcknowledgeIn = ask.command
    incident = _open_incident(state, command.incident_id)
    return Answer(replace(state, watch=acknowledged(state.watch, incident, command.by, ask.now)))


def _claim(state: State, ask: Ask) -> Answer:
    command: ClaimIn = ask.command
    incident = _open_incident(state, command.incident_id)
    return Answer(replace(state, watch=claimed(state.watch, incident, command.owner, command.by, ask.now)))


def _resolve(state: State, ask: Ask) -> Answer:
    command: ResolveIn = ask.command
    incident = _open_incident(state, command.incident_id)
    note = f"{command.note} ({command.by})" if command.note else f"by {command.by}"
    watch = settled_by_hand(state.watch, incident, Resolution(command.resolution), note, ask.now)
    return Answer(replace(state, watch=watch))


def _correct(state: State, ask: Ask) -> Answer:
    command: CorrectIn = ask.command
    delivery = state.watch.delivery
    if not delivery.has_seen(command.event_id):
        raise refusal("NotFound", "no event with this id was reported for the delivery; see the query timeline for their ids")
    if not delivery.can_correct(command.event_id):
        raise refusal("TooOld", "the event is older than the last 500 and can no longer be withdrawn; report what is true now")
    detail = {"event_id": command.event_id, "reason": command.reason}
    return Answer(state, (_event(ask, Kind.CORRECTION, command.by, detail),))


def _adopt(state: State, ask: Ask) -> Answer:
    """The version is ready: see workflows.loading. Adopting the one that watches already changes nothing."""
    command: AdoptIn = ask.command
    if command.version == state.watch.book:
        return Answer(state)
    watch = adopted(state.watch, command.version, SHELF.get, ask.now)
    name = SHELF.get(command.version).rulebook.name
    edition = max(state.edition, ask.edition)
    return Answer(replace(state, watch=watch, rulebook=name, adoptions=state.adoptions + 1, edition=edition))


def _mute(state: State, ask: Ask) -> Answer:
    command: MuteIn = ask.command
    names, until = book_of(state.watch, SHELF.get).rulebook.names, instant(command.until)
    if command.rule not in names:
        raise no_such_rule(state.rulebook, command.rule, names)
    if until <= ask.now:
        raise invalid_input([problem("until", "the mute would be over already; give a later time", "in_the_past")])
    if until > ask.now + LONGEST_MUTE:
        said = f"a mute lasts 30 days at most: until {iso(ask.now + LONGEST_MUTE)}; give an earlier time, and mute again then"
        raise invalid_input([problem("until", said, "too_far")])
    return Answer(replace(state, watch=muted(state.watch, command.rule, until, command.by, command.reason, ask.now)))


def _decide(state: State, ask: Ask) -> Answer:
    command: DecideIn = ask.command
    wanted = command.proposal_id
    incident = state.watch.incident(wanted.partition("/")[0])
    path = wanted.partition("/")[2]
    if incident is None or path not in incident.proposals:
        raise refusal("NotFound", "nothing was proposed under this id; see proposals in the query snapshot")
    proposal = incident.proposals[path]
    if proposal.answer is not None:
        raise refusal("Conflict", _ended(proposal))
    return Answer(replace(state, watch=decided(state.watch, incident, path, command.approve, command.by, ask.now)))


def _reassign(state: State, ask: Ask) -> Answer:
    """That it was decided; the assignment that does it is begun by the door."""
    command: ReassignIn = ask.command
    _refuse_when_final(state, "reassign")
    return Answer(state, (_event(ask, Kind.NOTE, command.by, {"text": f"goes to {command.candidate}"}),))


def no_such_rule(rulebook: str, rule: str, names: Iterable[str]) -> ApplicationError:
    """The refusal of a rule that a book does not have, with the one that may be meant and all that it has."""
    known = sorted(names)
    near = get_close_matches(rule.casefold(), known, n=1)
    meant = f'did you mean "{near[0]}"? ' if near else ""
    said = f"the rulebook {rulebook} has no rule {rule}; {meant}it has: {', '.join(known)}"
    return refusal("NotFound", said, [problem("rule", said, "NotFound")])


def _ended(proposal: Proposal) -> str:
    """Why a proposal can be decided no more."""
    if proposal.answer in (Answered.ACTED, Answered.DROPPED):
        done = "what it proposed was done" if proposal.answer is Answered.ACTED else "it was dropped"
        return f"the time for a decision was over at {iso(proposal.due_at)}: {done}"
    if proposal.answer is Answered.LAPSED:
        return f"the proposal lapsed at {iso(proposal.at)}: its incident had ended, or a later one took its place"
    by = f" by {proposal.by}" if proposal.by else ""
    return f"the proposal has been {proposal.answer} already{by}"


def _open_incident(state: State, wanted: str) -> Incident:
    incident = state.watch.incident(wanted)
    if incident is None:
        raise refusal("NotFound", "the delivery has no incident with this id; see open_incidents in the query snapshot")
    if not incident.is_open:
        raise refusal("Conflict", f"the incident is resolved already, as {incident.resolution}")
    return incident


def _refuse_when_final(state: State, what: str) -> None:
    status = state.watch.delivery.facts.status
    if state.watch.delivery.facts.final:
        raise refusal(
            "Finished", f"cannot {what}: the delivery is {status.value}; correct the final event first if it did not occur"
        )


def _merged(order: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """JSON merge patch (RFC 7386): objects are merged, null removes."""
    merged = {**order}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict) and isinstance(merged.get(name), dict):
            merged[name] = _merged(merged[name], value)
        else:
            merged[name] = value
    return merged


def _event(ask: Ask, kind: Kind, by: str, detail: Mapping[str, Any]) -> Event:
    party = Party(by) if by in list(Party) else Party.OPERATOR
    return Event(
        event_id=f"update:{ask.update_id}",
        kind=kind,
        occurred_at=ask.now,
        recorded_at=ask.now,
        source=SOURCE,
        by=party,
        detail=detail,
    )


COMMANDS: dict[type, Callable[[State, Ask], Answer]] = {
    AmendIn: _amend,
    RescheduleIn: _reschedule,
    CancelIn: _cancel,
    ConfirmAvailabilityIn: _confirm_availability,
    InstructIn: _instruct,
    AcknowledgeIn: _acknowledge,
    ClaimIn: _claim,
    ResolveIn: _resolve,
    CorrectIn: _correct,
    AdoptIn: _adopt,
    MuteIn: _mute,
    DecideIn: _decide,
    ReassignIn: _reassign,
}
"""Update -> what it does. To add one: its model in contract.py, a row here, a handler in delivery.py."""
