"""What one client may ask of the gateway in a second; who asks more is told to wait (429). In memory, for each gateway by itself."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.instant import SECOND, Instant
from intake.problems import RefusedRequestError, problem

BURST_S = 10
"""So many seconds' worth may come at once, after quiet."""

PAGES_A_SECOND = 20
"""For pages that people open by a link; a person with a script that guesses links is no faster."""

REMEMBERED = 10_000
"""Clients; beyond, the one that was quiet for longest is forgotten."""

MACHINES = ("/v1/", "/codec/")
FREE = ("/healthz", "/readyz", "/metrics", "/static/")


@dataclass(slots=True)
class _Bucket:
    left: float
    at: Instant


class Limits:
    """Counts requests by client."""

    def __init__(self, a_second: int, clock: Callable[[], Instant]) -> None:
        """`a_second` is for programs; 0: nobody is told to wait."""
        self._a_second = a_second
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, bool], _Bucket] = OrderedDict()

    def allows(self, client: str, path: str) -> bool:
        """Whether a request may be looked at; it counts."""
        if not self._a_second or path.startswith(FREE):
            return True
        machine = path.startswith(MACHINES)
        return self._takes((client, machine), self._a_second if machine else min(PAGES_A_SECOND, self._a_second))

    def _takes(self, whose: tuple[str, bool], a_second: int) -> bool:
        now, full = self._clock(), a_second * BURST_S
        bucket = self._buckets.setdefault(whose, _Bucket(full, now))
        self._buckets.move_to_end(whose)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        bucket.left = min(full, bucket.left + max(0, now - bucket.at) * a_second / SECOND)
        bucket.at = now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}
"""On every answer that does not say otherwise itself."""

HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


class Shield:
    """Stands before every door: limits, and the headers by which browsers are careful."""

    def __init__(self, app: ASGIApp, limits: Limits, https: bool) -> None:
        """`https`: people reach the gateway by https alone, which browsers are told."""
        self._app = app
        self._limits = limits
        self._headers = {
            name.lower().encode(): value.encode() for name, value in (HEADERS | (HTTPS_ONLY if https else {})).items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message.get("headers", ())}
                more = [(name, value) for name, value in self._headers.items() if name not in said]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        client = scope.get("client")
        if self._limits.allows(client[0] if client else "", scope["path"]):
            return await self._app(scope, receive, sending)
        return await too_many()(scope, receive, sending)


def too_many() -> Response:
    """The answer to who asks too often."""
    said = "too many requests from one client; send it again a little later"
    return problem(RefusedRequestError(HTTPStatus.TOO_MANY_REQUESTS, said, headers={"Retry-After": "1"}))
