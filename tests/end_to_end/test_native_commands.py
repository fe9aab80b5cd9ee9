"""Every command and every health check that docker-compose.yml gives our own containers runs on this machine too, in its order."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from httpx import AsyncClient, HTTPError
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from cli.temporal_server import temporal_binary
from tests.ports import free_port
from workflows.client import Deliveries
from workflows.payloads import DATA_CONVERTER
from workflows.registration import register_attributes

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
PROGRAMS = Path(sys.executable).parent
WITHIN_S = 90

ORDER = {
    "delivery_id": "D-native",
    "carrier": "acme",
    "promised": {"end": "2099-11-23T16:00:00+02:00"},
    "destination": {"timezone": "Europe/Helsinki"},
}


def native(words: list[str]) -> list[str]:
    """A container's command line on this machine."""
    known = {"python": [sys.executable], "doorstep": [sys.executable, "-m", "cli"]}
    return [part for word in words for part in known.get(word, [word])]


def command_of(service: str) -> list[str]:
    return native([*SERVICES[service].get("entrypoint", ["doorstep"]), *SERVICES[service]["command"]])


def check_of(service: str) -> list[str]:
    """The health check: compose's own, else that of the image."""
    if "healthcheck" not in SERVICES[service]:
        (image,) = re.findall(r"HEALTHCHECK [^\n]*\n\s*CMD (\[.*\])", (ROOT / "Dockerfile").read_text())
        return native(yaml.safe_load(image))
    how, *words = SERVICES[service]["healthcheck"]["test"]
    return ["sh", "-c", words[0].replace("$$", "$")] if how == "CMD-SHELL" else native(words)


async def ended(words: list[str], told: Mapping[str, str]) -> tuple[int, str]:
    """A command's exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *words, env=told, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    return process.returncode or 0, said.decode()


@asynccontextmanager
async def running(words: list[str], told: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that is told to end afterwards, as compose tells it."""
    process = await asyncio.create_subprocess_exec(*words, env=told, cwd=ROOT)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), WITHIN_S)


async def until_well(process: asyncio.subprocess.Process, words: list[str], told: Mapping[str, str]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while (await ended(words, told))[0]:
            assert process.returncode is None
            await asyncio.sleep(0.5)


@pytest.mark.slow
@pytest.mark.temporal
async def test_the_whole_shape_comes_up_in_order_and_takes_an_order(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    port, worker_port = free_port(), free_port()
    told = {
        "PATH": f"{PROGRAMS}:{Path(temporal_binary()).parent}:{os.environ['PATH']}",
        "TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": "native",
        "DOORSTEP_HOME": str(tmp_path),
        "DOORSTEP_DATABASE_URL": f"sqlite:///{tmp_path / 'store.db'}",
        "DOORSTEP_RULES": str(ROOT / "rules" / "books"),
        "DOORSTEP_PORT": str(port),
        "DOORSTEP_WORKER_PORT": str(worker_port),
    }
    for words in (["sh", "deploy/create-namespace.sh"], command_of("migrate"), command_of("publish")):
        code, said = await ended(words, told)
        assert code == 0, said
    client = await Client.connect(told["TEMPORAL_ADDRESS"], namespace="native", data_converter=DATA_CONVERTER)
    await register_attributes(client)

    async with running(command_of("worker"), told) as worker, running(command_of("gateway"), told) as gateway:
        await until_well(worker, check_of("worker"), told)
        await until_well(gateway, check_of("gateway"), told)
        async with AsyncClient() as http:
            ready = await http.get(f"http://127.0.0.1:{worker_port}/readyz")
        accepted = await Deliveries(client).start(ORDER)

    assert ready.status_code == 200
    assert accepted["rulebook"] == "standard"
    assert (worker.returncode, gateway.returncode) == (0, 0)


async def test_the_mail_catcher_comes_up(tmp_path: Path) -> None:
    smtp, web = free_port(), free_port()
    words = command_of("mail-catcher")
    given = {"2525": str(smtp), "8025": str(web), "0.0.0.0": "127.0.0.1", "/var/lib/doorstep/mail": str(tmp_path)}
    told = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}

    async with running([given.get(word, word) for word in words], told) as catcher:
        await until_well(catcher, [word.replace("2525", str(smtp)) for word in check_of("mail-catcher")], told)


async def test_one_address_stands_before_the_gateways(tmp_path: Path) -> None:
    if shutil.which("caddy") is None:
        pytest.skip("caddy is not installed; apt-get install caddy")
    port, front = free_port(), free_port()
    told = {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "DOORSTEP_HOME": str(tmp_path),
        "DOORSTEP_PORT": str(port),
        "DOORSTEP_FRONT_AT": f"http://127.0.0.1:{front}",
        "DOORSTEP_GATEWAY_HOST": "localhost",
        "DOORSTEP_GATEWAY_PORT": str(port),
    }
    assert told.keys() >= SERVICES["front"]["environment"].keys()

    async with (
        running(command_of("gateway"), told),
        running(["caddy", "run", "--config", "deploy/Caddyfile"], told),
        AsyncClient(base_url=f"http://127.0.0.1:{front}") as client,
        asyncio.timeout(WITHIN_S),
    ):
        while not await _is_well(client):  # noqa: ASYNC110 - another program has no event of ours to set
            await asyncio.sleep(0.2)


async def _is_well(client: AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).status_code == 200
    except HTTPError:
        return False
