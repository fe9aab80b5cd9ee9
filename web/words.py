"""Values as people say them."""

from domain.instant import MINUTE, Instant, moment

SAID = {"claimed": "under way", "released": "waiting to be tried again", "no_help": "could not help"}


def words(value: object) -> str:
    """`out_for_delivery` -> `out for delivery`."""
    return "" if value is None else SAID.get(str(value), str(value).replace("_", " "))


def clock_words(at: Instant | None, now: Instant) -> str:
    """`14:32 UTC (5 min ago)`; pages without a delivery's own zone speak UTC."""
    if at is None:
        return "unknown"
    minutes = (at - now) // MINUTE if at >= now else -((now - at) // MINUTE)
    return f"{moment(at):%H:%M} UTC ({_distance(minutes)})"


def _distance(minutes: int) -> str:
    size = abs(minutes)
    said = f"{size} min" if size < 120 else f"{size // 60} h" if size < 2880 else f"{size // 1440} days"
    return f"{said} ago" if minutes < 0 else f"in {said}" if minutes > 0 else "now"
