"""Questions to the customer: how long an answer is waited for, what is one, and what becomes of a question. Pure.

A question is asked by an action, and from then on is a step of its incident that has not ended: it ends as done with an answer,
or as unanswered when the time for it is over.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from domain.actions import ANSWER_WITHIN, ActionRequest, ActionResult, Outcome
from domain.conversation import plain
from domain.delivery import Delivery
from domain.event import Event
from domain.folds import NO_MORE
from domain.incident import Act, Incident
from domain.instant import Instant
from domain.status import Kind, Party
from rules.book import Rule
from rules.plan import is_of_open, step_at
from rules.requests import GIVEN_UP

WAITS = "waits for an answer"
NOT_NEEDED = "the incident ended before there was an answer"
NOBODY = "no answer in time"

OTHER_ANSWERS = {
    Kind.PROMISE_CHANGED: "the customer moved the promise",
    Kind.NOTE: "the customer left an instruction",
}
"""What a customer may do instead of replying -> how it is told."""


def asked(request: ActionRequest, at: Instant) -> ActionResult:
    """What comes of asking, for a simulation: the question went out, and the delivery learns that."""
    detail = {"template": request.args.get("template"), "channel": "email", "message": request.key}
    event = Event(f"{request.key}/asked", Kind.ASKED, at, at, "doorstep", by=Party.SYSTEM, detail=detail)
    return ActionResult(Outcome.ASKED, events=(event,))


def with_question(incident: Incident, path: str, args: Any, events: Iterable[Event], now: Instant) -> Incident:
    """The incident with a question that has gone out, if the act at the path is one: until when an answer counts, and that this is due."""
    act = incident.acts[path]
    if act.outcome is not Outcome.ASKED:
        return incident
    sent = max((event.occurred_at for event in events if event.kind is Kind.ASKED), default=now)
    until = sent + int(args.get("answer_within", ANSWER_WITHIN))
    incident = incident.with_act(path, replace(act, until=until))
    if incident.due_at is not None and incident.due_at <= until:
        return incident
    return replace(incident, due_at=until, due_for=f"{act.action} {WAITS}")


def settled(incident: Incident, rule: Rule, delivery: Delivery, now: Instant) -> Incident:
    """The incident with what has become of its questions by now."""
    if incident.due_at is None:
        return incident
    for path, act in incident.asking:
        step = step_at(rule, path)
        ended = _ended(act, path, incident, step.args if step else {}, delivery, now)
        incident = incident if ended is None else incident.with_act(path, ended)
    return incident


def _ended(act: Act, path: str, incident: Incident, args: Any, delivery: Delivery, now: Instant) -> Act | None:
    until = act.until if act.until is not None else now
    answer = _answer(act, until, args.get("answers") or (), delivery) if act.outcome is Outcome.ASKED else None
    if answer is not None:
        return replace(act, outcome=Outcome.DONE, at=now, note=answer, until=None)
    if act.outcome is Outcome.REQUESTED and not incident.is_open and is_of_open(path):
        return replace(act, outcome=Outcome.NO_HELP, at=now, note=GIVEN_UP, until=None)
    if not incident.is_open and is_of_open(path):
        return replace(act, outcome=Outcome.DONE, at=now, note=NOT_NEEDED, until=None)
    return replace(act, outcome=Outcome.UNANSWERED, at=now, note=NOBODY, until=None) if now >= until else None


def _answer(act: Act, until: Instant, wanted: Iterable[str], delivery: Delivery) -> str | None:
    """The first answer since the question, in words. Only what happened after it was asked can be one."""
    given = (event for event in delivery.events if act.asked_at < event.occurred_at <= until)
    return next((said for event in given if (said := answer_in(event, wanted)) is not None), None)


def answer_in(event: Event, wanted: Iterable[str]) -> str | None:
    """The answer that an event is, in words; None if it is none. Of replies in words those that are wanted count, all if none is
    named, but never those that ask for no more messages; to confirm, to reschedule or to instruct always is an answer."""
    if event.kind in OTHER_ANSWERS and event.by is Party.CUSTOMER:
        return OTHER_ANSWERS[event.kind]
    if event.kind is not Kind.CUSTOMER_REPLY:
        return None
    if "available" in event.detail:
        return "the customer will be there" if event.detail["available"] else "the customer will not be there"
    said = plain(str(event.detail.get("text", "")))
    known = {plain(answer): answer for answer in wanted}
    if known:
        return f'answered "{known[said]}"' if said in known else None
    return None if said in NO_MORE else "answered"
