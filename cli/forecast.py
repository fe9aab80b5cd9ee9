"""What `doorstep delivery forecast` prints for people; programs get the whole answer as JSON."""

from collections.abc import Iterator, Mapping
from typing import Any


def foreseen(answer: Mapping[str, Any]) -> Iterator[str]:
    """Lines: what is assumed, then each thing to come, in order."""
    if not answer["to_come"]:
        yield f"nothing is to come until {answer['until']} if {answer['assuming']}"
        return
    yield f"as of {answer['as_of']}; times are of {answer['timezone']}; if {answer['assuming']}:"
    yield from (f"  {one['says']}" for one in answer["to_come"])
