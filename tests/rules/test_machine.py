"""One rule's machine, look by look: what opens, what clears, what re-arms."""

import pytest
from pydantic import TypeAdapter

from domain.instant import MINUTE, NEVER, SECOND
from rules.machine import Cell, Phase, Seen, Timing, opens_at, settle, turn
from rules.tree import Truth

TRUE, FALSE, UNKNOWN = Seen(Truth.TRUE), Seen(Truth.FALSE), Seen(Truth.UNKNOWN)
PLAIN = Timing()
HELD = Timing(hold=5 * MINUTE)


def after(timing: Timing, *looks: tuple[int, Seen], cell: Cell | None = None) -> Cell:
    """The cell after looks at these minutes."""
    cell = cell or Cell()
    for minute, seen in looks:
        cell = settle(timing, cell, minute * MINUTE, seen)
    return cell


def test_without_a_hold_a_rule_opens_as_soon_as_it_is_true() -> None:
    cell = after(PLAIN, (1, TRUE))

    assert (cell.phase, cell.episode, cell.opened_at) == (Phase.OPEN, 1, MINUTE)


def test_unknown_neither_opens_nor_clears() -> None:
    assert after(PLAIN, (1, UNKNOWN)).phase is Phase.IDLE
    assert after(PLAIN, (1, TRUE), (2, UNKNOWN)).phase is Phase.OPEN


def test_a_hold_opens_at_its_end_inclusive() -> None:
    pending = after(HELD, (1, TRUE))

    assert (pending.phase, pending.look_at) == (Phase.PENDING, 6 * MINUTE)
    assert settle(HELD, pending, 6 * MINUTE - 1, TRUE).phase is Phase.PENDING
    assert settle(HELD, pending, 6 * MINUTE, TRUE).phase is Phase.OPEN


@pytest.mark.parametrize("seen", [pytest.param(FALSE, id="false"), pytest.param(UNKNOWN, id="unknown")])
def test_false_and_unknown_cancel_a_hold(seen: Seen) -> None:
    cell = after(HELD, (1, TRUE), (3, seen), (4, TRUE))

    assert opens_at(HELD, cell) == 9 * MINUTE


def test_clearing_lasts_for_stay_clear_and_ends_the_episode() -> None:
    timing = Timing(stay_clear=10 * MINUTE)
    cell = after(timing, (1, TRUE), (2, FALSE))

    assert (cell.phase, cell.look_at) == (Phase.CLEARING, 12 * MINUTE)
    assert after(timing, (12, FALSE), cell=cell) == Cell(Phase.IDLE, 12 * MINUTE, 1, None, 12 * MINUTE, look_at=NEVER)


@pytest.mark.parametrize("seen", [pytest.param(TRUE, id="true"), pytest.param(UNKNOWN, id="unknown")])
def test_what_is_not_false_ends_a_clearing(seen: Seen) -> None:
    timing = Timing(stay_clear=10 * MINUTE)

    cell = after(timing, (1, TRUE), (2, FALSE), (5, seen))

    assert (cell.phase, cell.episode, cell.opened_at) == (Phase.OPEN, 1, MINUTE)


def test_in_its_cooldown_a_rule_is_pending_and_opens_at_the_later_end() -> None:
    timing = Timing(hold=5 * MINUTE, cooldown=30 * MINUTE)
    cell = after(timing, (0, TRUE), (5, TRUE), (10, FALSE), (20, TRUE))

    assert (cell.phase, opens_at(timing, cell)) == (Phase.PENDING, 40 * MINUTE)
    assert opens_at(timing, after(timing, (12, FALSE), (38, TRUE), cell=after(timing, (21, FALSE), cell=cell))) == 43 * MINUTE


def test_only_when_holds_back_the_opening_and_not_the_hold() -> None:
    shut, ajar = Seen(Truth.TRUE, only=False, only_until=20 * MINUTE), Seen(Truth.TRUE)
    cell = after(HELD, (1, shut), (6, shut))

    assert (cell.phase, cell.look_at) == (Phase.PENDING, 20 * MINUTE)
    assert after(HELD, (20, ajar), cell=cell).opened_at == 20 * MINUTE


def test_only_when_never_clears() -> None:
    assert after(PLAIN, (1, TRUE), (2, Seen(Truth.TRUE, only=False))).phase is Phase.OPEN


CLEARED_BY = Timing(stay_clear=10 * MINUTE, has_clears_when=True)
CURE = Seen(Truth.FALSE, clear=True)


def test_with_clears_when_a_false_condition_clears_nothing() -> None:
    assert after(CLEARED_BY, (1, TRUE), (2, FALSE)).phase is Phase.OPEN


def test_a_cure_that_passes_still_clears() -> None:
    cell = after(CLEARED_BY, (1, TRUE), (2, CURE), (3, FALSE), (12, FALSE))

    assert (cell.phase, cell.ended_at) == (Phase.IDLE, 12 * MINUTE)


def test_a_condition_that_was_true_all_along_does_not_stop_the_clearing_but_has_to_be_false_before_it_opens_again() -> None:
    cured = Seen(Truth.TRUE, clear=True)
    cell = after(CLEARED_BY, (1, TRUE), (2, cured), (12, cured), (20, TRUE))

    assert (cell.phase, cell.episode) == (Phase.IDLE, 1)
    assert after(CLEARED_BY, (21, FALSE), (22, TRUE), cell=cell).episode == 2


def test_a_condition_that_is_true_anew_ends_the_clearing() -> None:
    cell = after(CLEARED_BY, (1, TRUE), (2, CURE), (3, TRUE))

    assert (cell.phase, cell.episode) == (Phase.OPEN, 1)


def test_a_cure_that_was_there_at_the_opening_counts_once_it_comes_anew() -> None:
    opened = after(CLEARED_BY, (1, Seen(Truth.TRUE, clear=True)), (2, Seen(Truth.TRUE, clear=True)))

    assert opened.phase is Phase.OPEN
    assert after(CLEARED_BY, (3, TRUE), (4, Seen(Truth.TRUE, clear=True)), cell=opened).phase is Phase.CLEARING


def test_a_rule_opened_by_something_received_waits_for_a_cure_or_a_person() -> None:
    assert after(Timing(lasting=True), (1, TRUE), (2, FALSE), (3, FALSE)).phase is Phase.OPEN


def test_a_rule_that_is_not_in_play_opens_nothing_and_may_resolve() -> None:
    out = Seen(Truth.TRUE, in_play=False)

    assert after(PLAIN, (1, out)).phase is Phase.IDLE
    assert after(HELD, (1, TRUE), (2, out)).phase is Phase.IDLE
    assert after(PLAIN, (1, TRUE), (2, Seen(Truth.FALSE, in_play=False))).phase is Phase.IDLE


def test_what_can_be_seen_of_a_look() -> None:
    idle, opened = Cell(), after(PLAIN, (1, TRUE))

    assert turn(idle, opened) == "opens"
    assert turn(opened, after(PLAIN, (2, FALSE), cell=opened)) == "resolves"
    assert turn(idle, after(HELD, (1, TRUE))) == ""


def test_a_cell_survives_being_written_down() -> None:
    cells: TypeAdapter[dict[str, Cell]] = TypeAdapter(dict[str, Cell])
    written = {"late": after(Timing(stay_clear=SECOND), (1, TRUE), (2, FALSE)), "idle": after(PLAIN, (1, FALSE))}

    assert cells.validate_json(cells.dump_json(written)) == written
