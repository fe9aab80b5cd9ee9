"""docs/schema says of orders and events what the models say."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel
from temporalio import workflow

from domain.status import Kind
from workflows.delivery import Delivery
from workflows.events import DETAILS, DeliveryEvent
from workflows.orders import DeliveryOrder
from workflows.schema import FOLDER, SCHEMAS, UPDATES, schema_of, text_of


@pytest.mark.parametrize("file", SCHEMAS)
def test_the_schema_is_that_of_the_model(file: str) -> None:
    assert (FOLDER / file).read_text("utf-8") == text_of(SCHEMAS[file]), "run make schemas"


def test_there_is_no_schema_of_a_model_that_is_gone() -> None:
    assert {file.name for file in FOLDER.iterdir()} == set(SCHEMAS)


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        here = {str(node["$ref"])} if "$ref" in node else set()
        return here.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("model", SCHEMAS.values())
def test_a_schema_stands_by_itself(model: type[BaseModel]) -> None:
    schema = schema_of(model)

    Draft202012Validator.check_schema(schema)
    assert references(schema) <= {f"#/$defs/{name}" for name in schema.get("$defs", {})}


def test_what_cannot_be_missing_from_an_order_is_said() -> None:
    assert schema_of(DeliveryOrder)["required"] == ["delivery_id", "carrier", "promised", "destination"]


@pytest.mark.parametrize(
    ("event", "mistakes"),
    [
        pytest.param({"kind": "scan"}, 0, id="a scan"),
        pytest.param({"kind": "eta"}, 1, id="an ETA that does not say when"),
        pytest.param({"kind": "correction", "detail": {"event_id": "e"}}, 1, id="a correction that does not say why"),
    ],
)
def test_an_event_is_judged_by_its_schema(event: dict[str, Any], mistakes: int) -> None:
    plain = {"event_id": "e1", "occurred_at": "2026-11-23T08:04:00+02:00", "source": "acme"}

    found = list(Draft202012Validator(schema_of(DeliveryEvent)).iter_errors({**plain, **event}))

    assert len(found) == mistakes


def test_what_the_kind_of_an_event_needs_is_said() -> None:
    needed = {rule["if"]["properties"]["kind"]["const"]: rule["then"] for rule in schema_of(DeliveryEvent)["allOf"]}

    assert set(needed) == {Kind.STATUS, Kind.ETA, *DETAILS}
    assert needed["eta"] == {"required": ["eta"]}
    assert json.dumps(needed["correction"]["properties"]["detail"]) == '{"$ref": "#/$defs/CorrectionDetail"}'


def test_every_update_of_a_delivery_has_its_schema() -> None:
    definition = workflow._Definition.must_from_class(Delivery)

    assert set(definition.updates) == set(UPDATES)


@pytest.mark.parametrize("file", SCHEMAS)
def test_a_schema_says_which_it_is_and_of_which_version(file: str) -> None:
    schema = json.loads((FOLDER / file).read_text("utf-8"))

    assert schema["$id"] == f"urn:doorstep:1:{file.removesuffix('.json')}"
