"""UPS's tracking answers, recorded and written by hand, become our events."""

from typing import Any

import pytest

from domain.instant import HOUR, Instant, iso
from domain.reasons import Reason
from domain.status import Kind, Status
from integrations.carriers import CARRIERS, CarrierPayloadError, TrackedEvents
from integrations.carriers.ups_codes import CODES, TYPES
from tests.integrations.carrier_data import recorded, recorded_json
from tests.integrations.carrier_payloads import activity, answer, package

LEARNT: Instant = 1_795_000_000_000

OURS: dict[str, frozenset[Status]] = {
    "pending": frozenset({Status.CREATED}),
    "picked_up": frozenset({Status.PICKED_UP}),
    "in_transit": frozenset({Status.IN_TRANSIT, Status.AT_HUB}),
    "out_for_delivery": frozenset({Status.OUT_FOR_DELIVERY}),
    "delivered": frozenset({Status.DELIVERED}),
    "on_hold": frozenset({Status.ON_HOLD}),
    "delivery_delayed": frozenset({Status.ON_HOLD}),
    "delivery_failed": frozenset({Status.ATTEMPT_FAILED}),
    "cancelled": frozenset({Status.CANCELLED}),
    "ready_for_pickup": frozenset({Status.AVAILABLE_FOR_PICKUP}),
    "return_to_sender": frozenset({Status.RETURNING}),
    "unknown": frozenset(),
}
"""The outside oracle's words for a status -> ours. We tell a hub from the road; it does not."""


def parse(payload: bytes) -> TrackedEvents:
    (tracked,) = CARRIERS["ups"](payload, recorded_at=LEARNT)
    return tracked


def test_a_recorded_answer_agrees_with_the_outside_oracle_on_status_and_time() -> None:
    ((expected,), _warnings) = recorded_json("ups", "EXPECT-ParsedTrackingResponse.json")

    tracked = parse(recorded("ups", "TrackingResponseJSON.json"))

    assert tracked.tracking_number == expected["tracking_number"]
    assert [(e.status in OURS[x["status"]], e.place) for e, x in zip(tracked.events, expected["events"], strict=True)] == [
        (True, x["location"]) for x in expected["events"]
    ]
    # The oracle cuts its times to the minute.
    assert [(iso(event.occurred_at) or "")[:16] for event in tracked.events] == [x["timestamp"][:16] for x in expected["events"]]


def test_a_recorded_refusal_says_what_the_carrier_said() -> None:
    (_none, (expected,)) = recorded_json("ups", "EXPECT-ParsedInvalidTrackingNumberResponse.json")
    payload = recorded("ups", "InvalidTrackingNumberResponseJSON.json")

    with pytest.raises(CarrierPayloadError, match=f"refused the enquiry: {expected['code']} {expected['message']}"):
        parse(payload)


def test_every_code_of_the_outside_table_agrees_with_ours() -> None:
    table = recorded_json("status_tables.json")["ups"]["TrackingStatus"]
    ours = {**CODES, **TYPES}

    differing = {
        code: (theirs, ours.get(code)) for theirs, codes in table.items() for code in codes if ours.get(code) not in OURS[theirs]
    }

    # DD is a code there and has another meaning as a type.
    assert differing.keys() <= {"DD"}
    assert CODES["DD"] in OURS["pending"]


@pytest.mark.parametrize(
    ("codes", "ours", "reason"),
    [
        pytest.param(("M", "MP", "003"), Status.CREATED, None, id="label made"),
        pytest.param(("I", "OR", "005"), Status.PICKED_UP, None, id="origin scan"),
        pytest.param(("I", "DP", "005"), Status.IN_TRANSIT, None, id="departure scan"),
        pytest.param(("I", "AR", "005"), Status.AT_HUB, None, id="arrival scan"),
        pytest.param(("I", "OT", "021"), Status.OUT_FOR_DELIVERY, None, id="on the van"),
        pytest.param(("D", "KB", "011"), Status.DELIVERED, None, id="delivered"),
        pytest.param(("D", "", ""), Status.DELIVERED, None, id="a type alone"),
        pytest.param(("X", "48", "022"), Status.ATTEMPT_FAILED, None, id="first attempt"),
        pytest.param(("X", "48", "062"), Status.ATTEMPT_FAILED, Reason.CONSIGNEE_PAYMENT_NOT_READY, id="no money at the door"),
        pytest.param(("X", "", "058"), Status.HELD_CUSTOMS, Reason.CUSTOMS_HOLD, id="customs want to know more"),
        pytest.param(("X", "", "052"), Status.ON_HOLD, Reason.WEATHER, id="weather"),
        pytest.param(("X", "", "064"), Status.REFUSED, Reason.CONSIGNEE_REFUSED, id="refused"),
        pytest.param(("X", "??", "999"), Status.ON_HOLD, None, id="an exception with new codes"),
        pytest.param(("RS", "", ""), Status.RETURNING, None, id="going back"),
    ],
)
def test_the_most_telling_code_decides(codes: tuple[str, str, str], ours: Status, reason: Reason | None) -> None:
    event = parse(answer(package(activity(*codes)))).events[0]

    assert (event.status, event.reason) == (ours, reason)


@pytest.mark.parametrize(
    ("clock", "at"),
    [
        pytest.param({"gmtDate": "20261123", "gmtTime": "12:13:56"}, "2026-11-23T12:13:56Z", id="what is UTC wins"),
        pytest.param({"gmtDate": "2026-11-23", "gmtTime": "121356"}, "2026-11-23T12:13:56Z", id="with or without separators"),
        pytest.param({}, "2026-11-23T12:13:56Z", id="local with an offset"),
        pytest.param({"gmtOffset": None}, "2026-11-23T07:13:56Z", id="local without one is taken as UTC"),
    ],
)
def test_the_time_of_a_scan_is_read_by_a_stated_rule(clock: dict[str, Any], at: str) -> None:
    event = parse(answer(package(activity(**clock)))).events[0]

    assert iso(event.occurred_at) == at


