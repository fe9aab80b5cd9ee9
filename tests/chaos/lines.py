"""Lines between the parts: TCP proxies whose connections can be cut in the middle of whatever they carry."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

CHUNK = 64 * 1024


@dataclass
class Line:
    """From somebody to a port of this machine. `port` is where it begins; `cuts` counts the connections that were cut."""

    name: str
    to: int
    port: int = 0
    cuts: int = 0
    is_shut: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def cut(self) -> None:
        """Resets every connection."""
        self.cuts += len(self._open) // 2
        for writer in self._open:
            writer.transport.abort()

    async def shut(self, seconds: float) -> None:
        """Cuts, and takes no new connection for a while."""
        self.is_shut = True
        self.cut()
        await asyncio.sleep(seconds)
        self.is_shut = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one connection both ways until one side ends it."""
        if self.is_shut:
            writer.transport.abort()
            return
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, there}
        self._open |= both
        try:
            await asyncio.gather(_pumped(reader, there), _pumped(there_reader, writer))
        finally:
            self._open -= both
            for one in both:
                one.close()


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()


def _taking(line: Line) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(line.carry(reader, writer))
        line._tasks.add(task)
        task.add_done_callback(line._tasks.discard)

    return take


@contextlib.asynccontextmanager
async def a_line(name: str, to: int) -> AsyncIterator[Line]:
    """A line to a port, as long as the block runs."""
    line = Line(name, to)
    server = await asyncio.start_server(_taking(line), "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        line.cut()
        await asyncio.gather(*line._tasks, return_exceptions=True)
