"""What a workflow is handed: nothing of events that no workflow task was started for, and everything else."""

from unittest.mock import Mock

import pytest
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.worker import UnsandboxedWorkflowRunner

from workflows.runner import LastTask, NotWorkingError, Runner


def activation(task: int, events: int, *, query: bool = False, ends: bool = False, replays: bool = False) -> WorkflowActivation:
    """Of a workflow task that was started at second `task`, after which the history has `events` events."""
    act = WorkflowActivation(history_length=events, history_size_bytes=task * 100, is_replaying=replays)
    act.timestamp.FromSeconds(task)
    job = act.jobs.add()
    if query:
        job.query_workflow.query_id = "legacy_query"
    elif ends:
        job.remove_from_cache.message = "asked for"
    else:
        job.signal_workflow.signal_name = "report"
    return act


def handed(*acts: WorkflowActivation) -> tuple[list[bool], int]:
    """Which of them the workflow is handed, and how often it was forgotten."""
    times: list[str] = []
    last = LastTask("a-run", times.append)
    return [last.takes(act) for act in acts], len(times)


def test_of_events_that_no_task_was_started_for_only_the_query_is_handed_on() -> None:
    acts = activation(10, 4), activation(10, 9), activation(10, 9, query=True)

    assert handed(*acts) == ([True, False, True], 1)


def test_a_run_just_built_up_for_the_query_is_not_handed_them_either() -> None:
    acts = activation(5, 4, replays=True), activation(10, 8), activation(10, 11), activation(10, 11, query=True)

    assert handed(*acts) == ([True, True, False, True], 1)


def test_its_end_is_handed_on_so_that_nothing_of_it_stays() -> None:
    assert handed(activation(10, 4), activation(10, 9), activation(0, 9, ends=True)) == ([True, False, True], 1)


def test_whatever_comes_before_it_is_forgotten_is_held_back_too() -> None:
    acts = activation(10, 4), activation(10, 9), activation(10, 9, query=True), activation(12, 11)

    assert handed(*acts) == ([True, False, True, False], 1)


@pytest.mark.parametrize(
    "acts",
    [
        pytest.param((activation(10, 4), activation(10, 4, query=True, replays=True)), id="a query that brought nothing"),
        pytest.param((activation(10, 4), activation(12, 9), activation(12, 9, query=True)), id="a query within a task"),
        pytest.param((activation(10, 4), activation(10, 4)), id="a local activity that ends within its task"),
        pytest.param((activation(10, 4, replays=True), activation(10, 8, replays=True)), id="a run that is built up"),
    ],
)
def test_everything_else_is_handed_on(acts: tuple[WorkflowActivation, ...]) -> None:
    assert handed(*acts) == ([True] * len(acts), 0)


def test_what_is_held_back_is_answered_with_nothing_done() -> None:
    forgotten: list[str] = []
    inner = Mock(UnsandboxedWorkflowRunner)
    runner = Runner(inner)
    runner.belongs_to(Mock(_bridge_worker=Mock(request_workflow_eviction=forgotten.append)))
    instance = runner.create_instance(Mock(info=Mock(run_id="a-run")))
    instance.activate(activation(10, 4))

    answer = instance.activate(activation(10, 9))

    assert answer.HasField("successful")
    assert not answer.successful.commands
    assert forgotten == ["a-run"]
    assert inner.create_instance.return_value.activate.call_count == 1


def test_a_runner_of_no_worker_says_so_rather_than_go_on() -> None:
    instance = Runner(Mock(UnsandboxedWorkflowRunner)).create_instance(Mock())
    instance.activate(activation(10, 4))

    with pytest.raises(NotWorkingError, match="belongs to no worker"):
        instance.activate(activation(10, 9))
