"""Writes the copy of a delivery that lists, boards and statistics read."""

from typing import Protocol

from temporalio import activity

from domain.copy import DeliveryCopy


class Copies(Protocol):
    """What recording needs of the store."""

    async def write(self, copy: DeliveryCopy) -> None:
        """Never replaces a copy of a higher revision."""
        ...


class Recording:
    """Tried as a local activity first; if the store is slow or away, as an activity that is tried until it is done."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies

    @activity.defn(name="record")
    async def record(self, copy: DeliveryCopy) -> None:
        await self._copies.write(copy)
