"""What an incident asks for: an action, handed the delivery as it is at that moment, and the incident that it is for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.actions import ON_CALL, ActionRequest
from domain.delivery import Delivery
from domain.guards import Leading
from domain.incident import Incident, effect_key
from domain.instant import Instant
from domain.message import template_context
from domain.talk import WHATSAPP
from rules.book import Step
from rules.plan import is_of_open


@dataclass(frozen=True, slots=True)
class Deed:
    """One action to be started now."""

    path: str
    request: ActionRequest
    action: str

    @property
    def is_of_open(self) -> bool:
        """Whether it is asked for because an incident is open, not because it has ended."""
        return is_of_open(self.path)

    @property
    def name(self) -> str:
        """How tests and people call it: `reroute`, `notify.customer`."""
        who = self.request.args.get("who")
        return f"{self.action}.{who}" if who else self.action


def deed_of(delivery: Delivery, generation: int, incident: Incident, path: str, step: Step, now: Instant) -> Deed:
    """One step of an incident, to be done now."""
    return Deed(path, request_of(delivery, generation, incident, path, step.args, now), step.action)


def for_the_group(deed: Deed, disruption: Leading | None) -> Deed:
    """The deed of the delivery that leads a disruption: whoever leads it, it is done once."""
    if disruption is None:
        return deed
    key = f"disruption/{disruption.number}/{deed.request.rule}/{deed.path if '/' in deed.path else f'{deed.path}/0'}"
    return replace(deed, request=replace(deed.request, key=key))


def request_of(
    delivery: Delivery, generation: int, incident: Incident, path: str, args: Mapping[str, Any], now: Instant
) -> ActionRequest:
    """The request of one step of an incident."""
    order, facts = delivery.order, delivery.facts
    return ActionRequest(
        key=effect_key(order.delivery_id, generation, incident, path),
        incident_id=incident.incident_id,
        rule=incident.rule,
        says=incident.says,
        severity=incident.severity.value,
        delivery_id=order.delivery_id,
        generation=generation,
        args=dict(args),
        customer=order.customer,
        destination=order.destination,
        carrier=facts.carrier,
        asked_at=now,
        driver_id=facts.driver_id,
        route_id=facts.route_id,
        context=template_context(delivery, incident, now),
        tried=incident.tried.get(path, ()),
        stopped=facts.talk.stopped,
        wrote_at=facts.talk.wrote.get(WHATSAPP),
        turn=_turn(incident, path) if args.get("who") == ON_CALL else 0,
    )


def _turn(incident: Incident, path: str) -> int:
    """How often those on call were paged before for the incident."""
    name = f"notify.{ON_CALL}"
    return sum(act.action == name for kept, act in incident.acts.items() if kept != path)
