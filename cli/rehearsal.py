"""New rulebooks are tried in a process of their own before they are published: one that crashes or hangs harms nobody."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

LIMIT = 60.0
"""Seconds for all books together; a book of 50 rules takes less than one."""

PROGRAM = (sys.executable, "-m", "rules.rehearsal")


class RehearsalFailedError(ValueError):
    """A rulebook cannot be evaluated: which, and what came of it."""


async def rehearse(canonicals: Sequence[str], matcher: str, limit: float = LIMIT, program: Sequence[str] = PROGRAM) -> None:
    """Raises RehearsalFailedError for the first book, as canonical JSON, over which the program fails, crashes or takes too long."""
    process = await asyncio.create_subprocess_exec(*program, matcher, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    talk = asyncio.ensure_future(process.communicate("".join(f"{canonical}\n" for canonical in canonicals).encode()))
    try:
        done, _ = await asyncio.wait({talk}, timeout=limit)
    finally:
        _end(process)
    out, errors = await talk
    if process.returncode == 0:
        return
    came = _came(process.returncode or 0, errors.decode("utf-8", "replace")) if done else f"it took longer than {limit:g} s"
    # Each is named before its turn: the last one named is the culprit.
    name = (out.decode("utf-8", "replace").split() or [""])[-1]
    raise RehearsalFailedError(
        f"rulebook {name}: tried on a few deliveries before it is published, {came}; nothing was published"
    )


def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()


def _came(code: int, errors: str) -> str:
    if code < 0:
        crash = f"it crashed the matcher ({signal.Signals(-code).name})"
        return f"{crash}: simplify the rules that were added last, or set DOORSTEP_MATCHER=reference"
    return f"it failed: {(errors.strip().splitlines() or ['without a word'])[-1]}"
