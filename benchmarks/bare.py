"""The workflow to compare with: it takes the same signals into a list and ends with the final one. Nothing else."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.worker import Worker

from worker import RUNNER, STICKS, spare_what_stays
from workflows.client import connect

BARE_QUEUE = "bare"


@workflow.defn(name="Bare")
class Bare:
    """Knows nothing of deliveries but which report is the last."""

    def __init__(self) -> None:
        self._reports: list[dict[str, Any]] = []

    @workflow.run
    async def run(self, order: RawValue = None) -> int:  # type: ignore[assignment]
        """Returns how many reports came."""
        await workflow.wait_condition(lambda: bool(self._reports) and self._reports[-1].get("status") == "delivered")
        return len(self._reports)

    @workflow.signal(dynamic=True)
    def any_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Takes what is sent."""
        self._reports.append(json.loads(args[0].payload.data))


@asynccontextmanager
async def bare_worker(client: Client) -> AsyncIterator[None]:
    """With the settings of the real one."""
    async with Worker(
        client,
        task_queue=BARE_QUEUE,
        workflows=[Bare],
        max_cached_workflows=5_000,
        sticky_queue_schedule_to_start_timeout=STICKS,
        workflow_runner=RUNNER,
    ):
        yield


async def _work_until_told() -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    async with bare_worker(await connect()):
        spare_what_stays()
        print("ready", flush=True)
        await told.wait()


if __name__ == "__main__":
    asyncio.run(_work_until_told())
