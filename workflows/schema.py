"""The JSON Schemas of what is sent to a delivery, made from the wire models: `python -m workflows.schema` writes docs/schema/.

A schema cannot say everything that the models check (time zones, windows that end before they start): what it refuses is
refused by a delivery too, not the other way round.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from domain.status import Kind
from workflows.events import DETAILS, DeliveryEvent, EventBatch
from workflows.orders import DeliveryOrder

DIALECT = "https://json-schema.org/draft/2020-12/schema"

FOLDER = Path(__file__).parents[1] / "docs" / "schema"

SCHEMAS: Mapping[str, type[BaseModel]] = {
    "delivery-order.json": DeliveryOrder,
    "delivery-event.json": DeliveryEvent,
    "event-batch.json": EventBatch,
}
"""File -> model."""


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """One model with all that it refers to, as a document of its own."""
    wanted: list[type[BaseModel]] = [model] if model is DeliveryOrder else [DeliveryEvent, *DETAILS.values(), model]
    _, found = models_json_schema([(each, "validation") for each in wanted], ref_template="#/$defs/{model}")
    parts: dict[str, Any] = found["$defs"]
    if DeliveryEvent.__name__ in parts:
        parts[DeliveryEvent.__name__]["allOf"] = _what_kinds_need()
    own = parts[model.__name__]
    others = {name: part for name, part in sorted(parts.items()) if part is not own}
    return {"$schema": DIALECT, **own, **({"$defs": others} if others else {})}


def _what_kinds_need() -> list[dict[str, Any]]:
    """The fields that an event of a kind cannot do without, and the shape of its detail."""
    fields = [_when(Kind.STATUS, {"required": ["status"]}), _when(Kind.ETA, {"required": ["eta"]})]
    details = [
        _when(kind, {"required": ["detail"], "properties": {"detail": {"$ref": f"#/$defs/{model.__name__}"}}})
        for kind, model in DETAILS.items()
    ]
    return fields + details


def _when(kind: Kind, then: Mapping[str, Any]) -> dict[str, Any]:
    return {"if": {"required": ["kind"], "properties": {"kind": {"const": kind.value}}}, "then": dict(then)}


def text_of(model: type[BaseModel]) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema_of(model), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, model in SCHEMAS.items():
        (FOLDER / file).write_text(text_of(model), "utf-8")
