"""The Route workflow: owner of a driver's plan for a day. The plan itself is in the store; here is who may change it, one after the other.

Handlers only take note. The run loop gathers what deliveries ask for half a second and has it solved once, by one activity that stores the
plan and answers everyone who asked. It ends with the service day.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.replan_route import Replanning
    from activities.tell_dispatch import Dispatching
    from domain.instant import Instant
    from domain.replanning import GivenUp, PlanVersion, Replan, Replanned, Wanted
    from rules.evaluate import Wake
    from workflows.attributes import ROUTE as ROUTE_ID
    from workflows.attributes import SCOPE
    from workflows.clock import wall_clock
    from workflows.contract import CHANGED, REPLAN, ROUTE
    from workflows.route_details import details_of
    from workflows.route_plan import (
        MOST_WAITING,
        RouteState,
        beginning,
        packed,
        plan_of,
        read_changed,
        read_wanted,
        snapshot_of,
    )
    from workflows.timer import KeptTimer, now
    from workflows.words import short

GATHERS = timedelta(milliseconds=500)
"""How long requests are gathered that are then solved once: when a van falls behind, its deliveries notice within moments."""

ONE_TRY = timedelta(seconds=15)
"""Longer than the solver takes at most, shorter than a claim in the ledger stands."""

TRIES = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=10))
"""Planning says itself when it has failed too often. A worker that died, a claim of one that did, or a database that is away is no
failure of planning, and is tried again often enough to be noticed soon when it is over."""

GIVES_UP_WITHIN = timedelta(seconds=200)
"""Well within what deliveries wait for an answer."""

UNTIL_TOLD = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=30))
TOLD_WITHIN = timedelta(hours=1)


@workflow.defn(name=ROUTE)
class Route:
    """One route on one service date."""

    def __init__(self) -> None:
        self._inbox: deque[tuple[str, Sequence[RawValue]]] = deque()
        self._state: RouteState | None = None
        self._timer = KeptTimer()
        self._telling: set[asyncio.Task[None]] = set()

    @workflow.run
    async def run(self, plan: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        """Answers what is asked until the service day has ended, and says how often it planned."""
        self._state = beginning(plan, goes_on=workflow.info().continued_run_id is not None)
        self._show()
        self._timer.set(Wake(max(self._day.ends_at, now() + 1), "the service day ends"), self._day.timezone)
        while not self._is_over():
            await workflow.wait_condition(lambda: bool(self._inbox) or self._is_over() or self._is_due_to_continue())
            await self._settle()
            if self._is_due_to_continue():
                workflow.continue_as_new(packed(self._day))
        return {"route_id": self._day.route_id, "service_date": self._day.service_date, "solved": self._day.solved}

    @property
    def _day(self) -> RouteState:
        if self._state is None:
            raise ApplicationError(
                "the route was not started with a plan that can be read", type="InvalidInput", non_retryable=True
            )
        return self._state

    def _is_over(self) -> bool:
        return self._timer.rang and not self._inbox and not self._telling

    def _is_due_to_continue(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() and not self._inbox and not self._telling

    async def _settle(self) -> None:
        """Gathers, and has solved what was gathered."""
        self._drain()
        if not self._day.waiting:
            return
        await workflow.sleep(GATHERS, summary="gathers what deliveries ask for")
        self._drain()
        served = self._day.waiting
        came = await self._solved(Replan(self._day.route_id, self._day.service_date, served, self._day.told))
        self._state = self._day.answered(served, came, now())
        for version in came.new if came.is_dispatched else ():
            self._tells_of(version)
        self._show()

    def _tells_of(self, version: PlanVersion) -> None:
        task = asyncio.create_task(self._tell_dispatch(version))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _solved(self, asked: Replan) -> Replanned:
        try:
            return await workflow.execute_activity_method(
                Replanning.replan_route,
                asked,
                start_to_close_timeout=ONE_TRY,
                schedule_to_close_timeout=GIVES_UP_WITHIN,
                retry_policy=TRIES,
                summary=_summary("plans anew for", asked.wanted),
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise  # the route is: it ends, and who asked goes on when their own time is over
            return await self._given_up(asked, f"route {asked.route_id} could not be planned: {error.cause or error}")

    async def _given_up(self, asked: Replan, reason: str) -> Replanned:
        """Everyone who asked is told that it failed. If not even that can be done, their own time runs out."""
        try:
            return await workflow.execute_activity_method(
                Replanning.give_up_replanning,
                GivenUp(asked, reason[:500]),
                start_to_close_timeout=ONE_TRY,
                schedule_to_close_timeout=TOLD_WITHIN,
                retry_policy=UNTIL_TOLD,
                summary=_summary("says that there is no plan for", asked.wanted),
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return Replanned(self._day.version, self._day.stops)

    async def _tell_dispatch(self, version: PlanVersion) -> None:
        """Beside everything else: whether dispatch listens must not keep a delivery waiting."""
        try:
            said = await workflow.execute_activity_method(
                Dispatching.tell_dispatch,
                version,
                start_to_close_timeout=ONE_TRY,
                schedule_to_close_timeout=TOLD_WITHIN,
                retry_policy=UNTIL_TOLD,
                summary=short(f"tells dispatch of version {version.version} of {version.route_id}"),
            )
        except ActivityError as error:
            said = f"version {version.version} of route {version.route_id} could not be told to dispatch: {error.cause or error}"
        self._state = replace(self._day, dispatch=said[:500])
        self._show()

    # What is sent

    @workflow.signal(
        dynamic=True,
        description="replan: what a delivery asks for, {action, request}; changed: somebody else made a new version of the plan, {version}",
    )
    def any_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Takes note of whatever is sent; what cannot be read is counted in the snapshot."""
        self._inbox.append((name, args))

    def _drain(self) -> None:
        while self._inbox:
            self._take(*self._inbox.popleft())

    def _take(self, name: str, args: Sequence[RawValue]) -> None:
        if name not in (REPLAN, CHANGED) or len(args) != 1:
            wrong = f"signal {name[:40]!r} with {len(args)} arguments; send {REPLAN} or {CHANGED} with one"
            self._state = self._day.rejecting(wrong, now())
        elif len(self._day.waiting) >= MOST_WAITING:
            self._state = self._day.rejecting(f"{MOST_WAITING} requests wait already", now())
        else:
            try:
                self._note(name, args[0])
            except ApplicationError as error:
                self._state = self._day.rejecting(f"{name}: {error.message}", now())

    def _note(self, name: str, arg: RawValue) -> None:
        if name == CHANGED:
            self._tells_of(PlanVersion(self._day.route_id, self._day.service_date, read_changed(arg)))
        else:
            self._state = self._day.asked(read_wanted(arg))

    # What is asked, and shown

    @workflow.query(description="what remains of the plan, as it was when it was last looked at")
    def plan(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return plan_of(self._day, self._as_of())

    @workflow.query(description="who waits, what was answered, what could not be read")
    def snapshot(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return snapshot_of(self._day, self._as_of())

    def _as_of(self) -> Instant:
        return max(now(), wall_clock())

    def _show(self) -> None:
        day = self._day
        if workflow.info().typed_search_attributes.get(SCOPE) is None:
            workflow.upsert_search_attributes([SCOPE.value_set(f"route:{day.route_id}"), ROUTE_ID.value_set(day.route_id)])
        workflow.set_current_details(details_of(day))


def _summary(what: str, wanted: Sequence[Wanted]) -> str:
    asking = [one.request.delivery_id for one in wanted]
    more = f" and {len(asking) - 5} more" if len(asking) > 5 else ""
    return short(f"{what} {', '.join(asking[:5])}{more}")
