"""Runs workflows so that a query never decides anything.

Temporal hands a query over beside the workflow tasks. Where one waited for a worker that died, the next worker gets it with
all events that have come meanwhile, though no task has been started for them. The SDK then lets the workflow decide upon them,
at the time of the last task, and what it decided goes out with the next task, which brings the rest: the history says
that all came at once. It can never be replayed, and the delivery is stuck. So a workflow is not handed such events: the query is
answered as of the last task, and the run leaves the worker's memory, since the SDK believes that it has seen them; the next task
builds it up anew. See docs/decisions/0009-queries.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext
from temporalio.worker import Worker, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import Info

DECIDES_NOTHING = ("query_workflow", "remove_from_cache")
"""What a workflow is handed though it is behind."""

Forget = Callable[[str], None]
"""Takes a run out of the worker's memory; called with its id."""


class NotWorkingError(RuntimeError):
    """A workflow was run by a runner that belongs to no worker."""


def _of_no_worker(run_id: str) -> None:
    raise NotWorkingError(f"the runner of {run_id} belongs to no worker: call `belongs_to` once the worker is made")


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

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self._runs.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Watched(self._runs.create_instance(det), LastTask(det.info.run_id, lambda run_id: self._forget(run_id)))


@dataclass(slots=True)
class LastTask:
    """The last workflow task of one run in memory, as far as activations tell of it."""

    run_id: str
    forget: Forget = field(repr=False)
    started: int = -1
    """The workflow's time, in nanoseconds."""
    bytes_until: int = -1
    """Size of the history until it was started."""
    events: int = 0
    is_behind: bool = False
    """Events have come that no task was started for."""

    def takes(self, act: WorkflowActivation) -> bool:
        """Whether the workflow may be handed an activation. Of more events and no later task only the query that brought them."""
        started, bytes_until = act.timestamp.ToNanoseconds(), act.history_size_bytes
        is_same_task = (started, bytes_until) == (self.started, self.bytes_until)
        if is_same_task and act.history_length > self.events and not act.is_replaying:
            self.is_behind = True
            self.forget(self.run_id)  # once the query is answered
        self.started, self.bytes_until, self.events = started, bytes_until, act.history_length
        return not self.is_behind or any(job.WhichOneof("variant") in DECIDES_NOTHING for job in act.jobs)


class _Watched(WorkflowInstance):
    """The instance that does the work, and up to which task."""

    def __init__(self, instance: WorkflowInstance, last_task: LastTask) -> None:
        self._instance, self._last_task = instance, last_task

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return self._instance.activate(act) if self._last_task.takes(act) else _nothing_done(act.run_id)

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> Info:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()


def _nothing_done(run_id: str) -> WorkflowActivationCompletion:
    completion = WorkflowActivationCompletion(run_id=run_id)
    completion.successful.SetInParent()
    return completion
