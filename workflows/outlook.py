"""How a delivery looks at what is outside it: one local activity for all that its rules ask in a batch."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.look_out import LookingOut
    from domain.guards import Answer, LookOut
    from workflows.words import short
    from workflows.writer import QUICKLY, UNTIL_DONE


class AwayError(Exception):
    """The store did not answer in time."""


async def look_out(request: LookOut) -> tuple[Answer, ...]:
    """The answers. Raises AwayError, and CancelledError when somebody cancels the workflow meanwhile."""
    try:
        return tuple(
            await workflow.execute_local_activity_method(
                LookingOut.look_out,
                request,
                schedule_to_close_timeout=QUICKLY,
                retry_policy=RetryPolicy(maximum_attempts=1),
                summary=_label("looks outside", request),
            )
        )
    except (FailureError, asyncio.CancelledError) as error:
        # A local activity's failure comes as it is, or wrapped in an ActivityError.
        if is_cancelled_exception(error):
            raise asyncio.CancelledError from None
        raise AwayError from None


def _label(what: str, request: LookOut) -> str:
    """`looks outside: feed silent acme, disruption hub:HEL1`."""
    return short(f"{what}: {', '.join(f'{one.about} {one.subject}'.replace('_', ' ') for one in request.questions)}")


def nobody_knows(request: LookOut) -> tuple[Answer, ...]:
    """The answers when nobody can be asked: unknown. A group that could not be left is left at the next look."""
    return tuple(Answer(question, None, "nobody could be asked") for question in request.questions)


async def until_back(request: LookOut) -> None:
    """Waits until there is an answer; the next look asks anew, since things may have changed."""
    await workflow.execute_activity_method(
        LookingOut.look_out,
        request,
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=UNTIL_DONE,
        summary=_label("waits until somebody can say", request),
    )
