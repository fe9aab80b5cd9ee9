"""Sending until it is taken: what every sender of worth does while somebody is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from httpx import AsyncClient, HTTPError, Response
from temporalio.service import RPCError, RPCStatusCode

from cli.demo.player import AWAY
from workflows.client import UnreachableError

PAUSE_S = 0.2
GIVES_UP_S = 180.0
ANSWER_S = 30.0

Result = TypeVar("Result")


class UnansweredError(TimeoutError):
    """Nobody took it, however often it was sent."""


async def until_taken(send: Callable[[], Awaitable[Result]], what: str) -> Result:
    """The answer. Raises UnansweredError."""
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
                await asyncio.sleep(PAUSE_S)
    except TimeoutError:
        raise UnansweredError(f"{what} was not taken within {GIVES_UP_S:.0f} s") from None


async def until_answered(client: AsyncClient, method: str, path: str, **more: Any) -> Response:
    """What the gateway answers, once it does: connections that break and 503 are tried again. Raises UnansweredError."""
    try:
        async with asyncio.timeout(GIVES_UP_S):
            while True:
                try:
                    answer = await client.request(method, path, **more)
                except HTTPError:
                    pass
                else:
                    if answer.status_code != 503:
                        return answer
                await asyncio.sleep(PAUSE_S)
    except TimeoutError:
        raise UnansweredError(f"{method} {path} was not answered within {GIVES_UP_S:.0f} s") from None
