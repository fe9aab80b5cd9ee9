"""Speaking to the workflows of disrupted places: what has opened there, and what is over."""

from collections.abc import Mapping
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError

from domain.disruption import Notice
from domain.instant import Instant, iso
from workflows.client import unreachable
from workflows.contract import DISRUPTION, TASK_QUEUE, disruption_workflow_id
from workflows.notices import CLOSED, OPENED, wire_notice
from workflows.words import short


class DisruptedPlaces:
    """The disruptions of one Temporal namespace. Saying the same again does no harm."""

    def __init__(self, client: Client, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue

    async def opened(self, notice: Notice) -> None:
        """Hands a disruption to the workflow of its place. Raises UnreachableError."""
        await self._say(notice, OPENED, wire_notice(notice))

    async def closed(self, notice: Notice, at: Instant) -> None:
        """Says that a disruption is over, also to a workflow that never heard that it had begun. Raises UnreachableError."""
        await self._say(notice, CLOSED, {"disruption_id": notice.disruption_id, "at": iso(at)})

    async def _say(self, notice: Notice, signal: str, told: Mapping[str, Any]) -> None:
        try:
            await self._client.start_workflow(
                DISRUPTION,
                wire_notice(notice),
                id=disruption_workflow_id(notice.scope, notice.key),
                task_queue=self._task_queue,
                static_summary=short(f"has in hand what is wrong on {notice.place}"),
                start_signal=signal,
                start_signal_args=[told],
            )
        except RPCError as error:
            raise unreachable(error) from None
