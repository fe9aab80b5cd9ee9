"""The JSON Schemas of what a delivery is sent and answers, made from the wire models: `python -m workflows.schema` writes docs/schema/.

A schema cannot say everything that the models check (time zones, windows that end before they start): what it refuses is
refused by a delivery too, not the other way round.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from domain.status import Kind
from workflows.contract import (
    AcceptedIn,
    AcknowledgeIn,
    AdoptIn,
    AmendIn,
    CancelIn,
    ClaimIn,
    ConfirmAvailabilityIn,
    CorrectIn,
    DecideIn,
    InstructIn,
    MuteIn,
    ReassignIn,
    RescheduleIn,
    ResolveIn,
)
from workflows.events import DETAILS, DeliveryEvent, EventBatch
from workflows.orders import DeliveryOrder
from workflows.replies import Acknowledgement, DeliveryResult, ErrorDetails, Snapshot, UpdateAnswer

DIALECT = "https://json-schema.org/draft/2020-12/schema"

FOLDER = Path(__file__).parents[1] / "docs" / "schema"

VERSION = 1
"""Of all schemas: the `schema_version` of orders and events, and the number in each `$id`. A change that an order system would have to
follow makes it 2; fields that may be left out, and fields of answers, come without."""

UPDATES: Mapping[str, type[BaseModel]] = {
    "accepted": AcceptedIn,
    "acknowledge": AcknowledgeIn,
    "adopt_rulebook": AdoptIn,
    "amend": AmendIn,
    "cancel": CancelIn,
    "claim": ClaimIn,
    "confirm_availability": ConfirmAvailabilityIn,
    "correct": CorrectIn,
    "decide": DecideIn,
    "instruct": InstructIn,
    "mute": MuteIn,
    "reassign": ReassignIn,
    "reschedule": RescheduleIn,
    "resolve": ResolveIn,
}
"""Update -> the model of its argument. A test knows all of them."""

SENT: Mapping[str, type[BaseModel]] = {
    "delivery-order.json": DeliveryOrder,
    "delivery-event.json": DeliveryEvent,
    "event-batch.json": EventBatch,
    **{f"update-{name.replace('_', '-')}.json": model for name, model in UPDATES.items()},
}
"""File -> model of what is sent."""

TOLD: Mapping[str, type[BaseModel]] = {
    "acknowledgement.json": Acknowledgement,
    "update-answer.json": UpdateAnswer,
    "delivery-result.json": DeliveryResult,
    "snapshot.json": Snapshot,
    "error-details.json": ErrorDetails,
}
"""File -> model of what is answered."""

SCHEMAS: Mapping[str, type[BaseModel]] = {**SENT, **TOLD}

OF_EVENTS = (DeliveryEvent, EventBatch)


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """One model with all that it refers to, as a document of its own."""
    parts = parts_of([DeliveryEvent, *DETAILS.values(), model] if model in OF_EVENTS else [model], "#/$defs/")
    if DeliveryEvent.__name__ in parts:
        parts[DeliveryEvent.__name__]["allOf"] = _what_kinds_need()
    own = parts[model.__name__]
    others = {name: part for name, part in sorted(parts.items()) if part is not own}
    return {"$schema": DIALECT, "$id": id_of(model), **own, **({"$defs": others} if others else {})}


def parts_of(models: Sequence[type[BaseModel]], place: str) -> dict[str, Any]:
    """The schemas of models and of all that they refer to, by name; they refer to each other at `place`."""
    _, found = models_json_schema([(each, "validation") for each in models], ref_template=f"{place}{{model}}")
    parts: dict[str, Any] = found["$defs"]
    for part in parts.values():
        if part.get("additionalProperties") is False:  # we answer no more than this today; a later version may
            del part["additionalProperties"]
    return parts


def id_of(model: type[BaseModel]) -> str:
    """`urn:doorstep:1:delivery-order`: which schema it is, and of which version."""
    (file,) = (file for file, one in SCHEMAS.items() if one is model)
    return f"urn:doorstep:{VERSION}:{file.removesuffix('.json')}"


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
