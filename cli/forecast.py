"""What `doorstep delivery forecast` prints for people; programs get the whole answer as JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from rules.local_time import LocalClock


def foreseen(answer: Mapping[str, Any]) -> Iterator[str]:
    """Lines: what is assumed, then each thing to come, in order; times are the recipient's."""
    clock = LocalClock.of(answer)
    if not answer["to_come"]:
        yield clock.told(f"{clock.head}: nothing is to come until {answer['until']} if {answer['assuming']}")
        return
    yield f"{clock.head}; if {answer['assuming']}:"
    yield from (f"  {one['says']}" for one in answer["to_come"])
