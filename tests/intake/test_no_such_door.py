"""A path, or a method, that no door has is answered like every other refusal."""

import pytest

from store.database import Database
from tests.gateway import serving


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/v1/nothing", 404, id="no such path"),
        pytest.param("POST", "/track/x/y/z", 404, id="no such page"),
        pytest.param("DELETE", "/v1/deliveries", 405, id="no such method"),
    ],
)
async def test_what_is_not_there_is_said_as_problem_details(
    sqlite_database: Database, method: str, path: str, status: int
) -> None:
    async with serving(sqlite_database, 1) as gateway:
        answer = await gateway.client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert path in answer.json()["detail"]
