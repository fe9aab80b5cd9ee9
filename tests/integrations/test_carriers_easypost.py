"""EasyPost's trackers, recorded and written by hand, become our events."""

import json
from typing import Any

import pytest

from domain.delivery import delivery_of
from domain.instant import HOUR, Instant, iso
from domain.order import Destination, Order, Window
from domain.reasons import Reason
from domain.status import Kind, Status
from integrations.carriers import CARRIERS, CarrierPayloadError, TrackedEvents
from integrations.carriers.easypost import STATUSES
from tests.integrations.carrier_data import recorded, recorded_json
from tests.integrations.carrier_payloads import detail, tracker

LEARNT: Instant = 1_795_000_000_000


def parse(payload: bytes) -> TrackedEvents:
    (tracked,) = CARRIERS["easypost"](payload, recorded_at=LEARNT)
    return tracked


def sent(body: Any) -> bytes:
    return json.dumps(body).encode()


def told_by(status: str, narrower: str | None = None) -> Any:
    return parse(sent(tracker(status=status, tracking_details=[detail(status, narrower)]))).events[0]


def test_a_recorded_webhook_tells_the_way_of_the_parcel_step_by_step() -> None:
    tracked = parse(recorded("easypost", "event-body.json"))

    way = [(event.status, iso(event.occurred_at), event.place) for event in tracked.events if event.kind is not Kind.ETA]
    assert (tracked.tracking_number, tracked.source, tracked.carrier) == ("1", "easypost", "FedEx")
    assert way == [
        (Status.CREATED, "2024-07-31T15:00:00Z", "32837, US"),
        (Status.AT_HUB, "2024-07-31T19:27:00Z", "ORLANDO, FL, 32809, US"),
        (Status.AT_HUB, "2024-07-31T22:35:00Z", "ORLANDO, FL, 32809, US"),
        (Status.IN_TRANSIT, "2024-08-01T14:42:13Z", "ORLANDO, FL, 32809, US"),
        (Status.IN_TRANSIT, "2024-08-02T02:46:19Z", "KENLY, NC, 27542, US"),
        (Status.IN_TRANSIT, "2024-08-02T18:35:20Z", "EDISON TWP, NJ, 08817, US"),
        (Status.AT_HUB, "2024-08-02T18:50:00Z", "EDISON, NJ, 08817, US"),
    ]


def test_a_recorded_webhook_tells_the_estimated_delivery() -> None:
    tracked = parse(recorded("easypost", "event-body.json"))

    (eta,) = [event for event in tracked.events if event.kind is Kind.ETA]
    assert (iso(eta.eta), iso(eta.occurred_at)) == ("2024-08-05T00:00:00Z", "2024-08-02T19:26:51Z")


@pytest.mark.parametrize("name", ["create_tracker_response.json", "tracking_webhook_response.json"])
def test_a_recorded_parcel_ends_delivered_when_its_last_line_says_so(name: str) -> None:
    body = recorded_json("easypost", name)
    lines = (body.get("result") or body)["tracking_details"]

    events = parse(recorded("easypost", name)).events

    assert events[-1].status is Status.DELIVERED
    assert sorted(iso(event.occurred_at) or "" for event in events) == sorted(line["datetime"] for line in lines)


def test_a_delivered_parcel_has_no_estimate_any_more() -> None:
    tracked = parse(recorded("easypost", "tracking_webhook_response.json"))

    assert Kind.ETA not in {event.kind for event in tracked.events}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("batch-webhooks.json", r"batch\.updated is about Batch; allowed is Tracker", id="another object"),
        pytest.param("event_example.json", r"tracker\.updated has no result", id="an event without its tracker"),
        pytest.param("event_all-0-event-0.json", r"tracker\.created has no result", id="an event of the list of events"),
    ],
)
def test_a_recorded_payload_without_a_tracker_is_refused_with_a_reason(name: str, said: str) -> None:
    payload = recorded("easypost", name)

    with pytest.raises(CarrierPayloadError, match=said):
        parse(payload)


