"""What an action is handed: the delivery as it is at that moment, and the incident that it is for. Pure."""

from collections.abc import Mapping
from typing import Any

from domain.actions import ActionRequest
from domain.delivery import Delivery
from domain.incident import Incident, effect_key
from domain.instant import Instant
from domain.message import template_context


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
    )
