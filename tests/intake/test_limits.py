"""No client can keep the gateway from others, and browsers are told to be careful with every answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from cli.serve import application
from intake.limits import BURST_S, PAGES_A_SECOND, REMEMBERED, Limits
from settings import SettingsError, read_settings
from store.migrate import migrate

PATHS = ("/", "/healthz", "/track/none", "/v1/deliveries", "/nowhere", "/static/track.css", "/openapi.json")


class Clock:
    """A clock that a test moves; milliseconds."""

    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    settings = {
        "DOORSTEP_HOME": str(tmp_path),
        "DOORSTEP_REQUESTS_A_SECOND": "3",
        "DOORSTEP_PUBLIC_URL": "https://track.example.test",
    }
    read = read_settings({**settings, "DOORSTEP_SECRET_KEY": "signs the links of tests"})
    await migrate(read.database_url)
    app = application(read)
    # The lifespan, which closes the database, is what a server runs; this transport does not.
    async with app.router.lifespan_context(app), AsyncClient(transport=ASGITransport(app), base_url="http://gateway") as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_tells_browsers_to_be_careful(gateway: AsyncClient, path: str) -> None:
    headers = (await gateway.get(path)).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert len(headers.get_list("Content-Security-Policy")) == 1


async def test_who_asks_too_often_is_told_to_wait_and_health_is_always_told(gateway: AsyncClient) -> None:
    statuses = [(await gateway.post("/v1/deliveries")).status_code for _ in range(3 * BURST_S + 20)]
    refused = await gateway.post("/v1/deliveries")
    health = await gateway.get("/healthz")

    assert statuses[: 3 * BURST_S] == [401] * 3 * BURST_S
    assert 429 in statuses
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert health.status_code == 200


def test_a_client_that_waited_may_ask_again_and_others_never_had_to() -> None:
    clock = Clock()
    limits = Limits(500, clock)
    first = [limits.allows("10.0.0.1", "/v1/deliveries") for _ in range(500 * BURST_S + 1)]

    assert (all(first[:-1]), first[-1]) == (True, False)
    assert limits.allows("10.0.0.2", "/v1/deliveries")
    assert limits.allows("10.0.0.1", "/track/x")
    clock.now += 2
    assert [limits.allows("10.0.0.1", "/v1/deliveries") for _ in range(2)] == [True, False]


def test_links_cannot_be_tried_out_quickly() -> None:
    limits = Limits(500, Clock())

    assert [limits.allows("10.0.0.1", "/track/x") for _ in range(PAGES_A_SECOND * BURST_S + 1)].count(False) == 1


def test_many_clients_take_no_more_memory_than_is_set() -> None:
    limits = Limits(500, Clock())

    for number in range(REMEMBERED + 100):
        limits.allows(str(number), "/")

    assert len(limits._buckets) == REMEMBERED


def test_the_limit_can_be_taken_away() -> None:
    limits = Limits(0, Clock())

    assert all(limits.allows("10.0.0.1", "/v1/deliveries") for _ in range(20_000))


def test_a_limit_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="DOORSTEP_REQUESTS_A_SECOND is 'many'; give whole requests"):
        application(read_settings({"DOORSTEP_HOME": str(tmp_path), "DOORSTEP_REQUESTS_A_SECOND": "many"}))
