"""Which deliveries bear a tracking number that a carrier's feed names."""

import sys

from integrations.carriers.tracked import TrackedEvents
from store.deliveries import Deliveries


async def bearers(copies: Deliveries, told: TrackedEvents) -> tuple[str, ...]:
    """The deliveries with that number at that carrier, or else the only one with that number; none, with a message, if neither.

    Carriers number by themselves, so that two of them may use one number. But feeds also name a carrier otherwise than orders do.
    """
    number, carrier = told.tracking_number, told.carrier
    found = await copies.with_tracking_number(number, carrier) if carrier else ()
    if found:
        return found
    anywhere = await copies.with_tracking_number(number)
    if len(anywhere) == 1:
        return anywhere
    print(_said(number, carrier, anywhere), file=sys.stderr)
    return ()


def _said(number: str, carrier: str | None, anywhere: tuple[str, ...]) -> str:
    if not anywhere:
        return f"no delivery has the tracking number {number}; name it in the order, or give --delivery ID"
    of = f"none of them at carrier {carrier}" if carrier else "and the feed names no carrier"
    return f"{len(anywhere)} deliveries have the tracking number {number}, {of}: {', '.join(anywhere)}; give --delivery ID"