@pytest.mark.parametrize(
    ("status", "narrower", "ours", "reason"),
    [
        pytest.param("pre_transit", "label_created", Status.CREATED, None, id="label made"),
        pytest.param("in_transit", "status_update", Status.IN_TRANSIT, None, id="a detail that adds nothing"),
        pytest.param("in_transit", "arrived_at_facility", Status.AT_HUB, None, id="at a facility"),
        pytest.param("in_transit", "at_hub", Status.AT_HUB, None, id="at a hub"),
        pytest.param("in_transit", "missorted", Status.IN_TRANSIT, Reason.CARRIER_SORTING_ERROR, id="missorted"),
        pytest.param("in_transit", "weather_delay", Status.IN_TRANSIT, Reason.WEATHER, id="weather"),
        pytest.param("in_transit", "held", Status.ON_HOLD, None, id="held"),
        pytest.param("in_transit", "address_correction", Status.ON_HOLD, Reason.CONSIGNEE_INCORRECT_ADDRESS, id="address"),
        pytest.param("out_for_delivery", None, Status.OUT_FOR_DELIVERY, None, id="on the van"),
        pytest.param("delivered", "arrived_at_destination", Status.DELIVERED, None, id="delivered"),
        pytest.param("available_for_pickup", None, Status.AVAILABLE_FOR_PICKUP, None, id="to be fetched"),
        pytest.param("return_to_sender", "return", Status.RETURNING, None, id="going back"),
        pytest.param("failure", None, Status.ATTEMPT_FAILED, None, id="failed"),
        pytest.param("failure", "refused", Status.REFUSED, Reason.CONSIGNEE_REFUSED, id="refused"),
        pytest.param("failure", "lost", Status.LOST, Reason.CARRIER_PARCEL_LOST, id="lost"),
        pytest.param("failure", "damaged", Status.DAMAGED, Reason.CARRIER_DAMAGED_PARCEL, id="damaged"),
        pytest.param("cancelled", None, Status.CANCELLED, None, id="cancelled"),
        pytest.param("canceled", None, Status.CANCELLED, None, id="cancelled, spelt otherwise"),
    ],
)
def test_each_word_of_the_carrier_has_one_of_ours(status: str, narrower: str, ours: Status, reason: Reason | None) -> None:
    event = told_by(status, narrower)

    assert (event.status, event.reason) == (ours, reason)


@pytest.mark.parametrize("status", ["unknown", "error"])
def test_a_word_that_tells_nothing_becomes_a_note(status: str) -> None:
    event = told_by(status)

    assert (event.kind, event.status) == (Kind.NOTE, None)


def test_a_parcel_in_hand_at_a_known_place_was_scanned() -> None:
    assert told_by("in_transit").kind is Kind.SCAN
    assert told_by("pre_transit").kind is Kind.STATUS
    assert parse(sent(tracker())).events[0].kind is Kind.STATUS


def test_a_failed_attempt_counts_as_one_attempt() -> None:
    order = Order("D-1", "ups", Window(None, LEARNT + HOUR), Destination("Europe/Helsinki"))

    delivery = delivery_of(order, LEARNT - HOUR).after(told_by("failure"))

    assert (delivery.facts.attempts, delivery.facts.status) == (1, Status.ATTEMPT_FAILED)


def test_the_same_payload_read_again_gives_the_same_ids() -> None:
    payload = sent(tracker(est_delivery_date="2026-11-24T15:00:00Z"))

    first = CARRIERS["easypost"](payload, recorded_at=LEARNT)
    later = CARRIERS["easypost"](payload, recorded_at=LEARNT + HOUR)

    assert [event.event_id for event in first[0].events] == [event.event_id for event in later[0].events]


