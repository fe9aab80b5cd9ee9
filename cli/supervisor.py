"""Runs a few programs side by side, starts one again when it dies, and ends all of them by their own pid."""

import asyncio
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

READY = "ready"
"""The line that a program prints when it can work."""

PAUSE = 1.0
"""Seconds between a program's death and its next start."""

GENTLE = 15.0
"""Seconds that a program gets to end by itself."""

PR_SET_PDEATHSIG = 1


class StartError(RuntimeError):
    """A program did not come up; says which and where its log is."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program; it counts as up when `port` answers, or else when it prints "ready"."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None


class Running:
    """One program that is kept running."""

    def __init__(self, program: Program, tell: Callable[[str], None]) -> None:
        self.program = program
        self.starts = 0
        self.is_ready = False
        """Whether the program works since it was last started."""
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._ending = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self, within: float) -> None:
        """Returns when the program is up; raises StartError when it is not in time."""
        self._keeper = asyncio.create_task(self._keep())
        up = asyncio.create_task(self._up.wait())
        await asyncio.wait((up, self._keeper), timeout=within, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if not self._up.is_set():
            has_ended = self._keeper.done()
            await self.stop()
            why = self._last_words() if has_ended else f"did not come up within {within:.0f} s"
            raise StartError(f"{self.program.name} {why}; its log is {self.program.log}")

    def _last_words(self) -> str:
        """How it ended, and the last line of its log, which says why."""
        lines = self.program.log.read_text(errors="replace").split("\n") if self.program.log.exists() else []
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        code = self._process.returncode if self._process else "?"
        return f"ended at once (exit code {code})" + (f": {said[:300]}" if said else "")

    async def stop(self) -> None:
        """Asks it to end, then ends it."""
        self._ending = True
        if self._process is not None:
            await _end(self._process)
        if self._keeper is not None:
            await self._keeper

    async def _keep(self) -> None:
        while not self._ending:
            await self._run_once()
            if self._ending or not self._up.is_set():
                return
            self._tell(
                f"{self.program.name} ended (exit code {self._process.returncode if self._process else '?'}); starting it again"
            )
            await asyncio.sleep(PAUSE)

    async def _run_once(self) -> None:
        self.program.log.parent.mkdir(parents=True, exist_ok=True)
        with self.program.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self.program.environment},
                # Its own session, so that Ctrl-C reaches us alone and we end things in order.
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
            self.starts += 1
            self.is_ready = False
            if self._ending:  # stop() was called during the start, and found nothing, or the one that had died, to end
                await _end(self._process)
            probing = asyncio.create_task(self._probe())
            await self._read(self._process, log)
            await self._process.wait()
            self.is_ready = False
            probing.cancel()

    async def _read(self, process: asyncio.subprocess.Process, log: BinaryIO) -> None:
        while process.stdout is not None and (line := await process.stdout.readline()):
            log.write(line)
            log.flush()
            if line.strip() == READY.encode():
                self._works()

    async def _probe(self) -> None:
        if self.program.port is None:
            return
        while not await answers(self.program.port):  # noqa: ASYNC110 - another process has no event of ours to set
            await asyncio.sleep(0.05)
        self._works()

    def _works(self) -> None:
        self.is_ready = True
        self._up.set()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Asks a program to end, then ends it."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), GENTLE)
    except TimeoutError:
        process.kill()


async def answers(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def port_in_use(port: int) -> bool:
    """Whether a port of this machine is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def _end_with_parent() -> None:
    """On Linux the program is ended with us even when we are killed, so that nothing is left behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
