"""The wall clock. In a workflow only a query may read it: what a workflow decides depends on workflow time alone (`timer.now`).

The workflow sandbox passes this module through.
"""

import time

from domain.instant import Instant


def wall_clock() -> Instant:
    """Now."""
    return time.time_ns() // 1_000_000
