"""The benchmarks still run, and measure what they say. No test looks at how fast anything is."""

import gc
from pathlib import Path

import pytest

from benchmarks import beside, books, evaluate, healthy, memory, rerouting, throughput
from rules.compile import compile_book


def test_a_healthy_day_opens_nothing_with_the_shipped_rulebook() -> None:
    day = (healthy.delivery(evaluate.START), healthy.events(evaluate.START))

    opened = evaluate.watch_all(compile_book(books.shipped()), "a-version", [day])

    assert opened == 0


def test_looks_are_measured_with_the_shipped_book_and_with_fifty_rules() -> None:
    costs = evaluate.measure(deliveries=2, rounds=1)

    assert [cost.book for cost in costs] == ["standard", "many"]
    assert costs[1].rules == 50
    assert "events/s" in costs[0].render()


def test_deliveries_that_have_come_and_gone_leave_nothing_behind() -> None:
    book = compile_book(books.many())

    def watched(deliveries: int) -> int:
        for _ in range(deliveries):
            evaluate.watch_all(book, "a-version", [(healthy.delivery(evaluate.START), healthy.events(evaluate.START))])
        gc.collect()
        return len(gc.get_objects())

    before = watched(20)

    assert watched(200) - before < 20  # one object for ten deliveries would be too much


def test_what_other_engines_took_last_is_told_with_its_day_and_how_to_measure_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(beside, "PEERS", tmp_path)  # as where nobody installed them

    told = beside.measure()

    assert told.ratios[beside.OURS] == 1
    assert not told.is_new
    assert f"measured on {told.measured}, in one run; `make peers` installs the others" in told.render()


@pytest.mark.temporal
async def test_whole_deliveries_are_measured_in_turns() -> None:
    measured = await throughput.measure(deliveries=3, rounds=1, at_once=3)

    assert (len(measured.bare), len(measured.real)) == (2, 1)
    assert measured.real_weight.billed_actions > measured.bare_weight.billed_actions == 1 + 9


@pytest.mark.temporal
async def test_the_memory_of_a_real_worker_is_measured() -> None:
    measured = await memory.measure(deliveries=3, first=1)

    assert measured.idle > 0
    assert "3 cached deliveries" in measured.render()


@pytest.mark.temporal
async def test_a_reroute_is_measured_up_to_the_last_delivery_that_is_told() -> None:
    measured = await rerouting.measure(stops=4, rounds=1)

    assert measured.told[0] >= 1
    assert measured.seconds[0] > 0.5
    assert "reroute of 4 stops" in measured.render()
