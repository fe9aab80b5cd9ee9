"""Messages that did not arrive: each goes by another way that is left, or has reached nobody. Pure.

That a message went out is the end of its action; that it did not arrive is learnt later, by an event `undelivered`. If it then stands on no
channel, its act waits again, under the same key, and is begun anew by the channels that were not tried: quiet hours and limits are looked at
as for any other, and a channel by which it went is not used twice. Where no way is left, the act has failed, and `otherwise` has its turn.
"""

from collections.abc import Iterable, Mapping

from domain.actions import OF_STAFF, QUESTIONS, ActionResult, Outcome
from domain.delivery import Delivery
from domain.event import Event
from domain.incident import Act, Incident, effect_key, path_in
from domain.instant import Instant
from domain.status import Kind, Party
from domain.talk import CUSTOMER, Told
from rules.deeds import Deed
from rules.limits import CUSTOMERS, TELLING, Effects, uncounted
from rules.plan import is_of_open
from rules.questions import asked

SENT = (Outcome.DONE, Outcome.ASKED)
"""What an act stands at whose message went out."""


def came_of(deed: Deed, outcome: Outcome, at: Instant) -> ActionResult:
    """What comes of a deed in a simulation: a question has first to be asked, and the delivery learns of what was told."""
    if deed.action in QUESTIONS and outcome in (Outcome.DONE, Outcome.UNANSWERED):
        return asked(deed.request, at)
    if deed.action in TELLING and outcome is Outcome.DONE:
        return ActionResult(outcome, events=tuple(_notified(deed, channel, at) for channel in channels_of(deed)))
    return ActionResult(outcome)


def channels_of(deed: Deed) -> tuple[str, ...]:
    """By which channels a message goes: by those that the rule names; where they were tried before, by the next."""
    request = deed.request
    named = tuple(channel for channel in request.args.get("channels") or ("email",) if channel not in request.tried)
    allowed = request.customer.channels if request.args.get("who") == CUSTOMER else OF_STAFF
    return named or tuple(channel for channel in allowed if channel not in request.tried)[:1]


def _notified(deed: Deed, channel: str, at: Instant) -> Event:
    detail = {"template": deed.request.args.get("template"), "channel": channel, "to": deed.request.args.get("who")}
    return Event(f"{deed.request.key}/{channel}", Kind.NOTIFIED, at, at, "doorstep", by=Party.SYSTEM, detail=detail)


def events_of(deed: Deed, result: ActionResult, at: Instant) -> tuple[Event, ...]:
    """What the delivery learns from what came of a deed: that a message to its customer reached nobody, too."""
    if result.outcome is not Outcome.FAILED or deed.name not in CUSTOMERS:
        return result.events
    detail = {"message": deed.request.key, "to": CUSTOMER, "template": deed.request.args.get("template")}
    return (
        *result.events,
        Event(f"{deed.request.key}/nobody", Kind.UNDELIVERED, at, at, "doorstep", by=Party.SYSTEM, detail=detail),
    )


def passed_on(
    incidents: Iterable[Incident], delivery: Delivery, generation: int, effects: Effects, now: Instant
) -> tuple[tuple[Incident, ...], Effects]:
    """The incidents with what is to become of messages that did not arrive; what reached nobody counts against no limit."""
    lost = {key: told for key, told in delivery.facts.talk.messages.items() if told.is_lost}
    passed = list(incidents)
    for number, incident in enumerate(passed) if lost else ():
        for path, act, told in _lost(incident, lost, delivery.order.delivery_id, generation):
            effects = uncounted(effects, act.action, act.asked_at)
            passed[number] = _again(passed[number], path, act, told, delivery, now)
    return tuple(passed), effects


def _lost(incident: Incident, lost: Mapping[str, Told], delivery_id: str, generation: int) -> Iterable[tuple[str, Act, Told]]:
    """The acts of an incident whose message reached nobody, by path."""
    for key, told in lost.items():
        path = path_in(key)
        act = incident.acts.get(path)
        if act is not None and act.outcome in SENT and effect_key(delivery_id, generation, incident, path) == key:
            yield path, act, told


def _again(incident: Incident, path: str, act: Act, told: Told, delivery: Delivery, now: Instant) -> Incident:
    by = ", ".join(channel for channel in told.failed if channel)
    left = delivery.facts.talk.left(told, delivery.order.customer.channels if told.to == CUSTOMER else OF_STAFF)
    if is_of_open(path) and not incident.is_open:
        return incident.with_act(
            path, Act(act.action, act.asked_at, Outcome.FAILED, now, f"not delivered by {by}; its incident has ended")
        )
    if not left:
        note = f"not delivered by {by}, and there is no other way"
        return incident.with_act(path, Act(act.action, act.asked_at, Outcome.FAILED, now, note))
    note = f"not delivered by {by}; goes by another way"
    return incident.trying(path, told.failed, Act(act.action, act.asked_at, Outcome.DEFERRED, now, note, now))
