"""The wall clock, for what is reported now."""

import time

from domain.instant import Instant


def wall_clock() -> Instant:
    """Now."""
    return time.time_ns() // 1_000_000
