"""When a run leaves the worker's memory: after a query that saw events of no workflow task, and never else."""

from unittest.mock import Mock

import pytest
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.worker import UnsandboxedWorkflowRunner

from workflows.runner import NotWorking, Runner, Sight


def activation(task: int, events: int, *, query: str = "", replays: bool = False) -> WorkflowActivation:
    """Of a workflow task that was started at second `task`, after which the history has `events` events."""
    act = WorkflowActivation(history_length=events, is_replaying=replays)
    act.timestamp.FromSeconds(task)
    job = act.jobs.add()
    if query:
        job.query_workflow.query_id = query
    else:
        job.signal_workflow.signal_name = "report"
    return act


def forgotten(*acts: WorkflowActivation) -> int:
    """How often the run was forgotten."""
    times: list[str] = []
    sight = Sight("a-run", times.append)
    for act in acts:
        sight.sees(act)
    return len(times)


def test_a_query_that_brought_events_of_no_task_is_forgotten_with_all_it_saw() -> None:
    assert forgotten(activation(10, 4), activation(10, 9), activation(10, 9, query="legacy_query")) == 1


def test_a_run_just_built_up_for_the_query_is_forgotten_too() -> None:
    acts = activation(5, 4, replays=True), activation(10, 8), activation(10, 11), activation(10, 11, query="legacy_query")

    assert forgotten(*acts) == 1


def test_a_query_that_brought_nothing_leaves_the_run_in_memory() -> None:
    assert forgotten(activation(10, 4), activation(10, 4, query="legacy_query", replays=True)) == 0


def test_a_query_within_a_task_leaves_the_run_in_memory() -> None:
    assert forgotten(activation(10, 4), activation(12, 9), activation(12, 9, query="1", replays=True)) == 0


def test_a_local_activity_that_ends_within_its_task_is_nothing_new() -> None:
    assert forgotten(activation(10, 4), activation(10, 4), activation(10, 4, query="legacy_query")) == 0


def test_building_up_from_history_is_nothing_new() -> None:
    acts = [activation(10, events, replays=True) for events in (4, 8)]

    assert forgotten(*acts, activation(10, 8, query="legacy_query")) == 0


def test_a_runner_of_no_worker_says_so_rather_than_go_on() -> None:
    runner = Runner(Mock(UnsandboxedWorkflowRunner))
    instance = runner.create_instance(Mock())
    instance.activate(activation(10, 4))
    instance.activate(activation(10, 9))

    with pytest.raises(NotWorking, match="belongs to no worker"):
        instance.activate(activation(10, 9, query="legacy_query"))
