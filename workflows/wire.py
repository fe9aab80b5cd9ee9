"""Orders and events as others send them: JSON with ISO times and decimal strings, checked here and turned into domain values.

Unknown fields are ignored, so that a newer sender can speak to an older receiver. Errors never repeat what was sent:
it may be personal data.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from domain import stated
from domain.event import Event, Place
from domain.instant import SECOND, Instant, instant, iso
from domain.order import Customer, Destination, Job, Money, Order, Parcel, PlannedMilestone, Window
from domain.reasons import Reason
from domain.status import MILESTONES, REPORTED, AssignmentState, DriverState, Kind, Party, Status
from workflows.scalars import (
    Currency,
    Decimals,
    Degrees,
    EventId,
    Latitude,
    Longitude,
    Measure,
    Name,
    Text,
    Timezone,
    When,
    Wire,
)

SCHEMA_VERSION = 1

LONGEST_DETAIL = 4_000
"""Bytes of JSON that an event's `detail` may have, so that 500 events always fit into one payload."""


class WindowIn(Wire):
    """A promised window; `start` may be missing."""

    start: When | None = None
    end: When
    window_type: Name = "slot"

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> "WindowIn":
        if self.start is not None and self.start > self.end:
            raise ValueError("the window ends before it starts; swap start and end")
        return self

    def value(self) -> Window:
        return Window(instant(self.start) if self.start else None, instant(self.end), self.window_type)


class DestinationIn(Wire):
    """Where the parcels go."""

    timezone: Timezone
    lat: Latitude | None = None
    lon: Longitude | None = None
    address: Text | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    collection_point: Text | None = None


class CustomerIn(Wire):
    """The recipient."""

    name: Text | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")] | None = None
    phone: Annotated[str, StringConstraints(max_length=32)] | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en"
    channels: tuple[Literal["sms", "email", "whatsapp"], ...] = ("sms", "email")
    tier: Name = "standard"


class TemperatureIn(Wire):
    """The allowed temperature in degrees Celsius."""

    min: Degrees | None = None
    max: Degrees | None = None


class ParcelIn(Wire):
    """One parcel."""

    parcel_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    barcode: Annotated[str, StringConstraints(max_length=64)] | None = None
    weight_kg: Decimals | None = None
    volume_l: Decimals | None = None
    temperature_c: TemperatureIn | None = None

    def value(self) -> Parcel:
        allowed = self.temperature_c or TemperatureIn()
        return Parcel(
            self.parcel_id,
            self.barcode,
            thousandths(self.weight_kg),
            thousandths(self.volume_l),
            thousandths(allowed.min),
            thousandths(allowed.max),
        )


class MoneyIn(Wire):
    """An amount as a decimal string."""

    amount: Decimals
    currency: Currency

    def value(self) -> Money:
        return Money(int((self.amount * 100).to_integral_value()), self.currency)


class PlannedIn(Wire):
    """A milestone and when it is due."""

    milestone: Status
    due: When
    place: Text | None = None

    @model_validator(mode="after")
    def _is_a_milestone(self) -> "PlannedIn":
        if self.milestone not in MILESTONES:
            raise ValueError(f"not a milestone; allowed are {', '.join(MILESTONES)}")
        return self


class DeliveryOrder(Wire):
    """The order that starts a delivery."""

    model_config = ConfigDict(title="DeliveryOrder")

    schema_version: Literal[1] = 1
    delivery_id: Name
    order_id: Text | None = None
    job: Job = Job.DELIVERY
    linked_to: Name | None = None
    shipper: Name | None = None
    carrier: Name
    tracking_numbers: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=64)], ...], Field(max_length=50)
    ] = ()
    service_level: Name | None = None
    zone: Name | None = None
    lane: Name | None = None
    hub: Name | None = None
    route_id: Name | None = None
    driver_id: Name | None = None
    stop_type: Name | None = None
    planned_departure: When | None = None
    promised: WindowIn
    destination: DestinationIn
    customer: CustomerIn = CustomerIn()
    parcels: Annotated[tuple[ParcelIn, ...], Field(max_length=200)] = ()
    service_seconds: Annotated[int, Field(ge=0, le=86_400)] = 180
    skills: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    requires: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    attempts_allowed: Annotated[int, Field(ge=1, le=100)] = 3
    plan: Annotated[tuple[PlannedIn, ...], Field(max_length=50)] = ()
    cod: MoneyIn | None = None
    value: MoneyIn | None = None
    rulebook: Name = "standard"
    tags: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    reopen: bool = False

    def order(self) -> Order:
        """The order as a domain value."""
        same = {name: getattr(self, name) for name in _SAME_IN_ORDER}
        return Order(
            **same,
            promised=self.promised.value(),
            destination=Destination(**self.destination.model_dump()),
            customer=Customer(**self.customer.model_dump()),
            parcels=tuple(parcel.value() for parcel in self.parcels),
            planned_departure=instant(self.planned_departure) if self.planned_departure else None,
            service_time=self.service_seconds * SECOND,
            plan=tuple(PlannedMilestone(planned.milestone, instant(planned.due), planned.place) for planned in self.plan),
            cod=self.cod.value() if self.cod else None,
            value=self.value.value() if self.value else None,
        )


_SAME_IN_ORDER = (
    "delivery_id", "order_id", "job", "linked_to", "shipper", "carrier", "tracking_numbers", "service_level", "zone", "lane",
    "hub", "route_id", "driver_id", "stop_type", "skills", "requires", "attempts_allowed", "rulebook", "tags",
)  # fmt: skip


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
    parcel_ids: Annotated[tuple[Annotated[str, StringConstraints(max_length=64)], ...], Field(max_length=200)] = ()
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
            parcel_ids=self.parcel_ids,
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


def thousandths(amount: Decimal | None) -> int | None:
    """A decimal as a whole number of thousandths, rounded half to even."""
    return None if amount is None else int((amount * 1000).to_integral_value())


def _as_sent(kind: Kind, name: str, value: Any) -> Any:
    if name in ("start", "end", "due"):
        return iso(value)
    return str(Decimal(value) / 1000) if kind is Kind.SENSOR and name == "value" else value


def _as_whole(value: Any) -> Any:
    if isinstance(value, Decimal):
        return thousandths(value)
    return instant(value) if hasattr(value, "tzinfo") else value
