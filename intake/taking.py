"""Takes what customers want: committed first, then handed on at once if the delivery can be reached, else later."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from domain.arrival import Arrival
from domain.instant import Instant
from intake.handing_on import HandingOn
from integrations.outgoing import trace_headers
from store.errors import StoreError
from store.inbox import Inbox
from workflows.client import UnreachableError

WAITS_S = 5.0
"""Seconds that deliveries are waited for before the customer is answered; Twilio itself waits 15."""


@dataclass(frozen=True, slots=True)
class Taken:
    """`is_new`: it has not come before. `is_handed_on`: the deliveries have it; `note` says why not as it was meant."""

    is_new: bool
    is_handed_on: bool
    note: str | None = None


class Taking:
    """Takes in arrivals."""

    def __init__(self, inbox: Inbox, handing_on: HandingOn) -> None:
        self._inbox = inbox
        self._handing_on = handing_on

    async def has_come(self, source: str, message_id: str) -> bool:
        """Whether it was taken before. Raises StoreError."""
        return await self._inbox.has_come(source, message_id)

    async def take(self, source: str, message_id: str, arrivals: Sequence[Arrival], now: Instant) -> Taken:
        """Raises StoreError if it cannot be kept: then it has not been taken."""
        is_new = await self._inbox.put(source, message_id, arrivals, now=now, traceparent=trace_headers().get("traceparent"))
        try:
            async with asyncio.timeout(WAITS_S):
                for delivery_id in dict.fromkeys(one.delivery_id for one in arrivals):
                    await self._handing_on.of(delivery_id)
        except (TimeoutError, UnreachableError):
            self._handing_on.soon()
        except StoreError:
            self._handing_on.soon()
            raise
        return Taken(is_new, *await self._inbox.note_of(source, message_id))
