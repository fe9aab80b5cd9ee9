"""Glimpses in a worker's memory: the newest of each delivery is shown, and goes on waiting while boards cannot be reached."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest

from activities.glimpses import AT_ONCE, Glimpses, showing
from domain.glimpse import Glimpse
from domain.status import Status

PICKED_UP = Glimpse("D-1", 1, 1, 1, Status.PICKED_UP, None, 0)
ON_THE_VAN = replace(PICKED_UP, events_seen=2, status=Status.OUT_FOR_DELIVERY)
ANOTHER = replace(PICKED_UP, delivery_id="D-2")


@dataclass
class Boards:
    """On paper. `away` times they cannot be reached."""

    shown: list[list[Glimpse]] = field(default_factory=list)
    away: int = 0

    async def show(self, glimpses: Sequence[Glimpse]) -> None:
        if self.away > 0:
            self.away -= 1
            raise ConnectionError("row of D-1, Aino, +358401234567")
        self.shown.append(list(glimpses))


class Clock:
    """Seconds pass when the test says so."""

    def __init__(self) -> None:
        self._asked: asyncio.Queue[asyncio.Event] = asyncio.Queue()
        self._waiting: asyncio.Event | None = None

    async def pause(self) -> None:
        passed = asyncio.Event()
        self._asked.put_nowait(passed)
        await passed.wait()

    async def tick(self) -> None:
        """A second passes, and whatever it starts is done."""
        passed = self._waiting or await self._asked.get()
        passed.set()
        self._waiting = await self._asked.get()


async def test_boards_are_shown_the_newest_of_each_delivery_once_a_second() -> None:
    boards, clock = Boards(), Clock()
    glimpses = Glimpses(boards)
    async with showing(glimpses, clock.pause):
        for glimpse in (PICKED_UP, ANOTHER, ON_THE_VAN):
            glimpses.note(glimpse)
        before = list(boards.shown)
        await clock.tick()
        await clock.tick()

    assert before == []
    assert boards.shown == [[ON_THE_VAN, ANOTHER]]


async def test_what_boards_could_not_be_shown_is_shown_later_unless_something_newer_is_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    boards, clock = Boards(away=2), Clock()
    glimpses = Glimpses(boards)
    async with showing(glimpses, clock.pause):
        glimpses.note(PICKED_UP)
        glimpses.note(ANOTHER)
        await clock.tick()
        glimpses.note(ON_THE_VAN)
        await clock.tick()
        waiting = len(glimpses)
        await clock.tick()

    assert waiting == 2
    assert boards.shown == [[ON_THE_VAN, ANOTHER]]
    assert caplog.messages == [
        "boards stay behind: 2 deliveries cannot be shown (ConnectionError); tried again",
        "boards are up to date again",
    ]


async def test_a_worker_that_ends_shows_what_is_left() -> None:
    boards = Boards()
    glimpses = Glimpses(boards)

    async with showing(glimpses, Clock().pause):
        glimpses.note(ON_THE_VAN)

    assert boards.shown == [[ON_THE_VAN]]


async def test_a_worker_that_ends_while_boards_are_away_ends_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    glimpses = Glimpses(Boards(away=1))

    async with showing(glimpses, Clock().pause):
        glimpses.note(ON_THE_VAN)

    assert len(caplog.messages) == 1


async def test_a_worker_that_is_cut_off_while_it_shows_shows_it_again() -> None:
    class Slow(Boards):
        reached = asyncio.Event()

        async def show(self, glimpses: Sequence[Glimpse]) -> None:
            if not self.reached.is_set():
                self.reached.set()
                await asyncio.Event().wait()
            await super().show(glimpses)

    boards, clock = Slow(), Clock()
    glimpses = Glimpses(boards)
    async with showing(glimpses, clock.pause), asyncio.timeout(5):
        glimpses.note(ON_THE_VAN)
        ticking = asyncio.create_task(clock.tick())
        await boards.reached.wait()
        ticking.cancel()

    assert boards.shown == [[ON_THE_VAN]]


@pytest.mark.parametrize("away", [pytest.param(0, id="noted"), pytest.param(1, id="kept after an outage")])
async def test_no_more_is_kept_than_fits_and_the_longest_waiting_is_dropped(away: int) -> None:
    boards = Boards(away=away)
    glimpses = Glimpses(boards, most=2)
    glimpses.note(PICKED_UP)
    glimpses.note(ANOTHER)
    if away:
        with pytest.raises(ConnectionError, match="row of"):
            await glimpses.show()
    glimpses.note(replace(PICKED_UP, delivery_id="D-3"))

    await glimpses.show()

    assert [glimpse.delivery_id for glimpse in boards.shown[0]] == ["D-2", "D-3"]


async def test_many_deliveries_are_shown_in_transactions_that_hold_nobody_up() -> None:
    boards = Boards()
    glimpses = Glimpses(boards)
    for number in range(2 * AT_ONCE + 1):
        glimpses.note(replace(PICKED_UP, delivery_id=f"D-{number:05}"))

    await glimpses.show()

    assert [len(batch) for batch in boards.shown] == [AT_ONCE, AT_ONCE, 1]
    assert len(glimpses) == 0


async def test_only_what_is_left_of_a_large_showing_waits_for_the_next() -> None:
    class HalfAway(Boards):
        async def show(self, glimpses: Sequence[Glimpse]) -> None:
            self.away = len(self.shown) == 1
            await super().show(glimpses)

    glimpses = Glimpses(HalfAway())
    for number in range(AT_ONCE + 3):
        glimpses.note(replace(PICKED_UP, delivery_id=f"D-{number:05}"))

    with pytest.raises(ConnectionError, match="row of"):
        await glimpses.show()

    assert len(glimpses) == 3


async def test_what_several_threads_note_while_boards_are_shown_is_not_lost() -> None:
    boards = Boards()
    glimpses = Glimpses(boards)

    def note(thread: int) -> None:
        for number in range(500):
            glimpses.note(replace(PICKED_UP, delivery_id=f"D-{thread}-{number}"))

    with ThreadPoolExecutor(4) as threads:
        noting = [asyncio.get_running_loop().run_in_executor(threads, note, thread) for thread in range(4)]
        while not all(work.done() for work in noting):
            await glimpses.show()
            await asyncio.sleep(0)
    await glimpses.show()

    assert len({glimpse.delivery_id for batch in boards.shown for glimpse in batch}) == 2_000
