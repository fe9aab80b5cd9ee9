"""How an action's activity is called: how long one try may take, how often it is tried, when it is given up."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.registry import ACTIVITIES
    from domain.actions import AWAITED, ActionResult, Outcome
    from rules.deeds import Deed
    from workflows.words import deed_label

ONE_TRY = timedelta(seconds=15)
"""Longer than any client's total timeout, so that a claim in the ledger ends before the next try begins."""

FIRST_TRIES = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_attempts=3)
"""After these the snapshot says that it is being tried again."""

PATIENT_TRIES = RetryPolicy(initial_interval=timedelta(seconds=5), backoff_coefficient=2, maximum_interval=timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong with the first tries, and whether trying again can help."""

    message: str
    lasting: bool


def patience(action: str) -> timedelta:
    """How long an action is tried: what others wait for gives up soon, so that `otherwise` gets its turn."""
    return timedelta(minutes=2) if action in AWAITED else timedelta(hours=24)


async def first_tries(deed: Deed) -> ActionResult | Trouble:
    """The result, or what stands in its way."""
    try:
        return await _call(deed, FIRST_TRIES, timedelta(minutes=5))
    except ActivityError as error:
        return _trouble(error)


async def patient_tries(deed: Deed) -> ActionResult:
    """The result, at the latest when patience ends, or when it is cancelled since it is no longer wanted."""
    try:
        return await _call(deed, PATIENT_TRIES, patience(deed.action))
    except (ActivityError, asyncio.CancelledError) as error:
        if is_cancelled_exception(error):
            return ActionResult(Outcome.NO_HELP, "given up: the incident had ended before it could be done")
        return failed(_trouble(error)) if isinstance(error, ActivityError) else failed(Trouble(str(error), lasting=True))


def failed(trouble: Trouble) -> ActionResult:
    """The result of an action that was given up."""
    return ActionResult(Outcome.FAILED, trouble.message)


async def _call(deed: Deed, tries: RetryPolicy, within: timedelta) -> ActionResult:
    return await workflow.execute_activity_method(
        ACTIVITIES[deed.action],
        deed.request,
        start_to_close_timeout=ONE_TRY,
        schedule_to_close_timeout=within,
        retry_policy=tries,
        summary=deed_label(deed.name, deed.request.rule, deed.path),
    )


def _trouble(error: ActivityError) -> Trouble:
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return Trouble(cause.message, cause.non_retryable)
    return Trouble(str(cause or error), lasting=False)
