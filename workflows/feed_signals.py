"""What the Feed workflow is sent, and what one run of it hands to the next."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import Field
from temporalio.common import RawValue

from domain.feed import Expected
from domain.instant import SECOND
from workflows.contract import feed_workflow_id, invalid_input, problem, read_payload
from workflows.guard import TooManyArguments
from workflows.scalars import Name, Wire
from workflows.starts import one_argument, refuse_other_id

EXPECT, HEARD = "expect", "heard"
"""The signals: another cadence; a feed that was silent, or never heard of, has reported."""

LEAST, MOST = timedelta(seconds=1), timedelta(days=30)


class FeedExpectation(Wire):
    """What starts a Feed, and what `expect` carries. `was_silent` is what one run hands to the next."""

    source: Name
    cadence_seconds: int = Field(ge=int(LEAST.total_seconds()), le=int(MOST.total_seconds()))
    was_silent: bool = False

    @property
    def expected(self) -> Expected:
        return Expected(self.source, self.cadence_seconds * SECOND)


def wire_expectation(expected: Expected, was_silent: bool = False) -> dict[str, Any]:
    """As it is sent."""
    seconds = max(int(LEAST.total_seconds()), expected.cadence // SECOND)
    return {"source": expected.source, "cadence_seconds": seconds, "was_silent": was_silent}


def read_start(sent: RawValue | TooManyArguments | None, workflow_id: str) -> FeedExpectation:
    """Raises ApplicationError "InvalidInput"."""
    found = read_payload(FeedExpectation, one_argument(sent, "FeedExpectation"))
    refuse_other_id(workflow_id, feed_workflow_id(found.source), "source")
    return found


def read_signal(name: str, args: Sequence[RawValue], workflow_id: str) -> Expected | None:
    """The new expectation, None for `heard`; raises ApplicationError "InvalidInput"."""
    if name == HEARD:
        return None
    if name != EXPECT or len(args) != 1:
        said = f"there are {EXPECT} with one FeedExpectation and {HEARD}; {name[:40]!r} with {len(args)} arguments was sent"
        raise invalid_input([problem("", said, "unknown_signal")])
    found = read_payload(FeedExpectation, args[0])
    refuse_other_id(workflow_id, feed_workflow_id(found.source), "source")
    return found.expected
