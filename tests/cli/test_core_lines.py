"""What the SDK's core logs of failures: which, never their words."""

import asyncio
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from cli.core_lines import besides, kind_of
from cli.logs import JsonLines, Lines
from cli.runtime import runtime_of

WORDS = "Aino Virtanen of Mannerheimintie 1"


@workflow.defn(name="FailsTwice")
class FailsTwice:
    """Its task fails at first."""

    tries = 0

    @workflow.run
    async def run(self) -> None:
        FailsTwice.tries += 1
        if FailsTwice.tries < 3:
            raise ValueError(WORDS)


@activity.defn
async def nothing() -> None:
    """Is not called."""


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the core said, as it would stand in both kinds of logs."""
    kept: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.extend((JsonLines().format(record), Lines().format(record)))

    logger, handler = logging.getLogger("temporalio.core"), Keeping()
    logger.addHandler(handler)
    yield kept
    logger.removeHandler(handler)


@pytest.mark.temporal
async def test_of_a_workflow_task_that_fails_the_type_is_logged_and_not_the_words(
    temporal: WorkflowEnvironment, lines: list[str]
) -> None:
    """The core tells the whole failure at WARN: names and addresses stood in the log of every worker whose code had a fault."""
    client = await Client.connect(temporal.client.service_client.config.target_host, runtime=runtime_of(""))
    workflows: Any = [FailsTwice]
    async with Worker(
        client, task_queue="core-lines", workflows=workflows, activities=[nothing], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        async with asyncio.timeout(60):
            await client.execute_workflow(FailsTwice.run, id="core-lines", task_queue="core-lines")
            while not any("Failing workflow task" in line for line in lines):  # noqa: ASYNC110 - the core has a thread of its own
                await asyncio.sleep(0.05)

    (told, *_) = [line for line in lines if "Failing workflow task" in line]
    assert "ValueError" in told
    assert not [line for line in lines if "Aino" in line or "Mannerheimintie" in line]


def a_record(message: str = "said", **fields: str) -> logging.LogRecord:
    record = logging.LogRecord("temporalio.core", logging.WARNING, "(sdk-core)", 0, message, (), None)
    record.temporal_log = SimpleNamespace(fields=fields)
    return record


def test_what_differs_from_a_history_is_told() -> None:
    failure = 'Failure { failure: Some(Failure { message: "[TMPRL1100] Nondeterminism error: TimerStarted", source: "" }), force_cause: NonDeterministicError }'

    assert kind_of(failure) == "[TMPRL1100] Nondeterminism error: TimerStarted, NonDeterministicError"


def test_errors_are_told_unless_they_quote_a_failure() -> None:
    assert besides(a_record(error="transport error")) == " (error=transport error)"
    assert besides(a_record(error=f'Failure {{ message: "{WORDS}" }}', completion=WORDS)) == ""


def test_a_message_ends_where_it_quotes_and_ids_stand_where_they_do_in_other_lines() -> None:
    line = Lines().format(a_record(f'cannot complete Failure {{ message: "{WORDS}" }}', run_id="r-1", workflow_id="delivery-D-1"))

    assert line.endswith(" WARNING temporalio.core: cannot complete ... (delivery_id=D-1 workflow_id=delivery-D-1 run_id=r-1)")
