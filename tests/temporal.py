"""A real Temporal server for tests: the embedded binary in memory, one for each session, ended with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from temporalio.testing import WorkflowEnvironment

from cli.temporal_server import temporal_binary
from workflows.attributes import SEARCH_ATTRIBUTES
from workflows.payloads import DATA_CONVERTER

BEFORE_IT_ENDS: list[Callable[[WorkflowEnvironment], Awaitable[None]]] = []
"""Told of each server before it ends: recordings of histories are made then."""


@asynccontextmanager
async def temporal_server(*extra: str, ui_port: int | None = None) -> AsyncIterator[WorkflowEnvironment]:
    """A server with our search attributes, on a free port of this machine; with its UI if that has a port."""
    async with await WorkflowEnvironment.start_local(
        data_converter=DATA_CONVERTER,
        dev_server_existing_path=temporal_binary(),
        dev_server_log_level="error",
        ui=ui_port is not None,
        ui_port=ui_port,
        search_attributes=list(SEARCH_ATTRIBUTES),
        dev_server_extra_args=list(extra),
    ) as environment:
        yield environment
        for told in BEFORE_IT_ENDS:
            await told(environment)


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    async with temporal_server() as environment:
        yield environment
