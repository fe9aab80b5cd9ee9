"""The shipped rulebooks `standard` and `same-day`: no ordinary day raises anything, however it goes."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Event, Place
from domain.instant import DAY, HOUR, MINUTE, Instant, Span
from domain.order import Order, Parcel, PlannedMilestone, Window
from domain.status import DriverState, Status
from rules.compile import CompiledBook, compile_book
from rules.simulate import Reported, simulate
from tests.builders import an_event, an_order, at
from tests.rules.test_shipped_books import BOOKS

COMPILED = {name: compile_book(BOOKS[name], "reference") for name in ("standard", "same-day")}


def minutes(low: int, high: int) -> st.SearchStrategy[Span]:
    return st.integers(low, high).map(lambda number: number * MINUTE)


@st.composite
def healthy_days(draw: st.DrawFn) -> tuple[Order, list[Event], Instant]:
    """A delivery on which nothing goes wrong: booked the evening before or in the morning, with or without a night at the hub,
    plan, ETAs, a break (reported or not), several parcels; delivered early or in its window."""
    window = draw(st.sampled_from([1, 2, 4, 12])) * HOUR
    end = at("08:00") + max(window, draw(minutes(180, 840)))
    over_night = draw(st.booleans())
    known = draw(st.integers(at("-1d 17:00") // MINUTE, at("-1d 22:00") // MINUTE)) * MINUTE if over_night else end - 5 * HOUR
    parcels = tuple(Parcel(f"P{number}") for number in range(draw(st.integers(1, 8))))
    on_van = max(known + 50 * MINUTE, end - draw(minutes(105, 480)))
    # What is known only after the window is late until it is known: at the door five minutes before its end.
    arrives = min(max(on_van + 20 * MINUTE, end - draw(minutes(5, 240))), end - 5 * MINUTE)
    plan = (
        PlannedMilestone(Status.AT_HUB, known + 2 * HOUR),
        PlannedMilestone(Status.OUT_FOR_DELIVERY, on_van - draw(minutes(-30, 50))),
    )
    order = an_order(
        promised=Window(end - window, end), parcels=parcels, plan=plan if over_night and draw(st.booleans()) else (), tags=()
    )
    events = [*_before(draw, known, over_night), _event(draw, "scan", on_van, status=Status.OUT_FOR_DELIVERY)]
    events += [*_on_the_way(draw, on_van, arrives, end), *_at_the_door(draw, arrives, parcels)]
    return order, _told_twice(draw, events), known


def _event(draw: st.DrawFn, kind: str, happened: Instant, **fields: object) -> Event:
    """Known up to four minutes after it happened."""
    known = happened + draw(minutes(0, 4)) if kind in ("scan", "eta") else happened
    return replace(an_event(kind, "00:00"), occurred_at=happened, recorded_at=known, **fields)  # type: ignore[arg-type]


def _before(draw: st.DrawFn, known: Instant, over_night: bool) -> list[Event]:
    if not over_night:
        return [_event(draw, "scan", known + 40 * MINUTE, status=Status.PICKED_UP)]
    picked = known + draw(minutes(5, 60))
    hub = picked + draw(minutes(10, 60))
    return [
        _event(draw, "assigned", known + MINUTE),
        _event(draw, "scan", picked, status=Status.PICKED_UP),
        _event(draw, "scan", hub, status=Status.AT_HUB, location=Place("HEL1")),
    ]


def _on_the_way(draw: st.DrawFn, on_van: Instant, arrives: Instant, end: Instant) -> list[Event]:
    """ETAs within the promise, and a break where there is time for one."""
    etas = [_event(draw, "eta", on_van + 5 * MINUTE, eta=min(arrives + draw(minutes(-30, 30)), end + 9 * MINUTE))]
    lasts = draw(minutes(10, 45))
    if arrives - on_van < lasts + 20 * MINUTE:
        return etas
    begins = on_van + 10 * MINUTE
    halt = [_event(draw, "stopped", begins, location=Place("LAY-BY")), _event(draw, "moving", begins + lasts)]
    if not draw(st.booleans()):
        return etas + halt
    on_break, back = ({"state": state.value} for state in (DriverState.ON_BREAK, DriverState.BACK))
    told = [
        _event(draw, "driver_status", begins + MINUTE, detail=on_break),
        _event(draw, "silent", begins + 2 * MINUTE),
        _event(draw, "driver_status", begins + lasts - MINUTE, detail=back),
    ]
    return etas + halt + told


def _at_the_door(draw: st.DrawFn, arrives: Instant, parcels: tuple[Parcel, ...]) -> list[Event]:
    """One parcel after the other, each in one to nine minutes."""
    events = [_event(draw, "arrived", arrives)] if draw(st.booleans()) else [_event(draw, "scan", arrives, status=Status.ARRIVED)]
    handed_over = arrives
    for parcel in parcels:
        handed_over += draw(minutes(1, 9))
        delivered = _event(draw, "delivered", handed_over, parcel_ids=(parcel.parcel_id,))
        events.append(delivered)
    return [*events, _event(draw, "departed", handed_over + MINUTE)]


def _told_twice(draw: st.DrawFn, events: list[Event]) -> list[Event]:
    again = draw(st.lists(st.sampled_from(events), max_size=3))
    return sorted([*events, *again], key=lambda event: event.recorded_at)


def opened(book: CompiledBook, order: Order, events: list[Event], known: Instant) -> list[str]:
    lines = [Reported(event.recorded_at, event) for event in events]
    moments = simulate(book, order, known, lines, order.promised.end + DAY)
    assert moments[-1].delivery.facts.status is Status.DELIVERED
    return [f"{rule} at {moment.at}" for moment in moments for rule in (*moment.opened, *moment.started)]


@pytest.mark.parametrize("name", COMPILED)
@given(day=healthy_days())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_ordinary_day_raises_anything(name: str, day: tuple[Order, list[Event], Instant]) -> None:
    order, events, known = day

    assert opened(COMPILED[name], order, events, known) == []
