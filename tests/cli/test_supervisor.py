"""Programs that are kept running: they start again, and end when they are told."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from cli import supervisor
from cli.supervisor import Program, Running, StartError

DIES_AT_ONCE = [sys.executable, "-c", "print('ready', flush=True)"]
SPAWN = asyncio.create_subprocess_exec


class Told:
    """What was told, and when there is so much of it."""

    def __init__(self, wanted: int) -> None:
        self.lines: list[str] = []
        self.enough = asyncio.Event()
        self._wanted = wanted

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if len(self.lines) == self._wanted:
            self.enough.set()


async def test_a_program_that_dies_is_told_of_and_started_again_until_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PAUSE", 0)
    told = Told(wanted=2)
    one = Running(Program("it", DIES_AT_ONCE, tmp_path / "it.log"), told)

    async with asyncio.timeout(30):
        await one.start(within=20)
        await told.enough.wait()
        await one.stop()

    assert one.starts >= 2
    assert told.lines[0] == "it ended (exit code 0); starting it again"


async def test_a_program_can_be_stopped_while_it_is_being_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping found only the process that had died, and then waited for ever for the one that came up."""
    died = tmp_path / "died"
    lives_on = f"import pathlib, time; died = pathlib.Path({str(died)!r}); again = died.exists(); died.touch()"
    command = [sys.executable, "-c", f"{lives_on}\nprint('ready', flush=True)\nif again: time.sleep(600)"]
    one = Running(Program("it", command, tmp_path / "it.log"), lambda line: None)
    stopping: list[asyncio.Task[None]] = []
    stopped = asyncio.Event()

    async def spawn(*arguments: Any, **options: Any) -> Any:
        process = await SPAWN(*arguments, **options)
        if one.starts == 1:
            stopping.append(asyncio.create_task(one.stop()))
            await asyncio.sleep(0)  # stop() runs before anybody knows of the new process
            stopped.set()
        return process

    monkeypatch.setattr(supervisor, "PAUSE", 0)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", spawn)

    async with asyncio.timeout(10):
        await one.start(within=20)
        await stopped.wait()
        await stopping[0]

    assert one.starts == 2


async def test_a_program_that_ends_instead_of_coming_up_is_told_with_its_last_words(tmp_path: Path) -> None:
    """It was said not to have come up in time, and why stood in the log only."""
    command = [sys.executable, "-c", "import sys; sys.exit('a key has fewer than 16 characters')"]
    one = Running(Program("it", command, tmp_path / "it.log"), lambda line: None)

    with pytest.raises(StartError, match=r"^it ended at once \(exit code 1\): a key has fewer than 16 characters; its log is "):
        await one.start(within=20)
