"""Whatever is sent, an adapter answers with events or with its own error."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.delivery import delivery_of
from domain.instant import HOUR, Instant, iso
from domain.order import Destination, Order, Window
from integrations.carriers import CARRIERS, CarrierPayloadError
from tests.integrations.carrier_payloads import activity, answer, detail, package, tracker

LEARNT: Instant = 1_795_000_000_000
ORDER = Order("D-1", "ups", Window(None, LEARNT + HOUR), Destination("Europe/Helsinki"))

GOOD: dict[str, Any] = {
    "easypost": {
        "object": "Event",
        "description": "tracker.updated",
        "result": tracker(
            est_delivery_date="2026-11-24T15:00:00Z", tracking_details=[detail("in_transit", "held"), detail("failure")]
        ),
    },
    "ups": json.loads(
        answer(
            package(
                activity("X", "48", "062", gmtDate="20261123", gmtTime="12:13:56"),
                activity(),
                deliveryDate=[{"type": "SDD", "date": "20261124"}],
                deliveryTime={"type": "EDW", "endTime": "141500"},
            ),
            package(activity("D"), number="1Z2"),
            warnings=[{"code": "TW0001", "message": "Words"}],
        )
    ),
}

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("\ud800") | st.just("20261399")
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to all values inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*path, key)
        yield from places(inner, (*path, key))


def replaced(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = deepcopy(body)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def check_that_it_reads_or_refuses(carrier: str, payload: bytes) -> None:
    """Anything but CarrierPayloadError fails the test; what was read can be folded, printed and stored."""
    try:
        read = CARRIERS[carrier](payload, recorded_at=LEARNT)
    except CarrierPayloadError:
        return
    for event in (event for tracked in read for event in tracked.events):
        assert iso(event.occurred_at)
        json.dumps([event.place, dict(event.detail), iso(event.eta)], ensure_ascii=False).encode()
        delivery_of(ORDER, LEARNT).after(event)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_good_payload_is_good(carrier: str) -> None:
    read = CARRIERS[carrier](json.dumps(GOOD[carrier]).encode(), recorded_at=LEARNT)

    assert all(tracked.events for tracked in read)


@pytest.mark.parametrize("carrier", CARRIERS)
@settings(max_examples=80, deadline=None)
@given(body=ANYTHING)
def test_any_json_is_read_or_refused(carrier: str, body: Any) -> None:
    check_that_it_reads_or_refuses(carrier, json.dumps(body).encode())


@pytest.mark.parametrize("carrier", CARRIERS)
@settings(max_examples=40, deadline=None)
@given(payload=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(carrier: str, payload: bytes) -> None:
    check_that_it_reads_or_refuses(carrier, payload)


@pytest.mark.parametrize("carrier", CARRIERS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_good_payload_with_one_value_changed_is_read_or_refused(carrier: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(places(GOOD[carrier]), key=repr)))
    value = data.draw(ANYTHING)

    check_that_it_reads_or_refuses(carrier, json.dumps(replaced(GOOD[carrier], path, value)).encode())
