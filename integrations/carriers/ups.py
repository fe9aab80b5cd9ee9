"""UPS: the answers of the Tracking API (`trackResponse`) and its error answers.

Times: `gmtDate` and `gmtTime` are UTC and win. Else `date` and `time` are local to the place of the scan: `gmtOffset` is
used where it is given, and where it is not they are taken as UTC and the event says so (`detail.zone`), since UPS names no
zone and a guess from the address would be wrong for states with two.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import chain

from domain.event import Event
from domain.instant import Instant
from domain.status import FINAL, Status
from integrations.carriers.errors import CarrierPayloadError
from integrations.carriers.reading import Node, read_json
from integrations.carriers.tracked import Checkpoint, TrackedEvents, eta_event, in_order, status_event
from integrations.carriers.ups_codes import CODES, REASONS, STATUS_CODES, TYPES

NAME = "ups"

PLACE_PARTS = ("city", "stateProvince", "postalCode", "countryCode")

ESTIMATES = ("RDD", "SDD")
"""`deliveryDate.type` of an estimate, the better one first: rescheduled, scheduled. DEL is the day of the delivery itself."""

ACTUAL = "DEL"


def parse(payload: bytes, *, recorded_at: Instant) -> tuple[TrackedEvents, ...]:
    """The events of each package in the answer; raises CarrierPayloadError if it holds none.

    Where a shipment has several packages, the events of each name it by its tracking number, which the order's parcels
    carry as barcode.
    """
    root = read_json(NAME, payload)
    _refuse_errors(root)
    shipments = root.at("trackResponse", "shipment").items()
    tracked = tuple(chain.from_iterable(_shipment(shipment, recorded_at) for shipment in shipments))
    if not tracked:
        raise _no_package(shipments)
    return tracked


def _refuse_errors(root: Node) -> None:
    errors = [f"{error.at('code').words()} {error.at('message').words()}" for error in root.at("response", "errors").items()]
    if errors:
        raise CarrierPayloadError(f"{NAME}: refused the enquiry: {'; '.join(errors)}. Ask again with a valid tracking number")


def _no_package(shipments: tuple[Node, ...]) -> CarrierPayloadError:
    warnings = chain.from_iterable(shipment.at("warnings").items() for shipment in shipments)
    said = "; ".join(f"{warning.at('code').words()} {warning.at('message').words()}" for warning in warnings)
    because = f" ({said})" if said else ""
    return CarrierPayloadError(
        f"{NAME}: trackResponse.shipment holds no package{because}; allowed is an answer with at least one package"
    )


def _shipment(shipment: Node, recorded_at: Instant) -> list[TrackedEvents]:
    packages = shipment.at("package").items()
    return [_package(shipment, package, recorded_at, several=len(packages) > 1) for package in packages]


def _package(shipment: Node, package: Node, recorded_at: Instant, *, several: bool) -> TrackedEvents:
    numbered = package.at("trackingNumber")
    number = (shipment.at("inquiryNumber") if numbered.value is None else numbered).tracking_number()
    activities = package.at("activity").items()
    told = [_checkpoint(activity) for activity in activities]
    parcel_ids = (number,) if several else ()
    events = [status_event(NAME, number, checkpoint, recorded_at, parcel_ids) for checkpoint in told]
    events.extend(_eta(package, number, activities, told, recorded_at))
    return TrackedEvents(number, NAME, NAME, in_order(events))


def _checkpoint(activity: Node) -> Checkpoint:
    status = activity.at("status")
    at, zone_assumed = _time(activity)
    code, status_code = status.at("code").words() or "", status.at("statusCode").words() or ""
    return Checkpoint(
        at=at,
        status=_status(status, code, status_code),
        words=status.at("description").words(),
        place=_place(activity.at("location", "address")),
        reason=REASONS.get(status_code),
        code="/".join(filter(None, (status.at("type").words(), code, status_code))),
        zone_assumed=zone_assumed,
    )


def _status(status: Node, code: str, status_code: str) -> Status | None:
    """The most telling of the three codes decides: statusCode where it has a plain meaning, else code, else type."""
    if status_code in STATUS_CODES:
        return STATUS_CODES[status_code]
    if code in CODES:
        return CODES[code]
    return TYPES[status.at("type").one_of(TYPES)]


def _place(address: Node) -> str | None:
    parts = [address.at(part).words() for part in PLACE_PARTS]
    return ", ".join(part for part in parts if part) or None


def _time(activity: Node) -> tuple[Instant, bool]:
    """When it happened, and whether its zone had to be assumed."""
    if activity.at("gmtDate").value is not None and activity.at("gmtTime").value is not None:
        return _clock(activity.at("gmtDate"), activity.at("gmtTime"), UTC), False
    zone = _zone(activity.at("gmtOffset"))
    return _clock(activity.at("date"), activity.at("time"), zone or UTC), zone is None


def _clock(date: Node, time: Node, zone: tzinfo) -> Instant:
    """A date YYYYMMDD and a time HHMMSS, with or without their separators, in a zone."""
    day, hour = date.text().replace("-", ""), time.text().replace(":", "")
    if not re.fullmatch("[0-9]{8}", day):
        raise date.wrong("a date YYYYMMDD")
    if not re.fullmatch("[0-9]{6}", hour):
        raise time.wrong("a time HHMMSS")
    try:
        read = datetime.strptime(day + hour, "%Y%m%d%H%M%S").replace(tzinfo=zone)
    except ValueError:
        raise date.wrong(f"a day of the calendar, with a time of day in {time.path}") from None
    return date.instant_of(read)


def _zone(offset: Node) -> timezone | None:
    """`-05:00` as a zone; None where no offset is given."""
    if offset.value is None:
        return None
    try:
        read = datetime.strptime(offset.text(), "%z").utcoffset()
    except ValueError:
        raise offset.wrong("an offset such as -05:00") from None
    return timezone(read or timedelta())


def _eta(package: Node, number: str, activities: tuple[Node, ...], told: list[Checkpoint], recorded_at: Instant) -> list[Event]:
    """The scheduled or rescheduled delivery, in the zone of the last scan, unless the package's way has ended.

    A day with no time stands for the whole day and is taken at its start, so that it counts as late only when no hour of
    that day would be in time.
    """
    last = max(range(len(told)), key=lambda index: told[index].at, default=None)
    dates = {node.at("type").words(): node.at("date") for node in package.at("deliveryDate").items()}
    estimate = next((dates[kind] for kind in ESTIMATES if kind in dates), None)
    if estimate is None or ACTUAL in dates or (last is not None and told[last].status in FINAL):
        return []
    zone = _zone(activities[last].at("gmtOffset")) if last is not None else None
    end = package.at("deliveryTime", "endTime")
    timed = end.value is not None and package.at("deliveryTime", "type").value != ACTUAL
    time = end if timed else Node(NAME, end.path, "000000")
    said_at = told[last].at if last is not None else None
    eta = _clock(estimate, time, zone or UTC)
    return [eta_event(NAME, number, eta, said_at, recorded_at, precision="time" if timed else "day")]
