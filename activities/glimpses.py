"""Shows boards how far deliveries have come: what workflows noted since the last time, all at once. Best effort; copies tell the rest."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from logging import getLogger
from threading import Lock
from typing import Protocol, TypeAlias

from domain.glimpse import Glimpse

LOG = getLogger(__name__)

EVERY_S = 1.0
"""How far boards may be behind."""

MOST = 50_000
"""Deliveries of which a glimpse is kept while boards cannot be shown it, some 20 MB. Beyond that those that wait longest are dropped."""

AT_ONCE = 500
"""Glimpses in one transaction at the most: the copies of other deliveries wait for it."""

LAST_S = 5.0
"""How long a worker that ends tries to show what is left."""

Life: TypeAlias = tuple[str, int]
"""A delivery's id and generation."""

Pause: TypeAlias = Callable[[], Awaitable[None]]


class Boards(Protocol):
    """What showing needs of the store."""

    async def show(self, glimpses: Sequence[Glimpse]) -> None:
        """Never replaces what is newer, nor anything of a delivery that has ended."""
        ...


class Glimpses:
    """The newest glimpse of each delivery that boards have not been shown. Workflows note theirs from several threads."""

    def __init__(self, boards: Boards, most: int = MOST) -> None:
        self._boards = boards
        self._most = most
        self._waiting: dict[Life, Glimpse] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def note(self, glimpse: Glimpse) -> None:
        """Whatever was noted of the delivery before is forgotten."""
        life = (glimpse.delivery_id, glimpse.generation)
        with self._lock:
            if len(self._waiting) >= self._most and life not in self._waiting:
                del self._waiting[next(iter(self._waiting))]
            self._waiting[life] = glimpse

    async def show(self) -> None:
        """Shows all that waits now. What the boards did not take, whatever they raise, goes on waiting."""
        left = self._taken()
        lives = sorted(left)  # in one order everywhere, or transactions of two workers could wait for each other in a circle
        try:
            for first in range(0, len(lives), AT_ONCE):
                await self._boards.show([left[life] for life in lives[first : first + AT_ONCE]])
                for life in lives[first : first + AT_ONCE]:
                    del left[life]
        finally:
            self._keep(left)

    def _taken(self) -> dict[Life, Glimpse]:
        with self._lock:
            taken, self._waiting = self._waiting, {}
            return taken

    def _keep(self, left: Mapping[Life, Glimpse]) -> None:
        """What was noted meanwhile is newer."""
        with self._lock:
            kept = {**left, **self._waiting}
            self._waiting = dict(list(kept.items())[-self._most :]) if len(kept) > self._most else kept


async def a_second() -> None:
    await asyncio.sleep(EVERY_S)


@contextlib.asynccontextmanager
async def showing(glimpses: Glimpses, pause: Pause = a_second) -> AsyncIterator[None]:
    """Shows them again and again while the context lasts, and once more at its end."""
    task = asyncio.create_task(_show_for_ever(glimpses, pause))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_S):
                await _tried(glimpses, is_away=False)


async def _show_for_ever(glimpses: Glimpses, pause: Pause) -> None:
    is_away = False
    while True:
        await pause()
        is_away = not await _tried(glimpses, is_away)


async def _tried(glimpses: Glimpses, is_away: bool) -> bool:
    """Whether boards could be shown what waits. An outage is told once, and only its kind: an error's text may quote a row."""
    try:
        await glimpses.show()
    except Exception as error:  # nobody waits for this, and the next time comes in a second, whatever went wrong
        if not is_away:
            LOG.warning(
                "boards stay behind: %d deliveries cannot be shown (%s); tried again", len(glimpses), type(error).__name__
            )
        return False
    if is_away:
        LOG.warning("boards are up to date again")
    return True
