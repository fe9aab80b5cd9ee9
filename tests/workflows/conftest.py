"""Records the histories of the tests that are scenarios, when it is told to: see recording.py."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests import temporal as servers
from tests.workflows.recording import a_moment_ago, record, seeing, told_to_record
from workflows.rulebooks import Shelf


@pytest.fixture(autouse=True)
async def recorded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Keeps the histories of a test that plays a scenario, from the session's server or from one of its own."""
    told = told_to_record(request.node.nodeid)
    if told is None:
        yield
        return
    monkeypatch.setattr(Shelf, "put", seeing(Shelf.put))
    since = a_moment_ago()

    async def keep(environment: WorkflowEnvironment) -> None:
        await record(environment.client, since, *told)

    if "temporal" in request.fixturenames:
        environment: WorkflowEnvironment = request.getfixturevalue("temporal")
        yield
        await keep(environment)
        return
    servers.BEFORE_IT_ENDS.append(keep)
    yield
    servers.BEFORE_IT_ENDS.remove(keep)
