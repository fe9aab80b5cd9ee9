"""Small tracking payloads as the carriers send them, to be changed by a test."""

import json
from typing import Any


def tracker(**changed: Any) -> dict[str, Any]:
    detail = {"status": "in_transit", "status_detail": "departed_facility", "datetime": "2026-11-23T08:00:00Z", "message": "Left"}
    return {
        "object": "Tracker",
        "tracking_code": "EZ1",
        "status": "in_transit",
        "carrier": "UPS",
        "updated_at": "2026-11-23T08:05:00Z",
        "tracking_details": [detail],
        **changed,
    }


def detail(status: str, narrower: str | None = None) -> dict[str, Any]:
    place = {"city": "Espoo", "state": None, "country": "FI", "zip": "02100"}
    return {"status": status, "status_detail": narrower, "datetime": "2026-11-23T08:00:00Z", "tracking_location": place}


def activity(type: str = "I", code: str = "", status_code: str = "", **changed: Any) -> dict[str, Any]:
    address = {"city": "Wayne", "stateProvince": "NJ", "postalCode": "07470", "countryCode": "US"}
    return {
        "date": "20261123",
        "time": "071356",
        "gmtOffset": "-05:00",
        "location": {"address": address},
        "status": {"type": type, "code": code, "statusCode": status_code, "description": "Words"},
        **changed,
    }


def package(*activities: dict[str, Any], number: str = "1Z999", **changed: Any) -> dict[str, Any]:
    return {"trackingNumber": number, "activity": list(activities), **changed}


def answer(*packages: dict[str, Any], **shipment: Any) -> bytes:
    body = {"trackResponse": {"shipment": [{"inquiryNumber": "1Z000", "package": list(packages), **shipment}]}}
    return json.dumps(body).encode()
