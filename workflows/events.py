"""Events as others send them, and as we send them on: JSON with ISO times and decimal strings, checked as orders are (`orders`)."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from domain import stated
from domain.event import Event, Place
from domain.instant import Instant, instant, iso
from domain.reasons import Reason
from domain.status import REPORTED, AssignmentState, DriverState, Kind, Party, Status
from workflows.orders import PlannedIn
from workflows.scalars import NULL_IS_EMPTY, EventId, Latitude, Longitude, Measure, Name, When, Wire, thousandths

SCHEMA_VERSION = 1

LONGEST_DETAIL = 4_000
"""Bytes of JSON that an event's `detail` may have, so that 500 events always fit into one payload."""


class LocationIn(Wire):
    """Where it happened."""

    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    accuracy_m: Annotated[float, Field(ge=0)] | None = None


class CorrectionDetail(Wire):
    """Which event is withdrawn, and why."""

    event_id: EventId
    reason: Literal["did_not_occur", "incorrect_data"]


class PromiseChangedDetail(Wire):
    """The new window."""

    start: When | None = None
    end: When


class AssignmentDetail(Wire):
    """Who was offered or took the delivery."""

    state: AssignmentState
    driver_id: Name | None = None
    route_id: Name | None = None
    carrier: Name | None = None
    tracking_number: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    note: Annotated[str, StringConstraints(max_length=200)] | None = None


class DriverStatusDetail(Wire):
    """What the driver says of themselves."""

    state: DriverState


class SensorDetail(Wire):
    """A reading. Kept as thousandths of its unit."""

    name: Name
    value: Measure
    unit: Annotated[str, StringConstraints(max_length=16)] = ""


def _short_detail(detail: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(detail)) > LONGEST_DETAIL:
        raise ValueError(f"at most {LONGEST_DETAIL} bytes of JSON are kept; send a reference instead")
    return detail


DETAILS: dict[Kind, type[Wire]] = {
    Kind.CORRECTION: CorrectionDetail,
    Kind.PROMISE_CHANGED: PromiseChangedDetail,
    Kind.PLAN_CHANGED: PlannedIn,
    Kind.ASSIGNMENT: AssignmentDetail,
    Kind.DRIVER_STATUS: DriverStatusDetail,
    Kind.SENSOR: SensorDetail,
}
"""What `detail` must hold, by kind; other kinds may hold any small object."""


_QUOTED = [f"'{kind}'" for kind in REPORTED]


def _from_outside(kind: Any) -> Any:
    """What only we tell ourselves is as wrong as what there is not, and pydantic would say so in these words."""
    if kind not in REPORTED:
        raise PydanticCustomError("enum", f"Input should be {', '.join(_QUOTED[:-1])} or {_QUOTED[-1]}")
    return kind


ReportedKind = Annotated[
    Kind, BeforeValidator(_from_outside), WithJsonSchema({"enum": list(REPORTED), "title": "Kind", "type": "string"})
]


class DeliveryEvent(Wire):
    """One thing reported about a delivery."""

    model_config = ConfigDict(title="DeliveryEvent")

    schema_version: Literal[1] = 1
    event_id: EventId
    kind: ReportedKind
    status: Status | None = None
    occurred_at: When
    source: Name
    by: Party | None = None
    parcel_ids: Annotated[
        Annotated[tuple[Annotated[str, StringConstraints(max_length=64)], ...], Field(max_length=200)] | None, NULL_IS_EMPTY
    ] = ()
    recorded_at: When | None = None
    location: LocationIn | None = None
    reason: Reason | None = None
    eta: When | None = None
    confidence: Annotated[int, Field(ge=0, le=100)] | None = None
    detail: Annotated[dict[str, Any], Field(max_length=50), AfterValidator(_short_detail)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> "DeliveryEvent":
        if self.kind is Kind.STATUS and self.status is None:
            raise ValueError("an event of kind status needs a status")
        if self.kind is Kind.ETA and self.eta is None:
            raise ValueError("an event of kind eta needs an eta")
        if self.kind in DETAILS:
            DETAILS[self.kind].model_validate_json(json.dumps(self.detail))
        if self.kind is Kind.NOTE and "fact" in self.detail and (refused := stated.refusal(self.detail)) is not None:
            raise ValueError(refused)
        return self

    def event(self, known_at: Instant) -> Event:
        """The event as a domain value. A sender whose clock is ahead is taken to mean "now"."""
        recorded_at = instant(self.recorded_at) if self.recorded_at else known_at
        return Event(
            event_id=self.event_id,
            kind=self.kind,
            occurred_at=min(instant(self.occurred_at), known_at),
            recorded_at=min(recorded_at, known_at),
            source=self.source,
            status=self.status,
            by=self.by,
            parcel_ids=self.parcel_ids or (),
            location=Place(**self.location.model_dump()) if self.location else None,
            reason=self.reason,
            eta=instant(self.eta) if self.eta else None,
            confidence=self.confidence,
            detail=self._detail(),
        )

    def _detail(self) -> Mapping[str, Any]:
        model = DETAILS.get(self.kind)
        if model is None:
            return self.detail
        checked = model.model_validate_json(json.dumps(self.detail))
        return {name: _as_whole(getattr(checked, name)) for name in type(checked).model_fields}


class EventBatch(Wire):
    """Several events in one signal."""

    events: Annotated[tuple[DeliveryEvent, ...], Field(min_length=1, max_length=1000)]


def wire_event(event: Event) -> dict[str, Any]:
    """A domain event as the JSON object that the `report` signal takes."""
    place = event.location
    sent = {
        "schema_version": SCHEMA_VERSION,
        "event_id": event.event_id,
        "kind": event.kind.value,
        "status": event.status.value if event.status else None,
        "occurred_at": iso(event.occurred_at),
        "recorded_at": iso(event.recorded_at),
        "source": event.source,
        "by": event.by.value if event.by else None,
        "parcel_ids": list(event.parcel_ids),
        "location": None if place is None else {"name": place.name, "lat": place.lat, "lon": place.lon},
        "reason": event.reason.value if event.reason else None,
        "eta": iso(event.eta),
        "confidence": event.confidence,
        "detail": {name: _as_sent(event.kind, name, value) for name, value in event.detail.items()},
    }
    return {name: value for name, value in sent.items() if value not in (None, [], {})}


def _as_sent(kind: Kind, name: str, value: Any) -> Any:
    if name in ("start", "end", "due"):
        return iso(value)
    return str(Decimal(value) / 1000) if kind is Kind.SENSOR and name == "value" else value


def _as_whole(value: Any) -> Any:
    if isinstance(value, Decimal):
        return thousandths(value)
    return instant(value) if hasattr(value, "tzinfo") else value
