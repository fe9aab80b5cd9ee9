"""What `doorstep replay --server` asks, of every history of the storm: could the code as it is go on with it?"""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from temporalio.client import WorkflowHistory

from cli.replaying import books_of
from tests.chaos.parts import Parts
from tests.chaos.trying import until_taken
from workflows.replay import Replayed, replayed


@dataclass(frozen=True, slots=True)
class Replay:
    """How many histories with how many events, in how many seconds; and those that this code would write otherwise."""

    histories: int
    events: int
    seconds: float
    differing: Sequence[Replayed]


async def replay_of(parts: Parts) -> Replay:
    """All that there is, what has ended too. Its rulebooks come from the store."""
    began = time.monotonic()
    async with books_of(parts.settings):
        found = [one async for one in replayed(_histories(parts), parts.client.data_converter)]
    return Replay(
        histories=len(found),
        events=sum(one.events for one in found),
        seconds=time.monotonic() - began,
        differing=[one for one in found if one.differs is not None],
    )


async def _histories(parts: Parts) -> AsyncIterator[WorkflowHistory]:
    """One at a time, since a storm's are too many to hold."""
    async for found in parts.client.list_workflows(""):
        handle = parts.client.get_workflow_handle(found.id, run_id=found.run_id)
        yield await until_taken(handle.fetch_history, f"the history of {found.id}")
