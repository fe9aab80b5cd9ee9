"""A worker process of the rolling restarts: `old` runs the workflow code as it is, `new` one with a change behind a patch."""

import asyncio
import os
import sys
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

import worker
from settings import read_settings
from workflows.contract import DELIVERY
from workflows.delivery import Delivery
from workflows.workflow_types import WORKFLOW_TYPES

PATCH = "wait-before-acting"


@workflow.defn(name=DELIVERY)
class Changed(Delivery):
    """The next version of Delivery: it waits a moment before it does anything about an incident, which is another command."""

    @workflow.run
    async def run(self, order: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await super().run(order)

    async def _do(self, deed: Any) -> None:
        if workflow.patched(PATCH):
            await workflow.sleep(timedelta(milliseconds=1))
        await super()._do(deed)


def main(code: str, task_queue: str) -> None:
    if code == "new":
        changed = (Changed, *(kind for kind in WORKFLOW_TYPES if kind is not Delivery))
        vars(worker)["WORKFLOW_TYPES"] = changed
    asyncio.run(worker.work_until_told(read_settings(), task_queue))
    sys.stdout.flush()
    os._exit(0)  # as the command line does (sdk-python#300)


if __name__ == "__main__":
    main(*sys.argv[1:])