def test_a_longer_history_keeps_the_ids_of_the_lines_that_were_known() -> None:
    short = parse(sent(tracker()))
    more = [*tracker()["tracking_details"], {**detail("out_for_delivery"), "datetime": "2026-11-23T09:00:00Z"}]

    longer = parse(sent(tracker(status="out_for_delivery", tracking_details=more)))

    assert longer.events[0].event_id == short.events[0].event_id
    assert len(longer.events) == 2


def test_the_same_line_of_two_parcels_is_two_events() -> None:
    one, other = parse(sent(tracker())), parse(sent(tracker(tracking_code="EZ2")))

    assert one.events[0].event_id != other.events[0].event_id


def test_a_tracker_without_history_is_told_by_its_own_status() -> None:
    tracked = parse(sent(tracker(status="out_for_delivery", tracking_details=[])))

    assert [(event.status, iso(event.occurred_at)) for event in tracked.events] == [
        (Status.OUT_FOR_DELIVERY, "2026-11-23T08:05:00Z")
    ]


def test_a_time_with_an_offset_keeps_its_instant_and_one_without_is_utc() -> None:
    with_offset = parse(sent(tracker(tracking_details=[{**detail("in_transit"), "datetime": "2026-11-23T10:00:00+02:00"}])))
    without = parse(sent(tracker(tracking_details=[{**detail("in_transit"), "datetime": "2026-11-23T08:00:00"}])))

    assert with_offset.events[0].occurred_at == without.events[0].occurred_at


@pytest.mark.parametrize(
    ("estimate", "precision"),
    [pytest.param("2026-11-24T15:00:00Z", "time", id="to the hour"), pytest.param("2026-11-24T00:00:00Z", "day", id="a day")],
)
def test_an_estimate_says_how_exact_it_is(estimate: str, precision: str) -> None:
    eta = parse(sent(tracker(est_delivery_date=estimate))).events[-1]

    assert (eta.kind, iso(eta.eta), eta.detail["precision"]) == (Kind.ETA, estimate, precision)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(tracker(status="lost in space"), r'status is "lost in space"; allowed is one of .*in_transit', id="status"),
        pytest.param(tracker(tracking_code=None), r"tracking_code is missing; allowed is a text", id="no number"),
        pytest.param(tracker(tracking_code="a/b"), r'tracking_code is "a/b"; allowed is a tracking number', id="odd number"),
        pytest.param(tracker(tracking_details={}), r"tracking_details is an object; allowed is a list", id="no list"),
        pytest.param(tracker(tracking_details=[{}]), r"tracking_details\[0\]\.status is missing", id="an empty line"),
        pytest.param(
            tracker(tracking_details=[{**detail("in_transit"), "datetime": "yesterday"}]),
            r'tracking_details\[0\]\.datetime is "yesterday"; allowed is an ISO 8601 time',
            id="a time in words",
        ),
        pytest.param(tracker(updated_at="0001-01-01T00:00:00Z"), r"allowed is a year from 2000 to 2099", id="an absurd year"),
        pytest.param([], r"the payload is a list; allowed is an object", id="a list"),
        pytest.param(None, r"tracking_code is missing", id="null"),
    ],
)
def test_a_mistake_is_shown_with_its_place_and_what_is_allowed(body: Any, said: str) -> None:
    with pytest.raises(CarrierPayloadError, match=said):
        parse(sent(body))


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff\xfe\x00", b"{", b'{"a": NaN}', b"[" * 100_000],
    ids=["empty", "binary", "cut off", "not a number", "too deep"],
)
def test_what_is_not_json_is_refused(payload: bytes) -> None:
    with pytest.raises(CarrierPayloadError, match="easypost: the payload is"):
        parse(payload)


def test_the_table_of_words_is_complete() -> None:
    documented = {"unknown", "pre_transit", "in_transit", "out_for_delivery", "delivered", "available_for_pickup"}
    documented |= {"return_to_sender", "failure", "cancelled", "error"}

    assert documented <= STATUSES.keys()
