"""Quiet hours: whether an action has to wait on the rule's clock, and until when. Pure."""

from domain.delivery import Delivery
from domain.instant import DAY, Instant
from rules import clock
from rules.book import QuietHours, Rule
from rules.directory import Directory
from rules.readings import Frame, zone_name
from rules.scene import Scene
from rules.wording import clock_text


def quiet_until(rule: Rule, directory: Directory, delivery: Delivery, at: Instant) -> Instant | None:
    """The end of the rule's quiet hours, if an instant is within them. Where the rule's clock is not known (a hub without a
    timezone) the recipient's counts."""
    quiet = rule.quiet_hours
    if quiet is None:
        return None
    name = zone_name(Frame(rule.clock, directory), Scene(delivery)) or delivery.order.destination.timezone
    local = clock.zone(name)
    if local is None:
        return None
    end = quiet.end if quiet.end > quiet.start else quiet.end + DAY
    windows = clock.windows(local, clock.local_day(local, at), quiet.start, end)
    return next((closes for opens, closes in windows if opens <= at < closes), None)


def is_quieted(quiet: QuietHours, name: str) -> bool:
    """Whether quiet hours are for an action: `notify` is for every addressee, `notify.customer` for one."""
    return name in quiet.actions or name.partition(".")[0] in quiet.actions


def until_text(quiet: QuietHours) -> str:
    return f"quiet hours until {clock_text(quiet.end % DAY)}"
