"""Is a version of a rulebook there and usable? Asked in the same task; off its way if the store is slow or away."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.load import Loading
    from domain.copy import Loaded
    from workflows.contract import problem, refusal
    from workflows.writer import QUICKLY, UNTIL_DONE

LOAD = "reads the rulebook that is to be adopted"


async def ready(version: str) -> Loaded:
    """With a version that this process has ready; raises ApplicationError, which says why it cannot be adopted."""
    loaded = await _loaded(version)
    if not loaded.problem:
        return loaded
    type_ = "InvalidInput" if loaded.is_known else "UnknownRulebook"
    raise refusal(
        type_, loaded.problem, [problem("version", loaded.problem, "unusable" if loaded.is_known else "unknown_rulebook")]
    )


async def _loaded(version: str) -> Loaded:
    try:
        return await workflow.execute_local_activity_method(
            Loading.load, version, schedule_to_close_timeout=QUICKLY, summary=LOAD
        )
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
    return await workflow.execute_activity_method(
        Loading.load, version, start_to_close_timeout=timedelta(seconds=30), retry_policy=UNTIL_DONE, summary=LOAD
    )
