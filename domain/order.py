"""The order that starts a delivery, as an order system knows it."""

from dataclasses import dataclass, field
from enum import StrEnum

from domain.instant import Instant, Span
from domain.status import Status


class Job(StrEnum):
    """What the driver is to do at the stop."""

    DELIVERY = "delivery"
    PICKUP = "pickup"
    RETURN = "return"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class Window:
    """A promised time window; `start` may be missing ("by 16:00")."""

    start: Instant | None
    end: Instant
    window_type: str = "slot"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the parcels go. Degrees are WGS 84; timezone is an IANA name."""

    timezone: str
    lat: float | None = None
    lon: float | None = None
    address: str | None = None
    country: str | None = None
    collection_point: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """The recipient. Personal data: never in logs or search attributes."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str = "en"
    channels: tuple[str, ...] = ("sms", "email")
    tier: str = "standard"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel of the consignment. Weight in grams, volume in millilitres, temperatures in thousandths of a degree Celsius."""

    parcel_id: str
    barcode: str | None = None
    weight_g: int | None = None
    volume_ml: int | None = None
    temperature_min: int | None = None
    temperature_max: int | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the minor units of its currency (domain.currencies): cents of EUR, yen of JPY, fils of KWD."""

    cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class PlannedMilestone:
    """A milestone and when it is due."""

    milestone: Status
    due: Instant
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that was promised and planned when the delivery started."""

    delivery_id: str
    carrier: str
    promised: Window
    destination: Destination
    order_id: str | None = None
    job: Job = Job.DELIVERY
    linked_to: str | None = None
    shipper: str | None = None
    tracking_numbers: tuple[str, ...] = ()
    service_level: str | None = None
    zone: str | None = None
    lane: str | None = None
    hub: str | None = None
    route_id: str | None = None
    driver_id: str | None = None
    stop_type: str | None = None
    planned_departure: Instant | None = None
    customer: Customer = field(default_factory=Customer)
    parcels: tuple[Parcel, ...] = ()
    service_time: Span = 180_000
    skills: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    attempts_allowed: int = 3
    plan: tuple[PlannedMilestone, ...] = ()
    cod: Money | None = None
    value: Money | None = None
    rulebook: str = "standard"
    tags: tuple[str, ...] = ()
