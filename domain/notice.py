"""What other systems are told about an incident: the body of a webhook, in the words of the query `snapshot`. No personal data."""

from collections.abc import Mapping
from typing import Any

from domain.actions import ActionRequest
from domain.instant import iso

SCHEMA_VERSION = 1


def notice_of(request: ActionRequest, type: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object; the same on every try. `more` stands beside the incident and the delivery, whatever is None is left out."""
    known = {name: value for name, value in more.items() if value not in (None, {})}
    return {
        "schema_version": SCHEMA_VERSION,
        "type": type,
        "timestamp": iso(request.asked_at),
        "data": {"incident": _incident(request), "delivery": _delivery(request), **known},
    }


def _incident(request: ActionRequest) -> dict[str, Any]:
    told = request.context.get("incident") or {}
    return {
        "incident_id": request.incident_id,
        "rule": request.rule,
        "says": request.says,
        "severity": request.severity,
        "opened_at": iso(told.get("opened_at")),
        "resolution": told.get("resolution"),
    }


def _delivery(request: ActionRequest) -> dict[str, Any]:
    told = request.context
    return {
        "delivery_id": request.delivery_id,
        "generation": request.generation,
        **{
            name: told.get(name)
            for name in ("order_id", "shipper", "status", "condition", "attempts", "last_reason", "zone", "hub")
        },
        "tracking_numbers": list(told.get("tracking_numbers") or ()),
        "promised": _window(told.get("promised")),
        "eta": iso(told.get("eta")),
        "assigned": {"carrier": request.carrier, "driver_id": request.driver_id, "route_id": request.route_id},
    }


def _window(window: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"start": iso((window or {}).get("start")), "end": iso((window or {}).get("end"))}
