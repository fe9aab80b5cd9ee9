"""What a delivery asks other workflows to do: how their answer is waited for, and what it changes. Pure.

How an action is handed to another workflow (a route, an assignment):

1. The action's activity asks that workflow (signal-with-start, or start; repeated with the same key it must do no harm) and returns
   `ActionResult(Outcome.REQUESTED, note, answer_within=SPAN)`. The act then stands as `requested` in the delivery's state, which goes
   through continue-as-new, and the delivery's one timer is set to the end of that span.
2. The other workflow does it, and tells the delivery once it knows what came of it: the signal `answer`, sent by
   `workflows.client.Deliveries.answer(request.delivery_id, request.incident_id, request.key, ActionResult(...))`. It carries the
   incident and the effect key, the outcome (done, failed, no_help, declined, unanswered), a note, and events with stable ids for the
   delivery to fold. A second answer about the same key changes nothing, so whoever answers may answer again after a crash.
3. The act ends with that outcome, in the same look as the events are folded: `otherwise` is begun, or what waited for it.

Without an answer in time it ends as `unanswered`, which is followed by `unanswered` or `otherwise` as any other. An answer that is late
changes no act, but its events are folded: what it says is so all the same. An answer may come before the activity has returned.
A delivery whose incident has ended waits for no answer to what was asked because the incident was open.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from domain.actions import ActionResult, Outcome
from domain.incident import Act, Incident, path_in
from domain.instant import Instant

REASSIGN = "reassign"

GIVEN_UP = "the incident ended before there was an answer"
LATE = "an answer about {action} came too late: {note}"


def requested(incident: Incident, path: str, result: ActionResult, now: Instant) -> Incident:
    """The incident with an act that another workflow was asked to do, if that is what came of it: until when it is waited for."""
    act = incident.acts[path]
    if act.outcome is not Outcome.REQUESTED:
        return incident
    until = now + (result.answer_within or 0)
    incident = incident.with_act(path, replace(act, until=until))
    if incident.due_at is not None and incident.due_at <= until:
        return incident
    return replace(incident, due_at=until, due_for=f"{act.action} waits for an answer")


def is_answered(incident: Incident, path: str, result: ActionResult) -> bool:
    """Whether the answer was faster than the news that it was asked for."""
    act = incident.acts.get(path)
    return result.outcome is Outcome.REQUESTED and act is not None and act.outcome.ended


def asked_for(incident: Incident | None, key: str) -> tuple[str, Act] | None:
    """The act that an answer is about, with its path."""
    path = path_in(key)
    act = incident.acts.get(path) if incident is not None else None
    return None if act is None else (path, act)


def number_of(incident: Incident, path: str) -> int:
    """Which one it is of the incident's acts of the same action, from 1: the number of its assignment."""
    action = incident.acts[path].action
    return [of for of, act in incident.acts.items() if act.action == action].index(path) + 1


def no_longer_awaited(before: Iterable[Incident], after: Iterable[Incident]) -> Iterator[tuple[Incident, str]]:
    """The reassignments, by their paths, that were waited for before and, since time has passed or the incident ended, are not now."""
    now = {incident.incident_id: incident for incident in after}
    for incident in before:
        for path, act in incident.asking:
            is_waited_for = act.action == REASSIGN and act.outcome is Outcome.REQUESTED
            later = now.get(incident.incident_id)
            if is_waited_for and later is not None and later.acts[path].outcome.ended:
                yield later, path
