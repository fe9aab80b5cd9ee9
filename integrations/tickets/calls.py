"""Calls to a desk's API, in JSON. What failed is judged in one place (integrations.judging), and is an error until a desk answers."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from domain.instant import SECOND, Instant, Span
from domain.sending import Unsent
from integrations.judging import Provider, of_answer, of_failure, retry_after
from integrations.outgoing import host_of, outgoing

KEPT = "the ticket is kept and tried again"

ONE_CALL: Span = 5 * SECOND

ALL_CALLS: Span = 12 * SECOND
"""All that one write to a desk may take: shorter than one try of an activity, so that none goes on when the next begins."""

LONGEST_ANSWER = 4 * 1024 * 1024
"""Bytes: a page of a hundred long comments."""

T = TypeVar("T")


class NotTakenError(Exception):
    """A desk did not say that it took a call. `status` is that of its answer, 0 if there was none; `said` its JSON object."""

    def __init__(self, unsent: Unsent, status: int = 0, said: Mapping[str, Any] | None = None) -> None:
        super().__init__(unsent.reason)
        self.unsent = unsent
        self.status = status
        self.said = said or {}


def marker(key: str) -> str:
    """What marks the text that an effect wrote, so that it is found again."""
    return f"[doorstep {hashlib.sha256(key.encode()).hexdigest()[:16]}]"


def marked(text: str, key: str) -> str:
    """A text that names its effect in its last line."""
    return f"{text}\n\n{marker(key)}"


class Api:
    """One desk's API. `headers` go with every call: they hold the credentials, which appear in no reason and no log."""

    def __init__(self, provider: Provider, url: str, headers: Mapping[str, str], clock: Callable[[], Instant]) -> None:
        self._provider = provider
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "doorstep", **headers}
        self._clock = clock
        self._session: ClientSession | None = None
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def written(self, about: str, in_doubt: bool, work: Callable[[], Awaitable[T]]) -> T | Unsent:
        """What some work answers, or why it was not done. Of the works about one incident one is done at a time: a desk whose
        tickets have no unique id would else have two. A doubt stays until a desk has answered all that it was asked."""
        turn = self._turns.setdefault(about, asyncio.Lock())
        try:
            async with asyncio.timeout(ALL_CALLS / 1000), turn:
                return await work()
        except NotTakenError as error:
            return replace(error.unsent, in_doubt=error.unsent.in_doubt or in_doubt)
        except TimeoutError as error:
            return of_failure(self._provider, error)

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON that is answered. Raises NotTakenError."""
        try:
            with outgoing(f"ticket desk {method}", host_of(self._url)):
                async with self._open().request(
                    method, self._url + path, params=params, json=body, headers=headers, allow_redirects=False
                ) as response:
                    return await self._answer(response)
        except (ClientError, OSError) as error:  # TimeoutError is an OSError
            raise NotTakenError(of_failure(self._provider, error)) from None

    async def close(self) -> None:
        """Closes the connections; a later call opens them again."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _answer(self, response: ClientResponse) -> Any:
        said = _json(await response.content.read(LONGEST_ANSWER))
        if response.status < 300:
            return said
        unsent = of_answer(self._provider, response.status, retry_after(response.headers, self._clock()))
        if response.status == 409:  # two wrote at once; nothing was done
            unsent = Unsent(f"{self._provider.name} was written to by another at once (409); {KEPT}", retry=True, after=SECOND)
        raise NotTakenError(unsent, response.status, said if isinstance(said, dict) else None)

    def _open(self) -> ClientSession:
        """Made at first use: it belongs to the running loop. Proxies of the environment are not used."""
        if self._session is None:
            self._session = ClientSession(headers=self._headers, timeout=ClientTimeout(total=ONE_CALL / 1000))
        return self._session


async def first_found(
    find: Callable[[str], Awaitable[dict[str, Any] | None]], external_ids: Iterable[str]
) -> dict[str, Any] | None:
    """The first ticket that there is of some incidents."""
    for external_id in external_ids:
        if ticket := await find(external_id):
            return ticket
    return None


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
