"""What messages and tickets may speak of: the values that templates can name."""

from collections.abc import Mapping
from typing import Any

from domain.delivery import Delivery
from domain.incident import Incident
from domain.instant import Instant

AT_SENDING: Mapping[str, Any] = {
    "tracking_url": None,
    "reply_code": None,
    "acknowledge_url": None,
    "decision_url": None,
    "proposal": {"actions": (), "cost": None, "due_at": None},
}
"""Variables that are known only where a message is sent, as they are where they are not: links, codes, what is proposed."""


def template_context(delivery: Delivery, incident: Incident, now: Instant) -> dict[str, Any]:
    """The variables of a template. Instants are milliseconds, for the filters local_time, local_date and minutes_until."""
    order, facts = delivery.order, delivery.facts
    scan = facts.last_scan
    return {
        "now": now,
        "delivery_id": order.delivery_id,
        "order_id": order.order_id,
        "tracking_numbers": [*order.tracking_numbers, *(number for _, number in facts.more_numbers)],
        "status": facts.status.value,
        "condition": delivery.condition(now).value,
        "eta": facts.eta,
        "promised": {"start": facts.promised.start, "end": facts.promised.end},
        "first_promised": {"start": facts.first_promised.start, "end": facts.first_promised.end},
        "attempts": facts.attempts,
        "attempts_allowed": order.attempts_allowed,
        "stops_before": facts.stops_before,
        "proof": facts.proof,
        "last_reason": facts.last_reason.value if facts.last_reason else None,
        "last_scan": {"at": scan.at if scan else None, "place": scan.place if scan else None},
        "carrier": facts.carrier,
        "driver": facts.driver_id,
        "route": facts.route_id,
        "zone": order.zone,
        "hub": order.hub,
        "shipper": order.shipper,
        "timezone": order.destination.timezone,
        "address": order.destination.address,
        "customer": {"name": order.customer.name, "language": order.customer.language, "tier": order.customer.tier},
        "incident": {
            "id": incident.incident_id,
            "rule": incident.rule,
            "says": incident.says,
            "severity": incident.severity.value,
            "opened_at": incident.opened_at,
            "resolution": incident.resolution.value if incident.resolution else None,
        },
    }
