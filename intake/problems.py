"""Refusals as problem details (RFC 9457), and bodies that are read up to a limit."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from intake.counting import BECAUSE

IN_OUR_WORDS = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
"""Refusals whose detail is the same whatever was sent, so that it may be logged."""


class RefusedRequestError(Exception):
    """What a door does not take: the HTTP status, why, and what is wrong with which field. It never quotes what was sent."""

    def __init__(
        self, status: HTTPStatus, detail: str, errors: Sequence[Mapping[str, Any]] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers


def problem(refused: RefusedRequestError) -> JSONResponse:
    """The answer to what is refused."""
    if refused.status in IN_OUR_WORDS and (because := BECAUSE.get()) is not None:
        because.append(refused.detail)
    content: dict[str, Any] = {"title": refused.status.phrase, "status": int(refused.status), "detail": refused.detail}
    if refused.errors:
        content["errors"] = list(refused.errors)
    headers = dict(refused.headers or {})
    return JSONResponse(content, int(refused.status), headers, media_type="application/problem+json")


AGAIN: Mapping[str, str] = {"Retry-After": "30"}
"""Seconds, for what cannot be done now."""


def not_kept(what: str) -> JSONResponse:
    """The answer while the database is away: nothing of it was taken."""
    said = f"{what} cannot be kept now; send it again"
    return problem(RefusedRequestError(HTTPStatus.SERVICE_UNAVAILABLE, said, headers=AGAIN))


async def body_of(request: Request, most: int, type: str = "application/json") -> bytes:
    """The body of a request of a media type. Raises RefusedRequestError for another type, or for more than `most` bytes."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != type:
        raise RefusedRequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {type}")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise RefusedRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"send at most {most} bytes")
    return bytes(body)
