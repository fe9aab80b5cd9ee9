"""Tests marked `alone` have the machine to themselves; all others run beside each other.

pytest-xdist knows no test that runs alone, so its processes agree by two locks of the kernel, which end with a process that
dies: every test holds `running` shared, one that is `alone` holds it for itself, and all pass through `door`, so that one
that waits to be alone is not kept waiting by those that come after it.
"""

import fcntl
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Around the whole test with its fixtures, and outside of its time limit."""
    cache = getattr(item.config, "cache", None)
    if cache is None or not hasattr(item.config, "workerinput"):
        return (yield)
    place = cache.mkdir("alone")
    alone = item.get_closest_marker("alone") is not None
    with (place / "running").open("w") as running:
        with (place / "door").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        return (yield)
