"""How long a delivery is watched: until it expires without an end, or until the time for corrections after its end."""

from domain.instant import Instant
from rules.evaluate import Wake
from rules.expiry import expires_at
from rules.grace import longest_grace
from rules.reload import book_of
from rules.watch import Watch
from workflows.rulebooks import SHELF


def grace_ends_at(watch: Watch) -> Instant | None:
    """When the time for corrections ends; None while the delivery has no final status."""
    if watch.final_since is None:
        return None
    return watch.final_since + longest_grace(book_of(watch, SHELF.get), watch.delivery)


def next_wake(wake: Wake | None, watch: Watch, looked_at: Instant) -> Wake | None:
    """The earliest of the rules' instant and our own that was still to come when the watch was looked at."""
    grace = grace_ends_at(watch)
    if grace is not None:
        ends = Wake(grace, "the time for corrections ends")
    else:
        ends = Wake(expires_at(watch.delivery, SHELF.get(watch.book)), "the delivery expires")
    to_come = [one for one in (wake, ends) if one is not None and one.at > looked_at]
    return min(to_come, key=lambda one: one.at, default=None)
