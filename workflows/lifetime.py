"""How long a delivery is watched: until it expires without an end, or until the time for corrections after its end."""

from domain.event import Event
from domain.instant import MINUTE, Instant
from domain.status import Kind, Status
from rules.evaluate import Wake
from rules.grace import longest_grace
from rules.watch import Watch
from workflows.commands import SOURCE
from workflows.rulebooks import SHELF

EXPIRED = "expired"
"""What ids of expiries begin with; they end with the instant at which it was due."""


def grace_ends_at(watch: Watch) -> Instant | None:
    """When the time for corrections ends; None while the delivery has no final status."""
    if watch.final_since is None:
        return None
    return watch.final_since + longest_grace(SHELF.get(watch.book), watch.delivery)


def next_wake(wake: Wake | None, watch: Watch, looked_at: Instant) -> Wake | None:
    """The earliest of the rules' instant and our own that was still to come when the watch was looked at."""
    grace = grace_ends_at(watch)
    ends = Wake(grace, "the time for corrections ends") if grace is not None else Wake(_expires_at(watch), "the delivery expires")
    to_come = [one for one in (wake, ends) if one is not None and one.at > looked_at]
    return min(to_come, key=lambda one: one.at, default=None)


def expiry(watch: Watch, now: Instant) -> list[Event]:
    """That the delivery expires, if it is time."""
    facts = watch.delivery.facts
    if facts.final or now < facts.promised.end or now < (due := _expires_at(watch)):
        return []
    return [Event(f"{EXPIRED}:{due}", Kind.STATUS, now, now, SOURCE, status=Status.EXPIRED)]


def _expires_at(watch: Watch) -> Instant:
    """After the promise; once more as long after an expiry that was corrected."""
    span = SHELF.get(watch.book).rulebook.expires_after
    at = watch.delivery.facts.promised.end + span
    while watch.delivery.has_seen(f"{EXPIRED}:{at}"):
        at += max(span, MINUTE)
    return at
