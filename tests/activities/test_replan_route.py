"""How often planning is tried: what fails thrice has failed, and a store that is away is waited for."""

import dataclasses
from collections.abc import Sequence
from typing import Any, cast

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


AWAY = DatabaseUnreachableError("the database does not answer")
CRASHED = RuntimeError("VROOM ended with code 139")


async def planned(*errors: Exception) -> ApplicationError | None:
    """Tries of planning, which fail so one after the other, as Temporal makes them: the failure that is final, if one is."""
    told: Sequence[Any] = ()
    for attempt, error in enumerate(errors, start=1):
        environment, nobody, beats = ActivityEnvironment(), cast(Any, None), list[Sequence[Any]]()
        environment.info = dataclasses.replace(environment.info, attempt=attempt, heartbeat_details=told)
        environment.on_heartbeat = lambda *details, beats=beats: beats.append(details)
        replanning = Replanning(nobody, nobody, nobody, nobody, cast(Any, Failing(error)), clock)
        try:
            await environment.run(replanning.replan_route, ASKED)
        except ApplicationError as failed:
            if failed.non_retryable:
                assert attempt == len(errors)
                return failed
        except (DatabaseUnreachableError, RuntimeError):
            pass
        told = beats[-1] if beats else told
    return None


async def test_a_store_that_is_away_is_no_failure_of_planning_however_often_it_was_tried() -> None:
    """A database that was started anew in the third try left the delivery without its new plan: the storm saw it."""
    assert await planned(*[AWAY] * (TRIED + 4)) is None


async def test_what_fails_for_the_third_time_has_failed() -> None:
    failed = await planned(*[CRASHED] * TRIED)

    assert failed is not None
    assert "code 139" in failed.message


async def test_tries_that_met_an_outage_are_not_counted() -> None:
    """After an outage of four tries the first failure of planning was final."""
    assert await planned(*[AWAY] * 4, CRASHED, AWAY, CRASHED, AWAY) is None

    assert await planned(*[AWAY] * 4, CRASHED, AWAY, CRASHED, AWAY, CRASHED) is not None


def test_the_store_names_its_absence_as_planning_knows_it() -> None:
    assert DatabaseUnreachableError.__name__ == STORE_AWAY
