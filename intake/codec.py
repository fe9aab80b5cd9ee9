"""The codec server: the Temporal UI and CLI read sealed payloads through it. `POST /codec/decode` and `/codec/encode`, as Temporal's
remote codecs speak: `{"payloads": [...]}` in and out, protobuf's JSON.

Who asks bears the token: `Authorization: Bearer TOKEN`, or, from a UI without sign-in, which sends no header, in the path:
`/codec/TOKEN/decode`.
"""

import hmac
from collections.abc import Callable, Collection
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import Response
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from temporalio.api.common.v1 import Payload, Payloads

from intake.keys import CHALLENGE
from intake.problems import RefusedRequestError, body_of, problem

LONGEST = 16 * 1024 * 1024
"""Bytes of a request: a page of a history, in base64."""

ASKED_WITH = "Authorization, Authorization-Extras, Content-Type, X-Namespace"

Change = Callable[[Payload], Payload]


class CodecDoor:
    """Opens and seals for who bears the token. Pages of `origins` may ask from a browser."""

    def __init__(self, token: str, origins: Collection[str], seal: Change, open: Change) -> None:
        self._token = token
        self._origins = origins
        self._changes = {"encode": seal, "decode": open}

    async def change(self, request: Request, way: str, token: str | None = None) -> Response:
        """The payloads, each opened or sealed; what is not sealed, or cannot be opened, comes back as it was."""
        try:
            self._check(request.headers.get("authorization", "") if token is None else f"Bearer {token}")
            if way not in self._changes:
                raise RefusedRequestError(HTTPStatus.NOT_FOUND, "there are /codec/decode and /codec/encode")
            changed = [self._changes[way](payload) for payload in _payloads(await body_of(request, LONGEST)).payloads]
            answer = Response(MessageToJson(Payloads(payloads=changed), indent=None), media_type="application/json")
        except RefusedRequestError as refused:
            answer = problem(refused)
        answer.headers.update(self._for_pages(request))
        return answer

    async def preflight(self, request: Request) -> Response:
        """Whether a page of another origin may ask."""
        headers = self._for_pages(request)
        if "Access-Control-Allow-Origin" not in headers:
            return Response(status_code=HTTPStatus.FORBIDDEN, headers=headers)
        asked = {
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": ASKED_WITH,
            "Access-Control-Max-Age": "600",
        }
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={**headers, **asked})

    def _check(self, authorization: str) -> None:
        scheme, _, given = authorization.partition(" ")
        if not hmac.compare_digest(self._token.encode(), given.strip().encode()) or scheme.lower() != "bearer":
            raise RefusedRequestError(
                HTTPStatus.UNAUTHORIZED, "send Authorization: Bearer TOKEN with DOORSTEP_CODEC_TOKEN", headers=CHALLENGE
            )

    def _for_pages(self, request: Request) -> dict[str, str]:
        """The headers by which a browser lets a page see the answer."""
        headers = {"Vary": "Origin", "Cache-Control": "no-store"}
        if (origin := request.headers.get("origin")) in self._origins:
            headers |= {"Access-Control-Allow-Origin": str(origin), "Access-Control-Allow-Credentials": "true"}
        return headers


def _payloads(body: bytes) -> Payloads:
    try:
        return Parse(body, Payloads(), ignore_unknown_fields=True)
    except (ParseError, ValueError, RecursionError):
        said = 'send {"payloads": [...]} with each payload as protobuf writes it in JSON: metadata and data in base64'
        raise RefusedRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, said) from None
