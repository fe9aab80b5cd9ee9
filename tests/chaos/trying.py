"""Sending until it is taken: what every sender of worth does while somebody is away."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from httpx import AsyncClient, HTTPError, Response
from temporalio.service import RPCError, RPCStatusCode

from cli.demo.player import AWAY
from workflows.client import UnreachableError

PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
"""Between two tries: twice as long each time, so that those who wait do not keep away what they wait for."""

GIVES_UP_S = 600.0
"""Temporal may give the task of a worker that died to another one only after minutes; then it is taken all the same."""
ANSWER_S = 30.0

Result = TypeVar("Result")


def _pauses() -> Iterator[float]:
    pause_s = PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


class UnansweredError(TimeoutError):
    """Nobody took it, however often it was sent."""


async def until_taken(send: Callable[[], Awaitable[Result]], what: str) -> Result:
    """The answer. Raises UnansweredError."""
    pauses = _pauses()
    try:
        async with asyncio.timeout(GIVES_UP_S):
            while True:
                try:
                    async with asyncio.timeout(ANSWER_S):
                        return await send()
                except UnreachableError:
                    pass
                except TimeoutError:
                    pass
                except RPCError as error:
                    if error.status not in (*AWAY, RPCStatusCode.RESOURCE_EXHAUSTED):
                        raise
                await asyncio.sleep(next(pauses))
    except TimeoutError:
        raise UnansweredError(f"{what} was not taken within {GIVES_UP_S:.0f} s") from None


async def until_answered(client: AsyncClient, method: str, path: str, **more: Any) -> Response:
    """What the gateway answers, once it does: connections that break, 503 and 429 are tried again. Raises UnansweredError."""
    pauses = _pauses()
    try:
        async with asyncio.timeout(GIVES_UP_S):
            while True:
                try:
                    answer = await client.request(method, path, **more)
                except HTTPError:
                    pass
                else:
                    if answer.status_code not in (429, 503):
                        return answer
                await asyncio.sleep(next(pauses))
    except TimeoutError:
        raise UnansweredError(f"{method} {path} was not answered within {GIVES_UP_S:.0f} s") from None