def test_an_event_whose_zone_was_assumed_says_so() -> None:
    told = parse(answer(package(activity()))).events[0]
    assumed = parse(answer(package(activity(gmtOffset=None)))).events[0]

    assert "zone" not in told.detail
    assert assumed.detail["zone"] == "assumed UTC"


def test_each_package_of_a_shipment_is_told_apart() -> None:
    payload = answer(package(activity(), number="1Z1"), package(activity("D"), number="1Z2"))

    one, other = CARRIERS["ups"](payload, recorded_at=LEARNT)

    assert (one.tracking_number, one.events[0].parcel_ids) == ("1Z1", ("1Z1",))
    assert (other.tracking_number, other.events[0].parcel_ids) == ("1Z2", ("1Z2",))
    assert one.events[0].event_id != other.events[0].event_id


def test_a_single_package_speaks_for_the_whole_shipment() -> None:
    tracked = parse(answer(package(activity(), number="1Z1")))

    assert tracked.events[0].parcel_ids == ()


def test_a_package_without_a_number_has_that_of_its_shipment() -> None:
    nameless = {"activity": [activity()]}

    assert parse(answer(nameless)).tracking_number == "1Z000"


def test_the_rescheduled_day_replaces_the_scheduled_one() -> None:
    dates = [{"type": "SDD", "date": "20261124"}, {"type": "RDD", "date": "20261125"}]
    window = {"type": "EDW", "startTime": "101500", "endTime": "141500"}

    events = parse(answer(package(activity(), deliveryDate=dates, deliveryTime=window))).events

    (eta,) = [event for event in events if event.kind is Kind.ETA]
    assert (iso(eta.eta), eta.detail["precision"]) == ("2026-11-25T19:15:00Z", "time")
    assert eta.occurred_at == events[0].occurred_at


def test_a_day_without_a_time_is_taken_at_its_start() -> None:
    eta = parse(answer(package(activity(), deliveryDate=[{"type": "SDD", "date": "20261124"}]))).events[-1]

    assert (iso(eta.eta), eta.detail["precision"]) == ("2026-11-24T05:00:00Z", "day")


@pytest.mark.parametrize(
    "delivered",
    [
        pytest.param(package(activity("D"), deliveryDate=[{"type": "SDD", "date": "20261124"}]), id="by its last scan"),
        pytest.param(
            package(activity(), deliveryDate=[{"type": "SDD", "date": "20261124"}, {"type": "DEL", "date": "20261123"}]),
            id="by its dates",
        ),
    ],
)
def test_a_delivered_package_has_no_estimate_any_more(delivered: dict[str, Any]) -> None:
    assert Kind.ETA not in {event.kind for event in parse(answer(delivered)).events}


def test_the_same_answer_read_again_gives_the_same_ids() -> None:
    payload = answer(package(activity(), activity(), deliveryDate=[{"type": "SDD", "date": "20261124"}]))

    (first,) = CARRIERS["ups"](payload, recorded_at=LEARNT)
    (later,) = CARRIERS["ups"](payload, recorded_at=LEARNT + HOUR)

    assert [event.event_id for event in first.events] == [event.event_id for event in later.events]
    assert len({event.event_id for event in first.events}) == len(first.events) == 2


def test_an_estimate_without_any_scan_has_an_id_of_its_content_too() -> None:
    payload = answer(package(deliveryDate=[{"type": "SDD", "date": "20261124"}]))

    (first,) = CARRIERS["ups"](payload, recorded_at=LEARNT)
    (later,) = CARRIERS["ups"](payload, recorded_at=LEARNT + HOUR)

    assert first.events[0].event_id == later.events[0].event_id
    assert (first.events[0].occurred_at, later.events[0].occurred_at) == (LEARNT, LEARNT + HOUR)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        pytest.param(b"{}", r"trackResponse\.shipment holds no package; allowed is", id="nothing"),
        pytest.param(
            answer(warnings=[{"code": "TW0001", "message": "Tracking Information Not Found"}]),
            r"holds no package \(TW0001 Tracking Information Not Found\)",
            id="a number that UPS does not know",
        ),
        pytest.param(
            answer(package(activity("Q"))), r'activity\[0\]\.status\.type is "Q"; allowed is one of D, ', id="an unknown type"
        ),
        pytest.param(
            answer(package(activity(date="2026112"))),
            r'activity\[0\]\.date is "2026112"; allowed is a date YYYYMMDD',
            id="a date",
        ),
        pytest.param(
            answer(package(activity(date="20260230"))), r'date is "20260230"; allowed is a day of the calendar', id="30 February"
        ),
        pytest.param(answer(package(activity(time=None))), r"time is missing; allowed is a text", id="no time"),
        pytest.param(
            answer(package(activity(gmtOffset="EST"))), r'gmtOffset is "EST"; allowed is an offset such as -05:00', id="an offset"
        ),
        pytest.param(answer(package(number="1Z 9/9")), r"trackingNumber is .* allowed is a tracking number", id="a number"),
        pytest.param(b'{"trackResponse": []}', r"trackResponse is a list; allowed is an object", id="another shape"),
    ],
)
def test_a_mistake_is_shown_with_its_place_and_what_is_allowed(payload: bytes, said: str) -> None:
    with pytest.raises(CarrierPayloadError, match=said):
        parse(payload)
