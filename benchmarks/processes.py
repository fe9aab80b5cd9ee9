"""Workers in processes of their own, so that what they take can be told from what client and server take."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from benchmarks.ground import Ground

ROOT = Path(__file__).parent.parent
UP_WITHIN_S = 120


async def start_worker(here: Ground, *module: str) -> Process:
    """`doorstep worker`, or another module that says "ready"; returns when it does."""
    told = {**os.environ, **here.settings.values, "TEMPORAL_ADDRESS": here.address, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *(module or ("cli", "worker")), stdout=PIPE, env=told)
    assert process.stdout is not None
    async with asyncio.timeout(UP_WITHIN_S):
        while b"ready" not in (line := await process.stdout.readline()):
            if not line:
                raise RuntimeError(f"the worker ended with {await process.wait()} before it was ready")
    return process


@asynccontextmanager
async def worker_process(here: Ground, *module: str) -> AsyncIterator[Process]:
    """The same while the context lasts."""
    process = await start_worker(here, *module)
    try:
        yield process
    finally:
        await crashed(process)


async def crashed(process: Process) -> None:
    """Ends it as a crash would: nothing of a benchmark is worth being put in order."""
    if process.returncode is None:
        process.kill()
    await process.wait()


def cpu_s(pid: int) -> float:
    """Seconds of one core that a process has taken so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def resident(pid: int) -> int:
    """Bytes of memory."""
    return int(psutil.Process(pid).memory_info().rss)


def server_pid() -> int:
    """The Temporal server that this process has started."""
    return next(child.pid for child in psutil.Process().children(recursive=True) if "temporal" in child.name())
