"""The wall clock, for queries only: what a workflow decides depends on workflow time alone.

The workflow sandbox passes this module through; nothing but a query may call it.
"""

import time

from domain.instant import Instant


def wall_clock() -> Instant:
    return time.time_ns() // 1_000_000
