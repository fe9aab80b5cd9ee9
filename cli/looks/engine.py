"""Temporal, the workers on it, and whether deliveries go on there."""

import asyncio
import os
from datetime import UTC, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    PollWorkflowTaskQueueRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from cli.connection import client_of
from cli.deployment import not_current
from cli.finding import Finding
from cli.views import VIEWS
from domain.instant import MINUTE, SECOND, Instant, Span, instant
from settings import Settings
from workflows.client import pollers
from workflows.clock import wall_clock
from workflows.contract import TASK_QUEUE
from workflows.registration import missing_attributes

START = "doorstep up starts one here; else set TEMPORAL_ADDRESS, TEMPORAL_API_KEY or TEMPORAL_TLS as your Temporal wants them"
WAITS_LONG: Span = MINUTE
CLOCKS_APART: Span = 5 * SECOND
"""What clocks may differ: the ledger's deadlines are those of the worker's clock, timers those of the server's."""

FAILING = next(view.query for view in VIEWS if view.name == "Failing tasks")


async def temporal(settings: Settings) -> Finding:
    """Reached, with the namespace and the search attributes."""
    try:
        client = await client_of(settings)
    except ConnectionError as error:
        return Finding("Temporal", False, str(error), START)
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
        missing = await missing_attributes(client)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            return Finding("Temporal", False, f"{error.message} ({error.status.name})", START)
        mend = "deploy/create-namespace.sh makes it, or set TEMPORAL_NAMESPACE to one that there is"
        return Finding("Temporal", False, f"there is no namespace {client.namespace}", mend)
    if missing:
        names = ", ".join(key.name for key in missing)
        said = f"search attributes are missing: {names}; a delivery that sets one would hang"
        return Finding("Temporal", False, said, "doorstep up, or deploy/create-search-attributes.sh")
    return Finding("Temporal", True, f"answers; namespace {client.namespace}")


async def worker(settings: Settings) -> Finding:
    """Somebody polls, and no task waits long for it."""
    client = await client_of(settings)
    polling = await pollers(client)
    if not polling:
        return Finding("worker", False, f"nobody polls the task queue {TASK_QUEUE}", "doorstep up, or doorstep worker")
    stats = (await _described(client, TASK_QUEUE, stats=True)).stats
    waits = stats.approximate_backlog_age.ToTimedelta() // timedelta(milliseconds=1)
    if stats.approximate_backlog_count and waits > WAITS_LONG:
        said = f"{stats.approximate_backlog_count} tasks wait for the {polling} at work, the first for {waits // SECOND} s"
        return Finding("worker", False, said, "start more workers; if they are idle, their logs say why")
    return Finding("worker", True, f"{polling} at work in the last minutes")


async def version(settings: Settings) -> Finding:
    """A versioned worker is of the version that deliveries are given to, in part at least."""
    if settings.worker_version is None:
        return Finding("worker version", True, "workers are not versioned (DOORSTEP_DEPLOYMENT, DOORSTEP_BUILD_ID)")
    if waits := await not_current(await client_of(settings), settings):
        said, _, mend = waits.partition(": ")
        return Finding("worker version", False, said, mend)
    return Finding("worker version", True, f"deliveries are given to {'/'.join(settings.worker_version)}")


async def failing_tasks(settings: Settings) -> Finding:
    """No workflow hangs on a fault in code."""
    client = await client_of(settings)
    try:
        ids = [found.id async for found in client.list_workflows(FAILING, limit=100)]
    except RPCError as error:
        return Finding("workflow tasks", True, f"this server does not say which fail ({error.message})")
    if not ids:
        return Finding("workflow tasks", True, "none fails")
    said = f"{len(ids)} workflows cannot go on: {', '.join(ids[:5])}{', ...' if len(ids) > 5 else ''}"
    mend = "their history in the Temporal UI says why; put the former version of Doorstep back if they were well under it"
    return Finding("workflow tasks", False, said, mend)


async def clock(settings: Settings) -> Finding:
    """Our clock and the server's."""
    client = await client_of(settings)
    before = wall_clock()
    theirs = await server_time(client)
    return apart("clock", "Temporal", theirs, before, wall_clock())


def apart(what: str, whose: str, theirs: Instant, before: Instant, after: Instant) -> Finding:
    """Compares a clock with ours, which stood at `before` and `after` around the reading."""
    off = max(before - theirs, theirs - after, 0)
    if off <= CLOCKS_APART:
        return Finding(what, True, f"as {whose}'s, within {max(off, SECOND) / SECOND:.0f} s")
    ahead = "behind" if theirs > after else "ahead of"
    said = f"this machine's clock is {off // SECOND} s {ahead} {whose}'s"
    return Finding(what, False, said, "let both machines set their clocks by NTP (chrony, systemd-timesyncd)")


async def server_time(client: Client) -> Instant:
    """The server's clock: it notes when it heard of a poller. Polls a queue of our own for a moment. Raises RPCError, TimeoutError."""
    queue, me = "doorstep-doctor", f"doctor-{os.getpid()}-{wall_clock()}"
    asked = PollWorkflowTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=queue), identity=me)
    polling = asyncio.create_task(client.workflow_service.poll_workflow_task_queue(asked, timeout=timedelta(seconds=20)))
    try:
        async with asyncio.timeout(10):
            while True:
                for poller in (await _described(client, queue)).pollers:
                    if poller.identity == me:
                        return instant(poller.last_access_time.ToDatetime(tzinfo=UTC))
                await asyncio.sleep(0.05)
    finally:
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)


async def _described(client: Client, queue: str, stats: bool = False) -> DescribeTaskQueueResponse:
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        report_stats=stats,
    )
    return await client.workflow_service.describe_task_queue(asked)
