"""VROOM in a process of its own: one problem in on standard input, the order out on standard output, both JSON.

Its binding holds Python's global lock while it solves, 2 s for 120 stops: in the worker that would stop every workflow,
and Temporal takes a workflow task that stands still for 2 s for a deadlock. It also brings pandas, 50 MB. This file is
run by its path and imports nothing of ours.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

STARTS_WITHIN: int = 1_000
"""Milliseconds of the time given that VROOM does not get: a process starts, loads it and reads the matrix."""


@dataclass(frozen=True, slots=True)
class Job:
    """A stop: its row in the matrix, service and window in whole seconds after the start, priority 0 to 100."""

    place: int
    service: int
    opens: int
    closes: int
    priority: int


@dataclass(frozen=True, slots=True)
class Pause:
    """A break of the driver: how long it is, and from when to when it may begin, in whole seconds after the start."""

    span: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One vehicle that is to drive few seconds or, where they are given, few metres; it starts at row 0 of `seconds`, ends at its last stop, and works for `shift` seconds."""

    seconds: Sequence[Sequence[int]]
    jobs: Sequence[Job]
    shift: int
    exploration: int
    pauses: Sequence[Pause] = ()
    metres: Sequence[Sequence[int]] | None = None


class SolverError(Exception):
    """The process ended without an answer."""


async def solved(problem: Problem, within: int) -> list[int]:
    """The places of the jobs that fit, in order; after `within` milliseconds the process is killed.

    VROOM itself is told to answer a little earlier with the best that it has by then. Raises SolverError, TimeoutError.
    """
    command = (sys.executable, "-P", __file__)  # -P: this folder's modules shall not stand before those of others
    asked = {**asdict(problem), "limit_ms": max(100, within - STARTS_WITHIN)}
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(within / 1000):
            out, err = await process.communicate(json.dumps(asked).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        last_line = (err.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
        raise SolverError(f"VROOM ended with code {process.returncode} on {len(problem.jobs)} stops: {last_line}")
    return [int(place) for place in json.loads(out)]


class _NoPandas(ModuleType):
    """Stands in for pandas, with which the binding would only make a table of the steps: loading it takes longer than VROOM does."""

    DataFrame = object


def _solve(problem: dict[str, Any]) -> list[int]:
    sys.modules["pandas"] = _NoPandas("pandas")
    import vroom

    model: Any = vroom.Input()
    model.set_durations_matrix("car", problem["seconds"])
    if problem["metres"] is not None:
        model.set_costs_matrix("car", problem["metres"])
    pauses = [
        vroom.Break(number, time_windows=[vroom.TimeWindow(one["opens"], max(one["opens"], one["closes"]))], service=one["span"])
        for number, one in enumerate(problem["pauses"], 1)
    ]
    model.add_vehicle(vroom.Vehicle(0, start=0, time_window=vroom.TimeWindow(0, problem["shift"]), breaks=pauses))
    model.add_job([_job(**job) for job in problem["jobs"]])
    limit = timedelta(milliseconds=problem["limit_ms"])
    steps = model.solve(exploration_level=problem["exploration"], nb_threads=1, timeout=limit)._routes_numpy()
    return [int(step) for kind, step in zip(steps["type"], steps["id"], strict=True) if kind == b"job"]


def _job(place: int, service: int, opens: int, closes: int, priority: int) -> Any:
    import vroom

    window = vroom.TimeWindow(opens, closes)
    return vroom.Job(place, location=place, default_service=service, priority=priority, time_windows=[window])


if __name__ == "__main__":
    json.dump(_solve(json.load(sys.stdin)), sys.stdout)
