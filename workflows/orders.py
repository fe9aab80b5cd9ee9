"""Orders as others send them: JSON with ISO times and decimal strings, checked here and turned into domain values.

Unknown fields are ignored, so that a newer sender can speak to an older receiver. Errors never repeat what was sent:
it may be personal data.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from domain.currencies import minor_units
from domain.instant import SECOND, instant
from domain.order import Customer, Destination, Job, Money, Order, Parcel, PlannedMilestone, Window
from domain.status import MILESTONES, Status
from workflows.scalars import (
    NULL_IS_EMPTY,
    Currency,
    Decimals,
    Degrees,
    Latitude,
    Longitude,
    Name,
    Text,
    Timezone,
    When,
    Wire,
    thousandths,
)


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
    channels: Annotated[tuple[Literal["sms", "email", "whatsapp"], ...] | None, NULL_IS_EMPTY] = ("sms", "email")
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
        return Money(int(minor_units(self.amount, self.currency).to_integral_value()), self.currency)


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
        Annotated[tuple[Annotated[str, StringConstraints(min_length=1, max_length=64)], ...], Field(max_length=50)] | None,
        NULL_IS_EMPTY,
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
    parcels: Annotated[Annotated[tuple[ParcelIn, ...], Field(max_length=200)] | None, NULL_IS_EMPTY] = ()
    service_seconds: Annotated[int, Field(ge=0, le=86_400)] = 180
    skills: Annotated[Annotated[tuple[Name, ...], Field(max_length=50)] | None, NULL_IS_EMPTY] = ()
    requires: Annotated[Annotated[tuple[Name, ...], Field(max_length=50)] | None, NULL_IS_EMPTY] = ()
    attempts_allowed: Annotated[int, Field(ge=1, le=100)] = 3
    plan: Annotated[Annotated[tuple[PlannedIn, ...], Field(max_length=50)] | None, NULL_IS_EMPTY] = ()
    cod: MoneyIn | None = None
    value: MoneyIn | None = None
    rulebook: Name = "standard"
    tags: Annotated[Annotated[tuple[Name, ...], Field(max_length=50)] | None, NULL_IS_EMPTY] = ()
    reopen: bool = False

    def order(self) -> Order:
        """The order as a domain value."""
        same = {name: getattr(self, name) for name in _SAME_IN_ORDER}
        return Order(
            **same,
            promised=self.promised.value(),
            destination=Destination(**self.destination.model_dump()),
            customer=Customer(**self.customer.model_dump()),
            parcels=tuple(parcel.value() for parcel in self.parcels or ()),
            planned_departure=instant(self.planned_departure) if self.planned_departure else None,
            service_time=self.service_seconds * SECOND,
            plan=tuple(PlannedMilestone(planned.milestone, instant(planned.due), planned.place) for planned in self.plan or ()),
            cod=self.cod.value() if self.cod else None,
            value=self.value.value() if self.value else None,
        )


_SAME_IN_ORDER = (
    "delivery_id", "order_id", "job", "linked_to", "shipper", "carrier", "tracking_numbers", "service_level", "zone", "lane",
    "hub", "route_id", "driver_id", "stop_type", "skills", "requires", "attempts_allowed", "rulebook", "tags",
)  # fmt: skip
