"""What events tell of distances, stops and opting out, and facts that a note states."""

from dataclasses import replace
from typing import Any

import pytest

from domain.event import Place
from domain.order import Customer, Destination
from domain.stated import STATED, refusal
from domain.status import Status
from rules.vocabulary import VOCABULARY
from tests.builders import ZONE, a_delivery, an_event

CATHEDRAL = Destination(ZONE, lat=60.1704, lon=24.9522)
STATION = Place(lat=60.1719, lon=24.9414)
"""600 metres to the west of it."""


def value_of(fact: str, *events: Any, **order: Any) -> Any:
    delivery = a_delivery(*events, **order)
    return VOCABULARY[fact].read(delivery.order, delivery.facts)


def note(fact: str, value: Any, happened: str = "12:00") -> Any:
    return an_event("note", happened, detail={"fact": fact, "value": value})


def test_a_van_that_says_where_it_is_has_a_distance_to_the_stop() -> None:
    assert 590 < value_of("distance to stop", an_event("moving", "12:00", location=STATION), destination=CATHEDRAL) < 640
    assert value_of("distance to stop", an_event("moving", "12:00"), destination=CATHEDRAL) is None
    assert value_of("distance to stop", an_event("moving", "12:00", location=STATION)) is None


def test_a_scan_at_the_hub_says_nothing_of_the_van() -> None:
    assert value_of("distance to stop", an_event("scan", "12:00", location=STATION), destination=CATHEDRAL) is None


def test_the_attempt_distance_is_that_of_the_last_attempt() -> None:
    far = an_event("attempt_failed", "12:00", location=STATION)
    nowhere = an_event("attempt_failed", "15:00")

    assert 590 < value_of("attempt distance", far, destination=CATHEDRAL) < 640
    assert value_of("attempt distance", far, nowhere, destination=CATHEDRAL) is None


def test_the_same_attempt_reported_again_without_a_place_keeps_its_distance() -> None:
    far, again = an_event("attempt_failed", "12:00", location=STATION), an_event("status", "12:05", status=Status.ATTEMPT_FAILED)

    assert value_of("attempts", far, again, destination=CATHEDRAL) == 1
    assert value_of("attempt distance", far, again, destination=CATHEDRAL) is not None


def test_an_eta_may_say_how_many_stops_come_first() -> None:
    assert value_of("stops before this one", an_event("eta", "12:00", detail={"stops_before": 4})) == 4
    assert value_of("stops before this one", an_event("eta", "12:00")) is None


def test_a_customer_opts_out_and_in_by_a_reply_or_has_no_channel() -> None:
    stop, thanks, start = (
        an_event("customer_reply", when, detail={"text": text})
        for when, text in (("12:00", " Stop"), ("12:10", "thanks"), ("12:20", "START"))
    )

    assert value_of("customer opted out") is False
    assert value_of("customer opted out", stop, thanks) is True
    assert value_of("customer opted out", stop, thanks, start) is False
    assert value_of("customer opted out", customer=Customer(channels=())) is True


def test_a_note_states_a_fact_that_no_event_carries_until_another_does() -> None:
    assert value_of("sibling scans at the hub") is None
    assert value_of("sibling scans at the hub", note("sibling scans at the hub", 3)) == 3
    assert (
        value_of("sibling scans at the hub", note("sibling scans at the hub", 3), note("sibling scans at the hub", None, "12:01"))
        is None
    )
    assert value_of("temperature", note("temperature", 8000)) == 8000
    assert value_of("temperature", note("temperature", 8000), note("temperature", None, "12:01")) is None


@pytest.mark.parametrize(
    ("detail", "why"),
    [
        ({"fact": "zone", "value": "north"}, "a note states one of the facts"),
        ({"fact": "attempts", "value": None}, "attempts is always known"),
        ({"fact": "attempts", "value": -1}, "a whole number from 0 on"),
        ({"fact": "attempts", "value": True}, "a whole number"),
        ({"fact": "last reason", "value": "bad luck"}, "not a valid Reason"),
        ({"fact": "driver on break", "value": "yes"}, "true or false"),
        ({"fact": "carrier", "value": ""}, "a name"),
        ({"fact": "temperature", "value": "8"}, "thousandths"),
    ],
)
def test_a_note_that_states_no_value_of_the_fact_changes_nothing(detail: dict[str, Any], why: str) -> None:
    delivery = a_delivery()

    after = delivery.after(an_event("note", "12:00", detail=detail))

    assert why in str(refusal(detail))
    assert replace(after.facts, happened=delivery.facts.happened) == delivery.facts


def test_what_may_be_stated_as_unknown_is_not_always_known() -> None:
    assert {fact: VOCABULARY[fact].always_known for fact in STATED} == {fact: row.needed for fact, row in STATED.items()}
