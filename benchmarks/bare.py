"""The workflow to compare with: it takes the same signals into a list and ends with the final one. Nothing else."""

import json
from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue


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
