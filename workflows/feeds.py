"""Speaking to the workflows of feeds from outside."""

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.feed import Expected
from workflows.client import unreachable
from workflows.contract import FEED, TASK_QUEUE, feed_workflow_id
from workflows.feed_signals import EXPECT, HEARD, wire_expectation
from workflows.words import short


class WatchedFeeds:
    """The feeds of one Temporal namespace. Saying the same again does no harm."""

    def __init__(self, client: Client, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue

    async def expect(self, expected: Expected) -> None:
        """Has a feed watched, from now on with this cadence. Raises UnreachableError."""
        told = wire_expectation(expected)
        try:
            await self._client.start_workflow(
                FEED,
                told,
                id=feed_workflow_id(expected.source),
                task_queue=self._task_queue,
                static_summary=short(f"watches over the feed of {expected.source}"),
                start_signal=EXPECT,
                start_signal_args=[told],
            )
        except RPCError as error:
            raise unreachable(error) from None

    async def heard(self, source: str) -> None:
        """Says that a feed has reported that was silent or never heard of. One that nobody watches does not mind."""
        try:
            await self._client.get_workflow_handle(feed_workflow_id(source)).signal(HEARD)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise unreachable(error) from None
