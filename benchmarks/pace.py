"""Sends a delivery's next report once the worker has taken the last one, so that no two share a workflow task.

Without it a slower workflow would get its reports in batches, and would look faster than it is.
"""

import asyncio
from typing import Any

from temporalio import client, worker, workflow


class Pace(client.Interceptor, worker.Interceptor):
    """Given to the client, it is in force in the workers of that client too."""

    def __init__(self) -> None:
        PACES.append(self)
        self._loop = asyncio.get_running_loop()
        self._taken: dict[str, asyncio.Event] = {}

    def workflow_interceptor_class(self, input: worker.WorkflowInterceptorClassInput) -> type[worker.WorkflowInboundInterceptor]:
        return _Announcing

    def next(self, workflow_id: str) -> asyncio.Event:
        """Set when the workflow has taken its next signal. Asked for before that is sent."""
        self._taken[workflow_id] = asyncio.Event()
        return self._taken[workflow_id]

    def announce(self, workflow_id: str) -> None:
        """Called in a workflow's thread."""
        taken = self._taken.pop(workflow_id, None)
        if taken is not None:
            self._loop.call_soon_threadsafe(taken.set)


PACES: list[Pace] = []
"""The one of this process: an interceptor in a workflow has no other way out."""


class _Announcing(worker.WorkflowInboundInterceptor):
    async def handle_signal(self, input: worker.HandleSignalInput) -> Any:
        await super().handle_signal(input)
        with workflow.unsafe.sandbox_unrestricted():
            PACES[-1].announce(workflow.info().workflow_id)
