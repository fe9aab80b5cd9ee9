"""How the examples of each language are run, and what they printed, in one shape."""

import asyncio
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import temporalio

from cli.site import Site
from cli.temporal_server import temporal_binary
from tests.oms.golden import EXAMPLES, PAYLOADS

PATIENCE = "90"
"""Seconds that an example waits for a result."""

Story = Mapping[str, Any]
"""Step -> what was answered."""

Play = Callable[[Site, str, Path], Awaitable[Story]]
"""An example plays one delivery; the folder is for what it makes."""


async def ran(command: Sequence[str], site: Site | None = None, cwd: Path = EXAMPLES, **more: str) -> str:
    """What a program printed. It may end as it likes: short programs of the SDK for Python sometimes abort at their very end."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=environment(site) | more, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 240)
    finally:
        if process.returncode is None:
            process.kill()
    assert out or process.returncode == 0, err.decode()
    if err and not out.rstrip().endswith(b"}"):
        pytest.fail(f"{command[-1]}: {err.decode()[-2000:]}\nafter {out.decode()[-2000:]}")
    return out.decode()


def environment(site: Site | None) -> dict[str, str]:
    """Nothing of this machine's own settings, and where the site is."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("TEMPORAL_", "DOORSTEP_"))}
    plain["PATH"] = f"{Path(temporal_binary()).parent}{os.pathsep}{plain['PATH']}"
    if site is None:
        return plain
    http = f"http://127.0.0.1:{site.settings.temporal_http_port}"
    return plain | {"TEMPORAL_ADDRESS": site.address, "TEMPORAL_HTTP": http}


def lines(printed: str) -> Story:
    """Of programs that print a JSON object for each step."""
    steps = [json.loads(line) for line in printed.splitlines()]
    return {step["step"]: step["answer"] for step in steps}


def sections(printed: str) -> dict[str, list[Any]]:
    """Of scripts that print `== step` and then what the tool printed: each JSON document, and each line that is none."""
    parts = re.split(r"^== (.+)$", printed, flags=re.MULTILINE)[1:]
    return {name: documents(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def documents(text: str) -> list[Any]:
    found: list[Any] = []
    while text := text.lstrip():
        if text[0] in "{[":
            document, end = json.JSONDecoder().raw_decode(text)
        else:
            document, end = text.splitlines()[0], len(text.splitlines()[0])
        found.append(document)
        text = text[end:]
    return found


async def python(site: Site, delivery_id: str, folder: Path) -> Story:
    return lines(await ran([sys.executable, "python/oms.py", delivery_id, PATIENCE], site))


async def grpc(site: Site, delivery_id: str, folder: Path) -> Story:
    """The public files are in the SDK's package too, as they are in github.com/temporalio/api."""
    protos = Path(temporalio.__file__).parent / "bridge" / "sdk-core" / "crates" / "protos" / "protos" / "api_upstream"
    if not protos.is_dir():
        pytest.skip("the installed temporalio has no .proto files")
    await ran(["sh", "grpc/compile.sh", str(protos), str(folder / "pb")], PYTHON=sys.executable)
    return lines(await ran([sys.executable, "grpc/oms.py", delivery_id, PATIENCE], site, PYTHONPATH=str(folder / "pb")))


async def typescript(site: Site, delivery_id: str, folder: Path) -> Story:
    built = await build()
    return lines(await ran(["node", "oms.js", delivery_id, PATIENCE], site, cwd=built, OMS_PAYLOADS=str(PAYLOADS)))


async def build() -> Path:
    """Where the example is compiled: a cache outside the repository, with the packages that package.json names."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("no node and npm on this machine")
    version = await ran(["node", "--version"])
    if tuple(map(int, version.strip().lstrip("v").split(".")[:2])) < (20, 3):
        pytest.skip(f"@temporalio/client needs Node 20.3 or later; here is {version.strip()}")
    source = EXAMPLES / "typescript"
    named = hashlib.sha256((source / "package.json").read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "doorstep-tests" / f"oms-typescript-{named}"
    cache.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "tsconfig.json", "oms.ts"):
        shutil.copy(source / file, cache)
    if not (cache / "installed").exists():
        await install(cache)
    mistakes = await ran([str(cache / "node_modules" / ".bin" / "tsc")], cwd=cache)
    assert mistakes == ""
    return cache


async def install(cache: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=1", "--fetch-timeout=60000"),
        cwd=cache,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    if process.returncode != 0:
        pytest.skip(f"npm cannot install @temporalio/client: {out.decode()[-300:]}")
    (cache / "installed").touch()


async def command_line(site: Site, delivery_id: str, folder: Path) -> Story:
    found = sections(await ran(["sh", "cli/oms.sh", delivery_id, PATIENCE], site))
    (cause,) = found["refused because"]
    failure = cause["closeEvent"]["workflowExecutionFailedEventAttributes"]["failure"]
    return {
        "accepted": found["accepted"][0]["updateResult"],
        "rescheduled": found["rescheduled"][0]["result"],
        "snapshot": found["snapshot"][0]["queryResult"][0],
        "cancelled": found["cancelled"][0]["result"],
        "result": found["result"][0]["result"],
        "ended": " ".join(found["ended"]),
        "reopened": found["reopened"][0]["updateResult"],
        "refused": refusal(failure),
        "said": " ".join(found["refused"]),
    }


async def http(site: Site, delivery_id: str, folder: Path) -> Story:
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    found = sections(await ran(["sh", "http/oms.sh", delivery_id, PATIENCE], site))
    (completed,), (failed,) = (closed(found[step]) for step in ("result", "refused because"))
    return {
        "accepted": found["accepted"][1]["outcome"]["success"][0],
        "rescheduled": found["rescheduled"][0]["outcome"]["success"][0],
        "snapshot": found["snapshot"][0]["queryResult"][0],
        "cancelled": found["cancelled"][0]["outcome"]["success"][0],
        "result": completed["workflowExecutionCompletedEventAttributes"]["result"][0],
        "ended": json.dumps(found["ended"]),
        "reopened": found["reopened"][1]["outcome"]["success"][0],
        "refused": refusal(failed["workflowExecutionFailedEventAttributes"]["failure"]),
    }


def closed(section: Sequence[Any]) -> list[Any]:
    return list(section[0]["history"]["events"])


def refusal(failure: Mapping[str, Any]) -> dict[str, Any]:
    """A failure as the JSON of Temporal shows it."""
    told = failure["applicationFailureInfo"]
    return {"type": told["type"], "details": told["details"][0]}


LANGUAGES: Mapping[str, Play] = {
    "python": python,
    "typescript": typescript,
    "grpc": grpc,
    "http": http,
    "cli": command_line,
}
"""Folder of the example -> how it is run."""
