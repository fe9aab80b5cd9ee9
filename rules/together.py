"""Groups: whether a rule's group acts for its members, each for itself, or has still to gather. Pure.

`group` is a guard with a membership: a delivery of which the rest of the rule is true has joined those that share its route, hub
or the like, and opens once there are enough of them.
"""

from domain.actions import Outcome
from domain.delivery import Delivery
from domain.guards import Leading, leading, leaving
from domain.incident import Act, Incident
from domain.instant import Instant
from rules.book import Rule
from rules.guard_steps import is_alone
from rules.plan import is_of_open

ACTS_INSTEAD = "disruption {} acts"
"""Why a member does nothing: the number is that of the disruption."""


def acts_at(rule: Rule, incident: Incident) -> Instant:
    """When the actions of an incident may begin."""
    return incident.opened_at + (rule.group.gather if rule.group is not None else 0)


def is_waiting(rule: Rule, incident: Incident, delivery: Delivery, now: Instant) -> bool:
    """Whether nothing may begin yet: the group is gathering, or it is not known who acts for it. What ended before it had gathered
    never begins anything."""
    if rule.group is None:
        return False
    if now < acts_at(rule, incident) or (incident.resolved_at or now) < acts_at(rule, incident):
        return True
    if not rule.group.instead or is_alone(rule.group.by, rule.group.at_least, delivery):
        return False
    return incident.is_open and _truth(incident, delivery) is None


def disruption_of(rule: Rule, incident: Incident, delivery: Delivery) -> Leading | None:
    """The disruption that acts instead of its members, and the delivery that leads it; None where each acts for itself."""
    if rule.group is None or not rule.group.instead or not _truth(incident, delivery):
        return None
    of = delivery.facts.groups.get(_key(incident, delivery))
    return leading(of) if of else None


def left_to_another(rule: Rule, incident: Incident, path: str, name: str, delivery: Delivery, now: Instant) -> Act | None:
    """What comes of a step that another delivery does for the whole group; None for a step that this one does."""
    if rule.group is None or not rule.group.instead:
        return None
    if not is_of_open(path):
        acts = [*incident.acts.values()]
        # Who took over from a leader that had left has spoken for the group, and speaks at its end too.
        held = acts[0].note if acts and all(map(_is_left, acts)) else None
        return Act(name, now, Outcome.WITHHELD, now, held) if held is not None else None
    disruption = disruption_of(rule, incident, delivery)
    if disruption is None or disruption.delivery_id == delivery.order.delivery_id:
        return None
    return Act(name, now, Outcome.WITHHELD, now, ACTS_INSTEAD.format(disruption.number))


def _is_left(act: Act) -> bool:
    before, after = ACTS_INSTEAD.split("{}")
    note = act.note or ""
    return act.outcome is Outcome.WITHHELD and note.startswith(before) and note.endswith(after)


def _truth(incident: Incident, delivery: Delivery) -> bool | None:
    return delivery.facts.guards.get(_key(incident, delivery))


def _key(incident: Incident, delivery: Delivery) -> str:
    """Under which it is known whether the rule's group has come together; "" if the delivery is in none."""
    joined = ((key, leaving(key)) for key in delivery.facts.guards)
    return next((key for key, apart in joined if apart is not None and apart.detail.endswith(f"/{incident.rule}")), "")
