"""The demo's day: by the shipped rules, every injected fault is noticed and nothing else is."""

import json
from dataclasses import replace

import pytest

from cli.demo.day import Day
from cli.demo.faults import FAULTS, ODDITIES
from cli.demo.folder import standard
from cli.demo.forecast import deadlines, due_at, openings
from cli.demo.run import FACTOR
from cli.demo.scale import scaled
from cli.demo.scenario import Life, Scenario, scenario_of
from domain.instant import HOUR, MINUTE, SECOND, Instant
from domain.status import FINAL, Status
from rules.check import check
from rules.compile import CompiledBook, compile_book
from settings import SHIPPED_RULES
from workflows.events import DeliveryEvent, wire_event
from workflows.orders import DeliveryOrder

BEGINS: Instant = 1_795_413_600_000


@pytest.fixture(scope="module")
def book() -> CompiledBook:
    return compile_book(scaled(standard(check(SHIPPED_RULES)), FACTOR), "reference")


@pytest.fixture(scope="module")
async def scenario() -> Scenario:
    return await scenario_of(Day(BEGINS, FACTOR))


def healthy(scenario: Scenario) -> list[Life]:
    return [life for life in scenario.lives if life.fault is None]


def the(scenario: Scenario, fault: str) -> Life:
    return next(life for life in scenario.lives if life.fault == fault)


def test_a_day_has_forty_deliveries_on_four_routes_and_passes_in_about_a_minute(scenario: Scenario) -> None:
    assert len(scenario.lives) == 40
    assert [len(trip.calls) for trip in scenario.trips] == [10, 10, 10, 10]
    assert 50 * SECOND < scenario.ends - BEGINS < 70 * SECOND


async def test_every_run_plays_the_same_day(scenario: Scenario) -> None:
    again = await scenario_of(Day(BEGINS, FACTOR))

    assert again == scenario


def test_no_healthy_delivery_opens_anything(scenario: Scenario, book: CompiledBook) -> None:
    opened = {life.delivery_id: list(openings(book, life, BEGINS)) for life in healthy(scenario)}

    assert [raised for raised in opened.items() if raised[1]] == []


def test_duplicates_and_late_scans_are_among_the_healthy_ones(scenario: Scenario) -> None:
    told = {life.oddity for life in healthy(scenario) if life.oddity}

    assert told == set(ODDITIES)
    assert any(len(life.reports) > life.distinct_events for life in healthy(scenario))
    assert any(report.at > report.event.occurred_at for life in healthy(scenario) for report in life.reports)


def test_every_fault_is_injected_and_due(scenario: Scenario, book: CompiledBook) -> None:
    due = deadlines(book, scenario)

    assert {life.fault for life in scenario.lives if life.fault} == set(FAULTS)
    assert all(BEGINS < at < scenario.ends for at in due.values())


@pytest.mark.parametrize(
    ("fault", "after", "minutes"),
    [
        pytest.param("late", "promised end", 0, id="late: at the end of the promise"),
        pytest.param("predicted_late", "eta", 2, id="predicted late: two minutes after the ETA"),
        pytest.param("dwell_at_stop", "arrived", 20, id="dwell: twenty minutes after the arrival"),
        pytest.param("left_at_the_door", "departed", 15, id="missed scan: a quarter after the departure"),
        pytest.param("driver_silent", "silent", 30, id="silent: half an hour"),
        pytest.param("failed_attempt", "attempt_failed", 0, id="failed attempt: at once"),
        pytest.param("address_problem", "attempt_failed", 0, id="address problem: at once"),
    ],
)
def test_a_deadline_is_what_the_shipped_rule_says(
    scenario: Scenario, book: CompiledBook, fault: str, after: str, minutes: int
) -> None:
    life = the(scenario, fault)

    due = due_at(book, life, BEGINS)

    assert due == anchor(life, after) + scenario.day.minutes(minutes)


def anchor(life: Life, after: str) -> Instant:
    """The end of the promise, or the last event of a kind."""
    if after == "promised end":
        return life.promised_end
    return max(
        report.event.occurred_at
        for report in life.reports
        if report.event.kind.value == after and is_late_eta(life, report.event.eta)
    )


def is_late_eta(life: Life, eta: Instant | None) -> bool:
    return eta is None or eta > life.promised_end


def test_a_fault_that_the_rules_never_notice_is_told(scenario: Scenario, book: CompiledBook) -> None:
    life = the(scenario, "late")
    in_time = replace(life, reports=healthy(scenario)[0].reports)

    with pytest.raises(LookupError, match=f"late never opens on {life.delivery_id}"):
        due_at(book, in_time, BEGINS)


def test_every_delivery_ends_with_a_final_status(scenario: Scenario) -> None:
    assert {life.ends_as for life in scenario.lives} <= FINAL
    assert {life.ends_as for life in scenario.lives} == {Status.DELIVERED}


def test_orders_and_reports_are_what_the_doors_accept(scenario: Scenario) -> None:
    for life in scenario.lives:
        DeliveryOrder.model_validate_json(life.order_json)
        for report in life.reports:
            DeliveryEvent.model_validate_json(json.dumps(wire_event(report.event)))


def test_the_clock_of_the_day_runs_both_ways() -> None:
    day = Day(BEGINS, 600)

    assert day.at("06:00") == BEGINS
    assert day.at("16:00") == BEGINS + 10 * HOUR // 600 == BEGINS + MINUTE
    assert day.clock(day.at("09:30")) == "09:30"
    assert day.clock(day.at("13:00", days=-1)) == "13:00"
