"""Running deliveries take another version of their rulebook over: one after the other, not faster than is wished, over and over
if need be. Which are left is what Temporal lists under the older versions, so that another run goes on where one was cut off."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from workflows.client import Deliveries, RefusedError, UnreachableError

AT_A_TIME = 20
"""Deliveries that are asked and have not answered yet."""

KEPT_TROUBLES = 100


@dataclass
class Takeover:
    """How far it has come. `ended` are deliveries that ended before they were asked; `troubles` says who refused, or did not answer,
    and why, the first of them."""

    version: str
    found: int = 0
    adopted: int = 0
    ended: int = 0
    refused: int = 0
    unanswered: int = 0
    troubles: list[str] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return self.adopted + self.ended + self.refused + self.unanswered

    def trouble(self, delivery_id: str, said: str) -> None:
        if len(self.troubles) < KEPT_TROUBLES:
            self.troubles.append(f"{delivery_id}: {said}")


Tell = Callable[[Takeover], object]
"""Is told after each answer, before the next one is counted."""


async def take_over(deliveries: Deliveries, version: str, older: Sequence[str], rate: int, tell: Tell) -> Takeover:
    """Every running delivery under one of the older versions adopts another one; at most `rate` are asked a second."""
    waiting = [delivery_id async for delivery_id in deliveries.watched_by(older)]
    taken = Takeover(version, found=len(waiting))
    room = asyncio.Semaphore(AT_A_TIME)
    async with asyncio.TaskGroup() as group:
        async for delivery_id in _paced(waiting, rate):
            await room.acquire()
            work = group.create_task(_ask(deliveries, delivery_id, taken, tell))
            work.add_done_callback(lambda _: room.release())
    return taken


async def _paced(waiting: Sequence[str], rate: int) -> AsyncIterator[str]:
    """One after the other, none before its time."""
    clock = asyncio.get_running_loop().time
    start = clock()
    for number, delivery_id in enumerate(waiting):
        await asyncio.sleep(max(0.0, start + number / rate - clock()))
        yield delivery_id


async def _ask(deliveries: Deliveries, delivery_id: str, taken: Takeover, tell: Tell) -> None:
    try:
        await deliveries.ask(delivery_id, "adopt_rulebook", {"version": taken.version})
    except RefusedError as refused:
        taken.refused += 1
        taken.trouble(delivery_id, f"refused ({refused.type}): {refused}")
    except LookupError:
        taken.ended += 1
    except UnreachableError as error:
        taken.unanswered += 1
        taken.trouble(delivery_id, str(error))
    else:
        taken.adopted += 1
    tell(taken)
