"""A delivery is the same value in whatever order, and however often, its events arrive."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.delivery import KEPT_EVENTS, Delivery, delivery_of
from domain.event import Event, Place
from domain.instant import HOUR, MINUTE, Instant
from domain.order import Destination, Order, Parcel, Window
from domain.reasons import Reason
from domain.status import FINAL, Condition, Kind, Party, Status

START: Instant = 1_795_000_000_000
ORDER = Order(
    "D-1",
    "acme",
    Window(START + HOUR, START + 3 * HOUR),
    Destination("Europe/Helsinki"),
    hub="HEL1",
    route_id="R1",
    driver_id="V1",
)
TWO_PARCELS = replace(ORDER, parcels=(Parcel("P1", "B1"), Parcel("P2")))


def a_delivery(order: Order = ORDER) -> Delivery:
    return delivery_of(order, START)


def status(event_id: str, status: Status, minute: int, parcels: tuple[str, ...] = (), kind: Kind = Kind.STATUS) -> Event:
    at = START + minute * MINUTE
    return Event(event_id, kind, at, at, "acme", status=status, parcel_ids=parcels)


def told(delivery: Delivery, *events: Event) -> Delivery:
    for event in events:
        delivery = delivery.after(event)
    return delivery


DETAILS: dict[Kind, dict[str, object]] = {
    Kind.ASSIGNMENT: {"state": "accepted", "driver_id": "V2"},
    Kind.DRIVER_STATUS: {"state": "on_break"},
    Kind.PROMISE_CHANGED: {"start": None, "end": START + 5 * HOUR},
    Kind.PLAN_CHANGED: {"milestone": "at_hub", "due": START},
    Kind.SENSOR: {"name": "temperature", "value": 5000},
}


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(list(Kind)))
        at = START + draw(st.integers(0, 6)) * 4 * MINUTE
        detail = dict(DETAILS.get(kind, {}))
        if kind is Kind.CORRECTION:
            detail = {"event_id": f"e{draw(st.integers(0, 12))}", "reason": "did_not_occur"}
        found.append(
            Event(
                f"e{number}",
                kind,
                at,
                at + draw(st.integers(0, 3)) * MINUTE,
                "acme",
                status=draw(st.sampled_from(list(Status))) if kind in (Kind.STATUS, Kind.SCAN) else None,
                parcel_ids=draw(st.sampled_from(((), ("P1",), ("P2",), ("B1",)))),
                location=draw(st.sampled_from((None, Place("HEL1"), Place("STOP7")))),
                reason=draw(st.sampled_from((None, Reason.CONSIGNEE_NOT_HOME))),
                eta=at + HOUR if kind is Kind.ETA else None,
                by=draw(st.sampled_from((None, Party.CUSTOMER))),
                detail=detail,
            )
        )
    return found


@settings(max_examples=300, deadline=None)
@given(events(), st.randoms(use_true_random=False), st.sampled_from((ORDER, TWO_PARCELS)))
def test_any_shuffle_and_any_duplication_gives_the_same_delivery(found: list[Event], random: object, order: Order) -> None:
    shuffled = found + [event for event in found if len(event.event_id) % 2 == 0]
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert told(a_delivery(order), *shuffled) == told(a_delivery(order), *found)


@settings(max_examples=200, deadline=None)
@given(st.permutations([(0, Status.PICKED_UP), (10, Status.AT_HUB), (20, Status.ON_HOLD), (30, Status.IN_TRANSIT)]))
def test_the_status_is_that_of_the_latest_occurrence_whatever_arrives_when(arrivals: list[tuple[int, Status]]) -> None:
    delivery = told(a_delivery(), *(status(f"e{minute}", word, minute) for minute, word in arrivals))

    assert delivery.facts.status is Status.IN_TRANSIT
    assert delivery.facts.status_since == START + 30 * MINUTE


@settings(max_examples=200, deadline=None)
@given(events(), st.sampled_from(sorted(FINAL)))
def test_a_final_status_is_left_only_by_a_correction(found: list[Event], final: Status) -> None:
    ended = told(a_delivery(), status("final", final, -1))
    later = [event for event in found if event.kind is not Kind.CORRECTION]

    assert told(ended, *later).facts.status is final


def test_a_correction_takes_the_final_status_back() -> None:
    delivery = told(a_delivery(), status("out", Status.OUT_FOR_DELIVERY, 10), status("done", Status.DELIVERED, 20))
    correction = Event(
        "c", Kind.CORRECTION, START + HOUR, START + HOUR, "ops", detail={"event_id": "done", "reason": "did_not_occur"}
    )

    assert delivery.after(correction).facts.status is Status.OUT_FOR_DELIVERY


def test_a_correction_that_arrives_before_its_event_still_counts() -> None:
    correction = Event(
        "c", Kind.CORRECTION, START + HOUR, START + HOUR, "ops", detail={"event_id": "done", "reason": "did_not_occur"}
    )

    delivery = told(a_delivery(), correction, status("done", Status.DELIVERED, 20))

    assert delivery.facts.status is Status.CREATED


def test_a_delivery_follows_its_least_advanced_parcel() -> None:
    delivery = told(
        a_delivery(TWO_PARCELS), status("a", Status.DELIVERED, 10, ("B1",)), status("b", Status.OUT_FOR_DELIVERY, 5, ("P2",))
    )

    assert delivery.facts.status is Status.OUT_FOR_DELIVERY
    assert delivery.facts.parcels["P1"].status is Status.DELIVERED


def test_an_attempt_reported_as_kind_and_as_status_counts_once() -> None:
    as_kind = Event("k", Kind.ATTEMPT_FAILED, START, START, "driver", reason=Reason.CONSIGNEE_NOT_HOME)

    kind_first = told(a_delivery(), as_kind, status("s", Status.ATTEMPT_FAILED, 8))
    status_first = told(a_delivery(), status("s", Status.ATTEMPT_FAILED, -8), as_kind)

    assert kind_first.facts.attempts == status_first.facts.attempts == 1
    assert kind_first.facts.last_reason is status_first.facts.last_reason is Reason.CONSIGNEE_NOT_HOME


def test_a_status_that_is_only_repeated_is_no_new_attempt() -> None:
    repeated = [status(f"s{minute}", Status.ATTEMPT_FAILED, minute) for minute in (0, 60, 120)]

    assert told(a_delivery(), *repeated).facts.attempts == 1


def test_a_second_attempt_without_a_status_between_counts_too() -> None:
    attempts = [
        Event(f"k{hour}", Kind.ATTEMPT_FAILED, START + hour * HOUR, START + hour * HOUR, "driver") for hour in (0, 24, 48)
    ]

    assert told(a_delivery(), *attempts).facts.attempts == 3


def test_dwell_runs_from_arrival_at_the_own_stop_to_the_next_departure() -> None:
    arrived = Event("a", Kind.ARRIVED, START, START, "gps")
    elsewhere = Event("b", Kind.ARRIVED, START + MINUTE, START + MINUTE, "gps", location=Place("DEPOT"))
    departed = Event("c", Kind.DEPARTED, START + HOUR, START + HOUR, "gps")

    assert told(a_delivery(), arrived, elsewhere).facts.at_stop_since == START
    assert told(a_delivery(), arrived, elsewhere, departed).facts.at_stop_since is None


def test_the_stay_at_a_hub_starts_anew_when_the_hub_changes() -> None:
    first = replace(status("a", Status.AT_HUB, 0, kind=Kind.SCAN), location=Place("HEL1"))
    again = replace(status("b", Status.AT_HUB, 10, kind=Kind.SCAN), location=Place("HEL1"))
    other = replace(status("c", Status.AT_HUB, 20, kind=Kind.SCAN), location=Place("TMP2"))

    stayed = told(a_delivery(), first, again).facts.at_hub
    moved = told(a_delivery(), first, again, other).facts.at_hub

    assert stayed is not None
    assert stayed.since == START
    assert moved is not None
    assert (moved.place, moved.since) == ("TMP2", START + 20 * MINUTE)


def test_the_condition_turns_late_exactly_at_the_promised_end() -> None:
    delivery = a_delivery()

    assert delivery.condition(START + 3 * HOUR - 1) is Condition.ON_TIME
    assert delivery.condition(START + 3 * HOUR) is Condition.LATE
    assert delivery.condition_changes_at(START) == START + 3 * HOUR


def test_an_eta_after_the_promise_is_a_risk_and_before_it_early() -> None:
    def expected(at: Instant) -> Delivery:
        return a_delivery().after(Event("e", Kind.ETA, START, START, "acme", eta=at))

    assert expected(START + 4 * HOUR).condition(START) is Condition.AT_RISK
    assert expected(START + 2 * HOUR).condition(START) is Condition.ON_TIME
    assert expected(START).condition(START) is Condition.EARLY


def test_thousands_of_events_keep_the_state_bounded_and_the_fold_right() -> None:
    delivery = a_delivery()
    for number in range(KEPT_EVENTS * 3):
        delivery = delivery.after(status(f"s{number}", Status.IN_TRANSIT if number % 2 else Status.AT_HUB, number))

    assert len(delivery.events) <= KEPT_EVENTS
    assert delivery.facts.status is Status.IN_TRANSIT
    assert delivery.has_seen("s0")
    assert not delivery.can_correct("s0")
    assert delivery.after(status("s0", Status.DELIVERED, 1)) is delivery
