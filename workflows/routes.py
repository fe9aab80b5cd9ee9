"""Speaking to the workflows of routes from outside: asking for a plan, saying that one was changed, and reading what they know."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy

from domain.instant import Instant, instant, iso
from domain.replanning import PlanVersion, Wanted
from domain.route import RoutePlan
from workflows.contract import CHANGED, REPLAN, ROUTE, TASK_QUEUE, route_workflow_id
from workflows.route_plan import wire_wanted
from workflows.words import short


class Routes:
    """The routes of one Temporal namespace."""

    def __init__(self, client: Client, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue

    def handle(self, route_id: str, service_date: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(route_workflow_id(route_id, service_date))

    async def ask(self, plan: RoutePlan, timezone: str, wanted: Wanted) -> None:
        """Asks the owner of a plan, which is started if it is not running: a day that has ended may have to be looked at once more."""
        await self._send(wire_day(plan, timezone), REPLAN, wire_wanted(wanted))

    async def changed(self, new: PlanVersion, timezone: str) -> None:
        """Says that somebody else made a new version of the plan, of which the dispatch system is to be told."""
        day = {"schema_version": 1, "route_id": new.route_id, "service_date": new.service_date, "timezone": timezone}
        await self._send(day, CHANGED, {"version": new.version})

    async def _send(self, day: Mapping[str, Any], signal: str, argument: Any) -> None:
        await self._client.start_workflow(
            ROUTE,
            day,
            id=route_workflow_id(day["route_id"], day["service_date"]),
            task_queue=self._task_queue,
            static_summary=short(f"plans route {day['route_id']} on {day['service_date']}"),
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            start_signal=signal,
            start_signal_args=[argument],
        )


def wire_day(plan: RoutePlan, timezone: str) -> Mapping[str, Any]:
    """What a route's workflow is started with. Its day ends at midnight, or with a later end of the shift."""
    return {
        "schema_version": 1,
        "route_id": plan.route_id,
        "service_date": plan.service_date,
        "timezone": timezone,
        "ends_at": iso(max(_midnight(plan.service_date, timezone), plan.shift_ends or 0)),
    }


def _midnight(service_date: str, timezone: str) -> Instant:
    day_after = date.fromisoformat(service_date) + timedelta(days=1)
    return instant(datetime.combine(day_after, time(), ZoneInfo(timezone)))
