"""Runs workflows so that a query never decides anything.

Temporal hands a query over beside the workflow tasks. Where one waited for a worker that died, the next worker gets it with
all events that have come meanwhile, though no task has been started for them. The SDK then lets the workflow decide upon them,
at the time of the last task, and what it decided goes out with the next task, which brings the rest: the history says
that all came at once. It can never be replayed, and the delivery is stuck. So a workflow that has seen such events leaves the
worker's memory as soon as the query is answered, and the next task builds it up anew. See docs/decisions/0009-queries.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext
from temporalio.worker import Worker, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import Info

BESIDE_TASKS = "legacy_query"
"""The id that the SDK gives to a query that came without a workflow task."""

Forget = Callable[[str], None]
"""Takes a run out of the worker's memory; called with its id."""


class NotWorking(RuntimeError):
    """A workflow was run by a runner that belongs to no worker."""


def _of_no_worker(run_id: str) -> None:
    raise NotWorking(f"the runner of {run_id} belongs to no worker: call `belongs_to` once the worker is made")


class Runner(WorkflowRunner):
    """`runs` does the work, with a sandbox or without."""

    def __init__(self, runs: WorkflowRunner) -> None:
        self._runs = runs
        self._forget: Forget = _of_no_worker

    def belongs_to(self, worker: Worker) -> None:
        """Before the worker is started. The SDK has no public way to forget one run."""
        self._forget = worker._bridge_worker.request_workflow_eviction

    def prepare_workflow(self, defn: object) -> None:
        self._runs.prepare_workflow(defn)  # type: ignore[arg-type]

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Watched(self._runs.create_instance(det), Sight(det.info.run_id, lambda run_id: self._forget(run_id)))


@dataclass(slots=True)
class Sight:
    """What one run in memory has seen: whether it is ahead of its last workflow task."""

    run_id: str
    forget: Forget = field(repr=False)
    task: int = -1
    """When the last workflow task was started, in nanoseconds: the workflow's time."""
    events: int = 0
    is_ahead: bool = False

    def sees(self, act: WorkflowActivation) -> None:
        """Before each activation. More events at the same workflow time are events that no task was started for."""
        task = act.timestamp.ToNanoseconds()
        if task == self.task and act.history_length > self.events and not act.is_replaying:
            self.is_ahead = True
        self.task, self.events = task, max(self.events, act.history_length)
        if self.is_ahead and any(job.query_workflow.query_id == BESIDE_TASKS for job in act.jobs):
            self.forget(self.run_id)


class _Watched(WorkflowInstance):
    """The instance that does the work, and what it has seen."""

    def __init__(self, instance: WorkflowInstance, sight: Sight) -> None:
        self._instance, self._sight = instance, sight

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        self._sight.sees(act)
        return self._instance.activate(act)

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> Info:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()
