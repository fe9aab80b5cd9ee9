"""When a delivery that nobody ended expires, for the workflow and for the simulator alike."""

from domain.delivery import Delivery
from domain.event import Event
from domain.instant import MINUTE, Instant
from domain.status import Kind, Status
from rules.compile import CompiledBook
from rules.openings import OURSELVES

EXPIRED = "expired"
"""What ids of expiries begin with; they end with the instant at which it was due."""


def expires_at(delivery: Delivery, book: CompiledBook) -> Instant:
    """After the promise; once more as long after an expiry that was corrected."""
    span = book.rulebook.expires_after
    at = delivery.facts.promised.end + span
    while delivery.has_seen(f"{EXPIRED}:{at}"):
        at += max(span, MINUTE)
    return at


def expiry(delivery: Delivery, book: CompiledBook, now: Instant) -> list[Event]:
    """That the delivery expires, if it is time."""
    facts = delivery.facts
    if facts.final or now < facts.promised.end or now < (due := expires_at(delivery, book)):
        return []
    return [Event(f"{EXPIRED}:{due}", Kind.STATUS, now, now, OURSELVES, status=Status.EXPIRED)]
