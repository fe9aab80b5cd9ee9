"""The data converter of workers and clients: JSON through pydantic, and nothing that is sent can keep a workflow task from going on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.contrib.pydantic import PydanticPayloadConverter, pydantic_data_converter
from temporalio.converter import CompositePayloadConverter

from workflows.failures import AnswerConverter

_CONVERTERS = tuple(PydanticPayloadConverter().converters.values())
"""Shared: every workflow has a payload converter of its own, and what pydantic makes ready for a type takes milliseconds."""


class TolerantPayloadConverter(PydanticPayloadConverter):
    """Hands on as RawValue what cannot be decoded and has no type to decode to.

    A start or update with a wrong number of arguments loses its type hints; one unreadable argument among them would
    otherwise fail the workflow task for ever.
    """

    def __init__(self) -> None:
        CompositePayloadConverter.__init__(self, *_CONVERTERS)

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        if type_hints:
            return super().from_payloads(payloads, type_hints)
        return [self._decoded(payload) for payload in payloads]

    def _decoded(self, payload: Payload) -> Any:
        try:
            return super().from_payloads([payload], None)[0]
        except Exception:  # whatever a sender's bytes make a converter raise
            return RawValue(payload)


DATA_CONVERTER = replace(
    pydantic_data_converter, payload_converter_class=TolerantPayloadConverter, failure_converter_class=AnswerConverter
)
