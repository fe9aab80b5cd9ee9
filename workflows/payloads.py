"""The data converter of workers and clients: JSON through pydantic, and nothing that is sent can keep a workflow task from going on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.contrib.pydantic import PydanticPayloadConverter, pydantic_data_converter
from temporalio.converter import CompositePayloadConverter, DataConverter

from workflows.codec import KEY_ID, REASON, SEALED, UNREADABLE, Codec
from workflows.failures import AnswerConverter, SealedAnswerConverter

_CONVERTERS = tuple(PydanticPayloadConverter().converters.values())
"""Shared: every workflow has a payload converter of its own, and what pydantic makes ready for a type takes milliseconds."""


class UnreadableError(ValueError):
    """What Temporal answered is sealed, and this process cannot open it; says why and what to do."""


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
        if not workflow.in_workflow():
            _refuse_sealed(payload)
        try:
            return super().from_payloads([payload], None)[0]
        except Exception:  # whatever a sender's bytes make a converter raise
            return RawValue(payload)


def _refuse_sealed(payload: Payload) -> None:
    """Raises UnreadableError for what our codec could not open, or what no codec has opened."""
    encoding = payload.metadata.get("encoding", b"")
    if encoding == UNREADABLE:
        reason = payload.metadata[REASON].decode()
        raise UnreadableError(f"what Temporal answered cannot be opened: {reason}; check DOORSTEP_CODEC_KEYS")
    if encoding == SEALED:
        id = payload.metadata.get(KEY_ID, b"").decode("ascii", "replace")
        raise UnreadableError(
            f"what Temporal answered is sealed with the key {id!r}; set DOORSTEP_CODEC_KEYS as the workers have it"
        )


DATA_CONVERTER = replace(
    pydantic_data_converter, payload_converter_class=TolerantPayloadConverter, failure_converter_class=AnswerConverter
)
"""Of an installation without codec keys."""


def data_converter(codec: Codec | None) -> DataConverter:
    """The data converter of every worker, client and replayer of an installation."""
    if codec is None:
        return DATA_CONVERTER
    return replace(DATA_CONVERTER, payload_codec=codec, failure_converter_class=SealedAnswerConverter)
