"""How carriers speak: their tracking payloads, turned into our events. To add a carrier: one file here and one row."""

from collections.abc import Mapping
from typing import Protocol

from domain.instant import Instant
from integrations.carriers.easypost import parse as parse_easypost
from integrations.carriers.errors import CarrierPayloadError
from integrations.carriers.tracked import TrackedEvents
from integrations.carriers.ups import parse as parse_ups

__all__ = ["CARRIERS", "CarrierPayloadError", "ParseCarrierPayload", "TrackedEvents"]


class ParseCarrierPayload(Protocol):
    """Turns one payload into events by tracking number. Pure; raises nothing but CarrierPayloadError."""

    def __call__(self, payload: bytes, *, recorded_at: Instant) -> tuple[TrackedEvents, ...]: ...


CARRIERS: Mapping[str, ParseCarrierPayload] = {
    "easypost": parse_easypost,
    "ups": parse_ups,
}
"""Name of the feed -> how to read it."""
