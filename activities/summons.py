"""Calling deliveries to look at their guards again."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Protocol

PAGE = 100
"""Deliveries that are called side by side before the next ones are looked up."""


class Caller(Protocol):
    """Who reaches deliveries."""

    async def look_again(self, delivery_id: str) -> None:
        """Calls one to look at its guards; raises LookupError if it is not running."""
        ...


async def call(caller: Caller, delivery_ids: Iterable[str]) -> int:
    """Calls a page of deliveries; how many are running."""
    return sum(await asyncio.gather(*(_called(caller, one) for one in delivery_ids)))


async def _called(caller: Caller, delivery_id: str) -> bool:
    with contextlib.suppress(LookupError):  # it has ended meanwhile
        await caller.look_again(delivery_id)
        return True
    return False
