"""What a worker says of itself over HTTP."""

import asyncio
import socket

import pytest
from httpx import AsyncClient

from cli.probe import probing
from settings import SettingsError, read_settings


def a_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


async def test_it_is_alive_from_the_start_and_ready_when_it_works() -> None:
    port = a_port()
    async with probing("127.0.0.1", port) as probe, AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        early = [(await client.get(path)).status_code for path in ("/healthz", "/readyz", "/else")]
        probe.is_ready = True
        later = await client.get("/readyz")

    assert early == [200, 503, 404]
    assert (later.status_code, later.text) == (200, "ready")


async def test_nonsense_does_no_harm() -> None:
    port = a_port()
    async with probing("127.0.0.1", port), AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for nonsense in (b"\xff\r\n\r\n", b"\r\n\r\n", b"GET " + b"a" * 5_000):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(nonsense)
            writer.close()

        assert (await client.get("/healthz")).status_code == 200


async def test_without_a_port_nothing_is_served() -> None:
    assert read_settings({}).worker_port is None
    async with probing("127.0.0.1", None) as probe:
        assert not probe.is_ready


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="DOORSTEP_WORKER_PORT is 'http'; give a port"):
        _ = read_settings({"DOORSTEP_WORKER_PORT": "http"}).worker_port
