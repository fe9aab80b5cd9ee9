"""The worker's health over HTTP, for whoever starts it anew or counts it in: Kubernetes, a load balancer, a person with curl.

GET /healthz    200 while the process turns
GET /readyz     200 while it polls for tasks, else 503
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

PATIENCE_S = 5
"""Seconds that a caller may take to say what it wants."""

LONGEST_LINE = 1_024


@dataclass
class Probe:
    """What callers are told; `is_ready` is set by who works."""

    is_ready: bool = False

    def answer(self, path: str) -> tuple[str, str]:
        """Status line and text for a path."""
        if path == "/healthz":
            return "200 OK", "ok"
        if path == "/readyz":
            return ("200 OK", "ready") if self.is_ready else ("503 Service Unavailable", "not ready")
        return "404 Not Found", "there are /healthz and /readyz"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call, one answer."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                words = (await reader.readline()).split()
                while (await reader.readline()).strip():
                    pass
            path = words[1].decode("ascii", "replace") if len(words) > 1 else ""
            status, said = self.answer(path)
            head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(said)}\r\nConnection: close\r\n\r\n"
            writer.write((head + said).encode())
            await writer.drain()
        except (OSError, ValueError, TimeoutError):
            return  # a caller that went away or talks nonsense is no trouble of ours
        finally:
            writer.close()


@asynccontextmanager
async def probing(host: str, port: int | None) -> AsyncIterator[Probe]:
    """A probe that is served while inside; without a port it is not served. Raises OSError if the port is taken."""
    probe = Probe()
    if port is None:
        yield probe
        return
    async with await asyncio.start_server(probe.serve, host, port, limit=LONGEST_LINE):
        yield probe
