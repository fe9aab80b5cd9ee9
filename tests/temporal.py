"""A real Temporal server for tests: the embedded binary in memory, one for each session, ended with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from temporalio.testing import WorkflowEnvironment

from cli.temporal_server import temporal_binary
from workflows.attributes import SEARCH_ATTRIBUTES
from workflows.payloads import DATA_CONVERTER


@asynccontextmanager
async def temporal_server(*extra: str) -> AsyncIterator[WorkflowEnvironment]:
    """A server with our search attributes, on a free port of this machine."""
    async with await WorkflowEnvironment.start_local(
        data_converter=DATA_CONVERTER,
        dev_server_existing_path=temporal_binary(),
        dev_server_log_level="error",
        search_attributes=list(SEARCH_ATTRIBUTES),
        dev_server_extra_args=list(extra),
    ) as environment:
        yield environment


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    async with temporal_server() as environment:
        yield environment
