"""When a route's stops are reached, and what one more stop costs: compared with reckoning by hand."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.instant import MINUTE, SECOND
from domain.objective import Objective
from domain.replan import Better, Wish, better_for_all, better_plan
from domain.route import Break, Point, RoutePlan, Stop, StopState
from domain.schedule import Insertion, Legs, cheapest_insertion, inserted, schedule_of

START = 1_795_413_600_000
POINTS = tuple(Point(60 + number / 100, 25) for number in range(8))

times = st.integers(0, 30 * MINUTE)
matrices = st.lists(st.lists(times, min_size=8, max_size=8).map(tuple), min_size=8, max_size=8).map(tuple)


@st.composite
def stops_of(draw: st.DrawFn, number: int) -> Stop:
    opens = draw(st.none() | st.integers(0, 60).map(lambda minutes: START + minutes * MINUTE))
    closes = draw(st.none() | st.integers(-10, 120).map(lambda minutes: (opens or START) + minutes * MINUTE))
    return Stop(
        f"D{number}",
        POINTS[number],
        opens,
        closes,
        draw(st.integers(0, 10)) * MINUTE,
        locked=draw(st.sampled_from([False] * 5 + [True])),
    )


@st.composite
def routes(draw: st.DrawFn) -> RoutePlan:
    stops = tuple(draw(stops_of(number)) for number in range(1, draw(st.integers(1, 7))))
    shift = draw(st.none() | st.integers(30, 200).map(lambda minutes: START + minutes * MINUTE))
    return RoutePlan("R1", "2026-11-23", 1, POINTS[0], START, stops, shift_ends=shift)


def legs_of(matrix: tuple[tuple[int, ...], ...]) -> Legs:
    return Legs(POINTS, matrix, matrix)


def by_hand(plan: RoutePlan, stops: list[Stop], matrix: tuple[tuple[int, ...], ...]) -> tuple[dict[str, int], int]:
    """How late each stop is, and when the route ends."""
    late, at, now = {}, 0, plan.leaves_at
    for stop in stops:
        to = POINTS.index(stop.at)
        now += matrix[at][to]
        if stop.earliest and now < stop.earliest:
            now = stop.earliest
        late[stop.delivery_id] = now - stop.latest if stop.latest and now > stop.latest else 0
        now += stop.service_time
        at = to
    return late, now


def all_insertions(plan: RoutePlan, stop: Stop, matrix: tuple[tuple[int, ...], ...]) -> list[tuple[int, int, int]]:
    """(lateness caused, time added, place) of every place that is allowed."""
    found = []
    before, ended = by_hand(plan, list(plan.stops), matrix)
    for place in range(len(plan.stops) + 1):
        order = [*plan.stops[:place], stop, *plan.stops[place:]]
        late, ends = by_hand(plan, order, matrix)
        if any(kept.locked for kept in plan.stops[place:]) or (plan.shift_ends is not None and ends > plan.shift_ends):
            continue
        found.append((sum(late.values()) - sum(before.values()), ends - ended, place))
    return found


@settings(max_examples=150, deadline=None)
@given(routes(), stops_of(7), matrices)
def test_the_cheapest_place_is_the_best_of_all_places(plan: RoutePlan, stop: Stop, matrix: tuple[tuple[int, ...], ...]) -> None:
    expected = min(all_insertions(plan, stop, matrix), default=None)

    insertion = cheapest_insertion(plan, stop, legs_of(matrix))

    assert (insertion and (*insertion.cost, insertion.place)) == expected


@settings(max_examples=100, deadline=None)
@given(routes(), stops_of(7), matrices)
def test_a_harmless_place_makes_no_other_stop_later(plan: RoutePlan, stop: Stop, matrix: tuple[tuple[int, ...], ...]) -> None:
    insertion: Insertion | None = cheapest_insertion(plan, stop, legs_of(matrix), harmless=True)

    if insertion is not None:
        before, _ = by_hand(plan, list(plan.stops), matrix)
        after, _ = by_hand(plan, list(inserted(plan.stops, stop, insertion.place)), matrix)
        assert sum(after.values()) - after["D7"] <= sum(before.values())


@settings(max_examples=100, deadline=None)
@given(routes(), matrices, st.permutations(range(6)))
def test_a_better_plan_helps_the_delivery_by_more_than_it_harms_the_others(
    plan: RoutePlan, matrix: tuple[tuple[int, ...], ...], order: list[int]
) -> None:
    legs = legs_of(matrix)
    solved = plan.with_remaining(plan.fixed + tuple(plan.free[place] for place in order if place < len(plan.free)))
    for stop in plan.stops:
        better = better_plan(plan, solved, legs, stop.delivery_id, 15)

        if isinstance(better, Better):
            before, after = schedule_of(plan, legs), schedule_of(better.plan, legs)
            assert after.lateness < before.lateness
            assert better.eta < better.eta_before
            assert after.ends_at - before.ends_at <= 15 * MINUTE
            assert better.plan.remaining[: len(plan.fixed)] == plan.fixed


def test_everything_before_a_begun_stop_keeps_its_order() -> None:
    done = Stop("DONE", POINTS[1], state=StopState.DONE)
    begun = Stop("BEGUN", POINTS[2], state=StopState.IN_PROGRESS)
    plan = RoutePlan("R1", "2026-11-23", 1, POINTS[0], START, (done, begun, Stop("NEXT", POINTS[3])))

    assert plan.fixed == (begun,)
    assert [stop.delivery_id for stop in plan.free] == ["NEXT"]


def test_an_added_stop_may_vanish_in_a_wait() -> None:
    matrix = tuple(tuple(0 if here == there else 5 * SECOND for there in range(8)) for here in range(8))
    waits = Stop("W", POINTS[1], START + 30 * MINUTE, START + 40 * MINUTE)
    plan = RoutePlan("R1", "2026-11-23", 1, POINTS[0], START, (waits,))

    insertion = cheapest_insertion(plan, Stop("D", POINTS[2], service_time=MINUTE), legs_of(matrix))

    assert insertion == Insertion(place=0, added=0, lateness=0, pushed=0, eta=START + 5 * SECOND)


LEGS = Legs(POINTS, ((10 * MINUTE,) * 8,) * 8, ((1_000,) * 8,) * 8)
"""From everywhere to everywhere it takes ten minutes, and a kilometre."""


def a_day(*breaks: Break, stops: int = 3) -> RoutePlan:
    """Stops of five minutes each: without a break they begin after 10, 25 and 40 minutes."""
    planned = tuple(Stop(f"D{number}", POINTS[number], service_time=5 * MINUTE) for number in range(1, stops + 1))
    return RoutePlan("R1", "2026-11-23", 1, POINTS[0], START, planned, breaks=breaks)


def a_break(earliest: int, latest: int, minutes: int = 30) -> Break:
    return Break(START + earliest * MINUTE, START + latest * MINUTE, minutes * MINUTE)


@pytest.mark.parametrize(
    ("breaks", "begins"),
    [
        pytest.param((), [10, 25, 40], id="no break"),
        pytest.param((a_break(0, 60),), [40, 55, 70], id="as soon as it may begin"),
        pytest.param((a_break(10, 60),), [10, 55, 70], id="before driving on"),
        pytest.param((a_break(20, 25),), [10, 60, 75], id="waited for, since after the next stop it is too late"),
        pytest.param((a_break(-60, -1),), [10, 25, 40], id="taken already"),
        pytest.param((a_break(90, 120),), [10, 25, 40], id="after the last stop"),
        pytest.param((a_break(15, 60, 10), a_break(0, 5, 10)), [20, 45, 60], id="two"),
    ],
)
def test_a_break_is_taken_before_driving_on(breaks: tuple[Break, ...], begins: list[int]) -> None:
    visits = schedule_of(a_day(*breaks), LEGS).visits

    assert [(visit.begins - START) // MINUTE for visit in visits] == begins


@settings(max_examples=100, deadline=None)
@given(routes(), matrices, st.lists(st.tuples(st.integers(-10, 90), st.integers(0, 60)), max_size=3))
def test_breaks_only_ever_make_a_day_longer(
    plan: RoutePlan, matrix: tuple[tuple[int, ...], ...], starts: list[tuple[int, int]]
) -> None:
    breaks = tuple(a_break(earliest, earliest + within) for earliest, within in starts)

    without, having = schedule_of(plan, legs_of(matrix)), schedule_of(replace(plan, breaks=breaks), legs_of(matrix))

    assert all(later.begins >= visit.begins for visit, later in zip(without.visits, having.visits, strict=True))
    assert having.ends_at - without.ends_at <= sum(one.span for one in breaks) + 90 * MINUTE


def test_what_is_worth_more_is_served_first_where_that_is_the_aim() -> None:
    """B would be two minutes late, and A, who can wait, three instead."""
    late = {number: START + minutes * MINUTE for number, minutes in ((1, 12), (2, 23))}
    stops = tuple(Stop(f"D{number}", POINTS[number], latest=latest, service_time=5 * MINUTE) for number, latest in late.items())
    plan = RoutePlan("R1", "2026-11-23", 1, POINTS[0], START, stops)
    urgent = replace(plan, stops=(stops[0], replace(stops[1], priority=50)))

    def asked(route: RoutePlan, objective: Objective) -> bool:
        return isinstance(better_plan(route, route, LEGS, "D2", None, objective), Better)

    assert not asked(plan, Objective.ON_TIME)
    assert not asked(plan, Objective.PRIORITY)
    assert not asked(urgent, Objective.ON_TIME)
    assert asked(urgent, Objective.PRIORITY)


def test_fewer_kilometres_are_taken_only_if_nobody_gets_later() -> None:
    far = tuple(tuple(abs(one - other) * 1_000 for other in range(8)) for one in range(8))
    legs = Legs(POINTS, tuple(tuple(metres * 60 for metres in row) for row in far), far)
    order = (3, 1, 2)
    plan = RoutePlan("R1", "2026-11-23", 1, POINTS[0], START, tuple(Stop(f"D{number}", POINTS[number]) for number in order))
    shorter = plan.with_remaining(tuple(sorted(plan.stops, key=lambda stop: stop.delivery_id)))
    hurry = replace(plan, stops=(replace(plan.stops[0], latest=START + 2 * MINUTE), *plan.stops[1:]))

    taken, (found,) = better_for_all(plan, shorter, legs, [Wish("D2", objective=Objective.DISTANCE)])
    late = better_plan(hurry, hurry.with_remaining(shorter.stops), legs, "D2", None, Objective.DISTANCE)

    assert isinstance(found, Better)
    assert found.saves == 6_000 - 3_000
    assert taken == shorter
    assert isinstance(late, Better)
    assert late.plan.stops[0].delivery_id != "D3"


@settings(max_examples=150, deadline=None)
@given(routes(), matrices, st.permutations(range(1, 8)), st.sets(st.integers(1, 7), min_size=1))
def test_what_several_ask_for_makes_the_whole_less_late_and_everyone_who_was_helped(
    plan: RoutePlan, matrix: tuple[tuple[int, ...], ...], shuffled: list[int], asking: set[int]
) -> None:
    legs = legs_of(matrix)
    rank = {f"D{number}": shuffled.index(number) for number in range(1, 8)}
    solved = plan.with_remaining((*plan.fixed, *sorted(plan.free, key=lambda stop: rank[stop.delivery_id])))
    known = [stop.delivery_id for stop in plan.stops]
    wishes = [Wish(f"D{number}") for number in sorted(asking) if f"D{number}" in known]

    taken, found = better_for_all(plan, solved, legs, wishes)

    before, after = schedule_of(plan, legs), schedule_of(taken, legs)
    assert after.lateness <= before.lateness
    assert sorted(stop.delivery_id for stop in taken.stops) == sorted(known)
    assert taken.remaining[: len(plan.fixed)] == plan.fixed
    for wish, one in zip(wishes, found, strict=True):
        was, now = before.visit_of(wish.delivery_id), after.visit_of(wish.delivery_id)
        assert was is not None
        assert now is not None
        assert (now.lateness < was.lateness) == isinstance(one, Better)
