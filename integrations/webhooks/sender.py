"""Posts to the endpoints of directory.yaml, and to no others. Every call is signed, and has the same id on every try."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from domain.endpoint import Endpoint, Taken
from domain.instant import SECOND, Instant, Span
from domain.sending import Unsent
from integrations.judging import BETWEEN_LOGINS, Provider, of_answer, of_failure, retry_after
from integrations.outgoing import host_of, outgoing, trace_headers
from integrations.webhooks.signature import call_id, signed_headers

LONGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read."""

KEPT = "the call is kept and tried again"

Secrets = Callable[[str], str | None]
"""The value of a secret by its name; None if it is not set."""


class Webhooks:
    """Signed calls. `timeout` is the longest that one may take."""

    def __init__(
        self, endpoints: Mapping[str, Endpoint], secrets: Secrets, clock: Callable[[], Instant], timeout: Span = 5 * SECOND
    ) -> None:
        self._endpoints = endpoints
        self._secrets = secrets
        self._clock = clock
        self._timeout = timeout
        self._session: ClientSession | None = None

    def knows(self, endpoint: str) -> bool:
        return endpoint in self._endpoints

    async def post(self, endpoint: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent:
        """Tells an endpoint. What the effect `key` tells twice has the same id, by which the other side knows it."""
        row, provider = self._endpoints.get(endpoint), self._provider(endpoint)
        if row is None:
            return Unsent(f"{provider.name} is not known; add it to endpoints in directory.yaml", retry=False)
        data = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        headers = self._headers(row, key, data)
        if isinstance(headers, str):
            return Unsent(f"{provider.name}: {headers}; {KEPT}", retry=True, after=BETWEEN_LOGINS)
        try:
            async with asyncio.timeout(self._timeout / 1000):
                with outgoing("webhook POST", host_of(row.url)):
                    return await self._sent(row.url, data, {**headers, **trace_headers()}, provider, call_id(key))
        except (ClientError, OSError) as error:
            return of_failure(provider, error)

    async def close(self) -> None:
        """Closes the connections; a later call opens them again."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> "Webhooks":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def _provider(self, endpoint: str) -> Provider:
        row = self._endpoints.get(endpoint)
        address = f"url of {endpoint} under endpoints in directory.yaml"
        return Provider(f"endpoint {endpoint}", row.secret if row else "", KEPT, frozenset({401, 403}), address)

    def _headers(self, row: Endpoint, key: str, data: bytes) -> dict[str, str] | str:
        """The headers of a call, or why it cannot be signed. Nothing is sent unsigned."""
        secret = self._secrets(row.secret)
        if not secret:
            return f"its secret is not set; set {row.secret}, or {row.secret}_FILE to a file that holds it"
        try:
            signed = signed_headers(secret, call_id(key), self._clock(), data)
        except ValueError as error:
            return f"its secret {row.secret} cannot be used: {error}"
        return {**signed, "Idempotency-Key": key, "Content-Type": "application/json", "User-Agent": "doorstep"}

    async def _sent(
        self, url: str, data: bytes, headers: Mapping[str, str], provider: Provider, reference: str
    ) -> Taken | Unsent:
        # Redirects are not followed: they would lead to a host that nobody configured.
        async with self._open().post(url, data=data, headers=headers, allow_redirects=False) as response:
            if response.status >= 300:
                return of_answer(provider, response.status, retry_after(response.headers, self._clock()))
            return Taken(reference, await _answer(response))

    def _open(self) -> ClientSession:
        """Made at first use: it belongs to the running loop. Cookies are not kept, proxies of the environment not used."""
        if self._session is None:
            self._session = ClientSession(timeout=ClientTimeout(total=self._timeout / 1000))
        return self._session


async def _answer(response: ClientResponse) -> Mapping[str, Any]:
    """The JSON object that came back; an empty one if it is none."""
    data = await response.content.read(LONGEST_ANSWER)
    try:
        answer = json.loads(data)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
