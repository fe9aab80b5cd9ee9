"""The golden payloads: what the models say of them. That they are what goes over the wire is shown by test_examples."""

import hashlib
import json
import re

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from tests.oms.golden import EXAMPLES, PAYLOADS, sent, told
from workflows.contract import CancelIn, RescheduleIn, problems_of
from workflows.events import DeliveryEvent, EventBatch
from workflows.orders import DeliveryOrder
from workflows.replies import Acknowledgement, DeliveryResult, ErrorDetails, UpdateAnswer
from workflows.schema import SCHEMAS, schema_of

MODELS: dict[str, type[BaseModel]] = {
    "order.json": DeliveryOrder,
    "order-again.json": DeliveryOrder,
    "event.json": DeliveryEvent,
    "batch.json": EventBatch,
    "reschedule.json": RescheduleIn,
    "cancel.json": CancelIn,
    "acknowledgement.json": Acknowledgement,
    "update-answer.json": UpdateAnswer,
    "result.json": DeliveryResult,
    "error.json": ErrorDetails,
}
"""Every payload that is good, and its model."""

WRONG = "order-refused.json"


def test_every_payload_has_its_model() -> None:
    assert {file.name for file in PAYLOADS.iterdir()} == {*MODELS, WRONG}


@pytest.mark.parametrize("name", MODELS)
def test_a_payload_is_what_its_model_and_its_schema_say(name: str) -> None:
    MODELS[name].model_validate_json(sent(name))

    assert MODELS[name] in SCHEMAS.values()
    assert list(Draft202012Validator(schema_of(MODELS[name])).iter_errors(told(name))) == []


@pytest.mark.parametrize(
    "name", ["order.json", "order-again.json", WRONG, "event.json", "batch.json", "reschedule.json", "cancel.json"]
)
def test_what_is_sent_is_written_as_every_language_writes_it(name: str) -> None:
    """Without spaces and with sorted keys, it comes out of every example with the same bytes, and so with the same order_sha256."""
    assert sent(name) == json.dumps(told(name), separators=(",", ":"), sort_keys=True).encode()


def test_the_wrong_order_has_the_mistakes_of_the_golden_error() -> None:
    with pytest.raises(ValueError, match="2 validation errors") as wrong:
        DeliveryOrder.model_validate_json(sent(WRONG))

    assert problems_of(wrong.value) == told("error.json")  # type: ignore[arg-type]


def test_the_golden_acknowledgement_is_that_of_the_golden_order() -> None:
    assert told("acknowledgement.json")["order_sha256"] == hashlib.sha256(sent("order.json")).hexdigest()


def test_the_page_shows_the_very_text_of_the_examples() -> None:
    page = (EXAMPLES.parents[1] / "docs" / "oms.md").read_text("utf-8")

    shown = re.findall(r"^<!-- (examples/oms/\S+) -->\n```\w*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)

    assert [name for name, text in shown if text.rstrip() != (EXAMPLES.parents[1] / name).read_text("utf-8").rstrip()] == [], (
        "run make pages"
    )
    files = {str(file.relative_to(EXAMPLES.parents[1])) for file in EXAMPLES.rglob("*") if file.is_file()}
    made = {file for file in files if "__pycache__" in file or "node_modules" in file or "/pb/" in file}
    not_shown = {"examples/oms/embed.py", "examples/oms/payloads/order-again.json"}
    assert files - made - {name for name, _ in shown} == not_shown
