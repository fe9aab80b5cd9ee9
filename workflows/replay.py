"""Replays histories with the code of this program: would what runs go on with it?

A history that this code would have written otherwise fails the workflow's next task, again and again, once this code is deployed.
"""

import gzip
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner

from workflows.contract import TASK_QUEUE
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER
from workflows.rulebooks import SHELF
from workflows.workflow_types import WORKFLOW_TYPES

UNSANDBOXED = UnsandboxedWorkflowRunner()
"""As in production; tests replay in the sandbox."""


class RecordingError(ValueError):
    """A file that is no recording; says which and why."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The histories of one scenario, and the rulebooks (version -> canonical JSON) that they name."""

    scenario: str
    rulebooks: Mapping[str, str]
    histories: Sequence[WorkflowHistory]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One history that was replayed. `differs` says where this code would do something else; None if it would not."""

    workflow_id: str
    run_id: str
    workflow_type: str
    events: int
    differs: str | None


def written(recording: Recording) -> bytes:
    """A recording as compressed JSON: the same recording is always the same bytes."""
    histories = [{"workflow_id": one.workflow_id, "history": json.loads(one.to_json())} for one in recording.histories]
    whole = {"scenario": recording.scenario, "rulebooks": dict(recording.rulebooks), "histories": histories}
    return gzip.compress(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode(), 9, mtime=0)


def read(file: Path) -> Recording:
    """Raises RecordingError for a file that is none, or whose rulebooks are not what their versions say."""
    try:
        whole: dict[str, Any] = json.loads(gzip.decompress(file.read_bytes()))
        histories = [WorkflowHistory.from_json(one["workflow_id"], one["history"]) for one in whole["histories"]]
        books = {str(version): str(canonical) for version, canonical in whole["rulebooks"].items()}
        scenario = str(whole["scenario"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordingError(f"{file} is no recording of histories ({type(error).__name__}); see make record-histories") from None
    wrong = [version[:12] for version, canonical in books.items() if hashlib.sha256(canonical.encode()).hexdigest() != version]
    if wrong:
        raise RecordingError(f"{file}: the rulebooks {', '.join(wrong)} are not what was recorded; record it anew")
    return Recording(scenario, books, histories)


def recordings(path: Path) -> list[Path]:
    """The recordings in a folder and those below it, or the one file that was named. Raises RecordingError if there is none."""
    found = sorted(path.rglob("*.json.gz")) if path.is_dir() else [path] if path.is_file() else []
    if not found:
        raise RecordingError(
            f"{path}: no recorded history is there; make record-histories writes some into tests/workflows/histories"
        )
    return found


def lay_out(rulebooks: Mapping[str, str]) -> None:
    """Makes the rulebooks of a recording ready in this process."""
    for version, canonical in rulebooks.items():
        if not SHELF.holds(version):
            SHELF.put(version, canonical)


async def replayed(
    histories: Iterable[WorkflowHistory] | AsyncIterator[WorkflowHistory],
    converter: DataConverter = DATA_CONVERTER,
    types: Sequence[type] = WORKFLOW_TYPES,
    runner: WorkflowRunner = UNSANDBOXED,
) -> AsyncIterator[Replayed]:
    """Each history with what differs, one after the other; only one is in memory at a time."""
    replayer = Replayer(
        workflows=types, data_converter=converter, interceptors=[Guard()], workflow_runner=runner, runtime=_quiet()
    )
    async with replayer.workflow_replay_iterator(_each(histories)) as results:
        async for result in results:
            history, failure = result.history, result.replay_failure
            differs = None if failure is None else in_words(failure)
            yield Replayed(history.workflow_id, history.run_id, type_of(history), len(history.events), differs)


@cache
def _quiet() -> Runtime:
    """What differs is told once, by us."""
    told = LoggingConfig(TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    return Runtime(telemetry=TelemetryConfig(logging=told))


def in_words(failure: Exception) -> str:
    """What the SDK says of a replay that failed, without its layers and without the stack."""
    found = re.search(r'message: "((?:[^"\\]|\\.)*)"', str(failure))
    said = found.group(1).replace('\\"', '"') if found else str(failure).strip()
    return said or type(failure).__name__


async def _each(histories: Iterable[WorkflowHistory] | AsyncIterator[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
    if isinstance(histories, AsyncIterator):
        async for history in histories:
            yield history
    else:
        for history in histories:
            yield history


def type_of(history: WorkflowHistory) -> str:
    """The workflow type, as the first event names it."""
    return history.events[0].workflow_execution_started_event_attributes.workflow_type.name if history.events else ""


async def running(client: Client, at_most: int | None = None, task_queue: str = TASK_QUEUE) -> AsyncIterator[WorkflowHistory]:
    """The histories of what runs on a task queue, the newest first, at most so many. Raises RPCError."""
    query = f"ExecutionStatus = 'Running' AND TaskQueue = '{task_queue}'"
    async for found in client.list_workflows(query, limit=at_most):
        yield await client.get_workflow_handle(found.id, run_id=found.run_id).fetch_history()
