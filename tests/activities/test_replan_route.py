"""How often planning is tried: what fails thrice has failed, and a store that is away is waited for."""

import dataclasses
from typing import Any, cast

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.effects import Claim
from activities.replan_route import STORE_AWAY, TRIED, Replanning
from domain.replanning import Replan, Wanted
from store.errors import DatabaseUnreachableError
from tests.activities.fleet import DAY, clock, request

ASKED = Replan("R1", DAY, (Wanted("reroute", request("D-1")),), {})


class Failing:
    """A ledger that cannot be asked, for a reason."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def claim(self, *args: Any, **more: Any) -> Claim:
        raise self._error


async def planned(error: Exception, attempt: int) -> None:
    """One try of planning, which fails so."""
    environment, nobody = ActivityEnvironment(), cast(Any, None)
    environment.info = dataclasses.replace(environment.info, attempt=attempt)
    replanning = Replanning(nobody, nobody, nobody, nobody, cast(Any, Failing(error)), clock)
    await environment.run(replanning.replan_route, ASKED)


async def test_a_store_that_is_away_is_no_failure_of_planning_however_often_it_was_tried() -> None:
    """A database that was started anew in the third try left the delivery without its new plan: the storm saw it."""
    with pytest.raises(DatabaseUnreachableError, match="does not answer"):
        await planned(DatabaseUnreachableError("the database does not answer"), attempt=TRIED + 4)


async def test_what_fails_for_the_third_time_has_failed() -> None:
    with pytest.raises(RuntimeError, match="code 139"):
        await planned(RuntimeError("VROOM ended with code 139"), attempt=TRIED - 1)
    with pytest.raises(ApplicationError, match="code 139") as failed:
        await planned(RuntimeError("VROOM ended with code 139"), attempt=TRIED)

    assert failed.value.non_retryable


def test_the_store_names_its_absence_as_planning_knows_it() -> None:
    assert DatabaseUnreachableError.__name__ == STORE_AWAY
