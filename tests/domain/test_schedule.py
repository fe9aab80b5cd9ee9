"""When a route's stops are reached, and what one more stop costs: compared with reckoning by hand."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.instant import MINUTE, SECOND
from domain.replan import Better, better_plan
from domain.route import Point, RoutePlan, Stop, StopState
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
