"""Each part of `make bench` still yields figures, with a few deliveries. No test looks at how fast anything is."""

import json
from pathlib import Path

import pytest

from benchmarks import costs, due, many_open, reaction, recovery, table, weights
from benchmarks.kept import RESULTS, keep, kept
from domain.instant import MINUTE


def test_the_table_shows_what_was_measured_last() -> None:
    told = table.render(kept(RESULTS))

    assert "whole deliveries a second" in told


def test_a_part_that_is_measured_anew_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    keep("one", {"s": 1.23456}, path)

    keep("two", [2], path)

    assert json.loads(path.read_text())["one"] == {"s": 1.235}
    assert kept(path)["two"] == [2]


def test_percentiles_are_values_that_were_measured() -> None:
    found = due.delays([float(number) for number in range(1, 101)])

    assert (found.p50, found.p99) == (50.0, 99.0)


def test_a_sweep_is_late_by_half_its_period_as_a_rule() -> None:
    found = due.swept([1_000, 2_000], MINUTE)

    assert 28 <= found.p50 <= 31
    assert 58 <= found.p99 < 60


@pytest.mark.temporal
async def test_a_delivery_weighs_less_than_a_naive_one_and_no_more_than_promised() -> None:
    measured = await weights.measure(spaced_s=0.05)

    ours, naive = measured.healthy["Delivery"], measured.healthy["Naive"]
    assert ours.billed_actions <= weights.MOST_ACTIONS
    assert ours.history_events <= weights.MOST_EVENTS
    assert ours.billed_actions < naive.billed_actions
    assert measured.incident["Delivery"].billed_actions > ours.billed_actions


@pytest.mark.temporal
async def test_the_cost_of_an_event_is_that_of_a_worker_process() -> None:
    measured = await costs.measure(deliveries=2, apart_s=0.05, starts=3)

    assert measured.bare.cpu_ms_an_event >= 0
    assert measured.real.starts_a_second > 0


@pytest.mark.temporal
async def test_the_delay_from_deadline_to_action_is_measured_idle_and_under_load() -> None:
    measured = await reaction.measure(deliveries=3, lead_s=2, spread_s=0.5, senders=1)

    assert measured.idle.count == measured.loaded.count == 3
    assert "under" in measured.render()


@pytest.mark.temporal
async def test_what_fell_due_without_a_worker_is_begun_by_the_next_one() -> None:
    measured = await recovery.measure(deliveries=6, falling_due=2, lead_s=4)

    assert 0 < measured.first_s <= measured.all_s


@pytest.mark.temporal
async def test_growth_is_told_step_by_step() -> None:
    steps = await many_open.measure(deliveries=4, step=2)

    assert [step.open for step in steps] == [2, 4]
    assert steps[0].server_disk > 0
