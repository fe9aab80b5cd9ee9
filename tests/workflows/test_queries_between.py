"""A query that reaches a worker before the workflow task of what came meanwhile decides nothing.

The test plays the worker that had the run in memory, and dies: it takes the first task, names a queue of its own for the
next ones, and is not seen again.
"""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio import activity, workflow
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes, TaskQueue
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from workflows.runner import Runner

pytestmark = pytest.mark.temporal

QUEUE, STICKY = "of-counting", "of-counting-on-a-worker-that-died"
WAITS = 3
"""Seconds that a task waits for the worker that died."""


NOTED: list[list[int]] = []


@activity.defn
async def note(taken: list[int]) -> None:
    NOTED.append(taken)


@workflow.defn
class Counting:
    """Starts a timer and does something for each batch of signals: how they were batched is in the history."""

    def __init__(self) -> None:
        self._came: list[int] = []
        self._taken: list[int] = []
        self._timers: list[asyncio.Task[None]] = []

    @workflow.run
    async def run(self) -> None:
        while True:
            await workflow.wait_condition(lambda: len(self._came) > len(self._taken))
            self._taken = list(self._came)
            self._timers.append(asyncio.create_task(asyncio.sleep(1_000)))
            await workflow.execute_local_activity(note, self._taken, schedule_to_close_timeout=timedelta(seconds=30))

    @workflow.signal
    async def came(self, number: int) -> None:
        self._came.append(number)

    @workflow.query
    def taken(self) -> list[int]:
        return self._taken


async def a_worker_takes_the_first_task_and_dies(client: Client) -> None:
    service, namespace = client.workflow_service, client.namespace
    task = await service.poll_workflow_task_queue(
        PollWorkflowTaskQueueRequest(namespace=namespace, task_queue=TaskQueue(name=QUEUE), identity="dies")
    )
    sticky = TaskQueue(name=STICKY, kind=TaskQueueKind.TASK_QUEUE_KIND_STICKY, normal_name=QUEUE)
    await service.respond_workflow_task_completed(
        RespondWorkflowTaskCompletedRequest(
            namespace=namespace,
            task_token=task.task_token,
            identity="dies",
            sticky_attributes=StickyExecutionAttributes(
                worker_task_queue=sticky, schedule_to_start_timeout=Duration(seconds=WAITS)
            ),
        )
    )
    with contextlib.suppress(RPCError):  # so that Temporal has seen it there, and waits for it
        await service.poll_workflow_task_queue(
            PollWorkflowTaskQueueRequest(namespace=namespace, task_queue=sticky, identity="dies"),
            timeout=timedelta(seconds=2.1),
        )


async def test_what_came_between_two_tasks_is_decided_upon_by_the_next_task_and_not_by_a_query(
    temporal: WorkflowEnvironment,
) -> None:
    client = temporal.client
    counting = await client.start_workflow(Counting.run, id="counting", task_queue=QUEUE)
    await a_worker_takes_the_first_task_and_dies(client)
    runner = Runner(SandboxedWorkflowRunner())
    worker = Worker(client, task_queue=QUEUE, workflows=[Counting], activities=[note], workflow_runner=runner)
    runner.belongs_to(worker)

    async with worker:
        query = asyncio.create_task(counting.query(Counting.taken))
        await asyncio.sleep(WAITS / 4)  # the task of the signals waits for the dead worker longer than the query
        await counting.signal(Counting.came, 1)
        await counting.signal(Counting.came, 2)
        between = await query
        await counting.signal(Counting.came, 3)
        after = await counting.query(Counting.taken)

    assert (between, after) == ([], [1, 2, 3])
    assert NOTED == [[1, 2, 3]]
    history = await counting.fetch_history()
    await Replayer(workflows=[Counting]).replay_workflow(history)
    await counting.terminate()
