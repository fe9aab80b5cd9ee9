"""/openapi.json: every door for machines with what it takes, all that it answers, and how one signs in.

Schemas are made from the models that the doors and deliveries read with, as those in docs/schema.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from cli.openapi_doors import DOORS, JSON, SIGN_IN, UPDATE, Door
from intake.offers import Answer
from intake.tickets import Change
from workflows.client import UPDATES
from workflows.orders import DeliveryOrder
from workflows.replies import ErrorDetails, Snapshot, UpdateAnswer
from workflows.schema import UPDATES as MODELS
from workflows.schema import VERSION, parts_of

ABOUT = (
    "The doors of Doorstep for programs. What is refused is told as problem details (RFC 9457); it never quotes what was sent. "
    "docs/oms.md has examples in several languages."
)
PLACE = "#/components/schemas/"
PROBLEM = "application/problem+json"
ANY_UPDATE = "/v1/deliveries/{delivery_id}/{update}"
TOO_MANY = "too many requests from one client: wait for Retry-After seconds"

OURS: Mapping[str, type[BaseModel]] = {"OfferAnswer": Answer, "TicketChange": Change}
"""Models that are called otherwise for the world outside."""

TEXT: Mapping[str, Any] = {"type": "string"}
TEXT_OR_NULL: Mapping[str, Any] = {"type": ["string", "null"]}
WINDOW = {"type": "object", "required": ["start", "end"], "properties": {"start": TEXT_OR_NULL, "end": TEXT_OR_NULL}}

PLAIN: Mapping[str, Mapping[str, Any]] = {
    "Refusal": {
        "type": "object",
        "description": "problem details (RFC 9457)",
        "required": ["title", "status", "detail"],
        "properties": {"title": TEXT, "status": {"type": "integer"}, "detail": TEXT, "errors": {"$ref": f"{PLACE}ErrorDetails"}},
    },
    "OrderTaken": {
        "type": "object",
        "required": ["delivery_id", "state"],
        "properties": {"delivery_id": TEXT, "state": {"enum": ["started", "kept"]}},
    },
    "Decision": {
        "type": "object",
        "required": ["approve", "by"],
        "properties": {"approve": {"type": "boolean"}, "by": TEXT},
    },
    "Taken": {
        "type": "object",
        "required": ["taken"],
        "properties": {"taken": {"type": "boolean"}, "because": TEXT, "update": TEXT},
    },
    "OfferAnswered": {"type": "object", "required": ["ok"], "properties": {"ok": {"const": True}, "state": TEXT, "as_of": TEXT}},
    "Plan": {
        "type": "object",
        "required": ["as_of", "route_id", "service_date", "version", "carrier", "driver_id", "broken_at", "shift_ends", "stops"],
        "properties": {
            **dict.fromkeys(("as_of", "route_id", "service_date"), TEXT),
            "version": {"type": "integer"},
            **dict.fromkeys(("carrier", "driver_id", "broken_at", "shift_ends"), TEXT_OR_NULL),
            "stops": {"type": "array", "items": {"$ref": f"{PLACE}PlanStop"}},
        },
    },
    "PlanStop": {
        "type": "object",
        "required": ["delivery_id", "state", "fixed", "eta", "window"],
        "properties": {
            "delivery_id": TEXT,
            "state": TEXT,
            "fixed": {"type": "boolean"},
            "eta": TEXT_OR_NULL,
            "window": WINDOW,
        },
    },
    "Form": {"type": "object", "additionalProperties": TEXT},
    "Text": TEXT,
    "TwiML": TEXT,
}
"""Schemas of what has no model."""

ANSWERED_AS: Mapping[str, str] = {"TwiML": "application/xml"}
"""Media types of answers that are not JSON."""

ALSO: Mapping[str, Mapping[str, Any]] = {
    "Idempotency-Key": {
        "in": "header",
        "description": "names the call: sent again with the same body it is done once",
        "schema": {"type": "string", "pattern": "^[!-~]{1,100}$"},
    },
    "If-None-Match": {"in": "header", "description": "the ETag of the plan that the caller has", "schema": TEXT},
    "service_date": {
        "in": "query",
        "description": "the day; without it the latest that there is",
        "schema": {"type": "string", "format": "date"},
    },
}
"""What may be given besides the body."""


def describe(app: FastAPI) -> None:
    """Lets the application tell its doors in full."""
    told: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not told:  # doors are declared once
            told.update(document(app))
        return told

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to do so


def document(app: FastAPI) -> dict[str, Any]:
    """The whole."""
    found = get_openapi(title="Doorstep", version=str(VERSION), description=ABOUT, routes=app.routes)
    paths: dict[str, dict[str, Any]] = {}
    for path, methods in found["paths"].items():
        for method, plain in methods.items():
            for own_path, told in _told(method.upper(), path, plain):
                paths.setdefault(own_path, {})[method] = told
    return {**found, "paths": paths, "components": {"schemas": schemas(), "securitySchemes": dict(SIGN_IN)}}


def _told(method: str, path: str, plain: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each operation under its path; the path of any update becomes one path an update."""
    if path == ANY_UPDATE:
        own = [one for one in plain["parameters"] if one["name"] != "update"]
        for update in UPDATES:
            yield (
                path.replace("{update}", update),
                _operation(UPDATE, f"update_{update}", own, MODELS[update].__name__, f"The update `{update}`"),
            )
    elif (door := DOORS.get(f"{method} {path}")) is not None:
        yield path, _operation(door, plain["operationId"], plain.get("parameters", ()), door.takes, door.summary)
    else:
        yield path, plain


def _operation(door: Door, id: str, parameters: Any, takes: str | None, summary: str) -> dict[str, Any]:
    refusals = {**door.refuses, 429: TOO_MANY}
    answers = {
        str(status): _answer(said, schema, door.examples.get(str(status))) for status, (said, schema) in door.answers.items()
    }
    body = {"required": True, "content": {door.type: _content(takes, door.examples.get("request"))}} if takes else None
    return {
        "operationId": id,
        "summary": summary,
        "security": [{way: []} for way in door.lets_in],
        "parameters": [*parameters, *({"name": name, **ALSO[name]} for name in door.also)],
        **({"requestBody": body} if body else {}),
        "responses": answers | {str(status): _refusal(status, refusals[status]) for status in sorted(refusals)},
    }


def _answer(said: str, schema: str | None, example: Any) -> dict[str, Any]:
    if schema is None:
        return {"description": said}
    return {"description": said, "content": {ANSWERED_AS.get(schema, JSON): _content(schema, example)}}


def _content(schema: str | None, example: Any) -> dict[str, Any]:
    return {"schema": {"$ref": f"{PLACE}{schema}"}, **({"example": example} if example is not None else {})}


def _refusal(status: int, said: str) -> dict[str, Any]:
    example = {"title": HTTPStatus(status).phrase, "status": status, "detail": said}
    waits = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}} if status in (429, 503) else None
    told = {"description": said, "content": {PROBLEM: _content("Refusal", example)}}
    return {**told, "headers": waits} if waits else told


def schemas() -> dict[str, Any]:
    """All that operations refer to, by name."""
    models: list[type[BaseModel]] = [DeliveryOrder, *(MODELS[update] for update in UPDATES), Snapshot, UpdateAnswer, ErrorDetails]
    ours = {name: parts_of([model], PLACE)[model.__name__] for name, model in OURS.items()}
    return {**parts_of(models, PLACE), **ours, **PLAIN}
