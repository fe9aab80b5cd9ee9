"""What people decide through other programs: `POST /v1/deliveries/{delivery_id}/{update}`, one JSON object, with a bearer key.

The update is executed at once: 200 is its answer. The same update with the same body under the same `Idempotency-Key` is the same call,
which is done once; another update or another body under a used key is another call.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from intake.keys import Keys
from intake.problems import AGAIN, RefusedRequestError, body_of, problem
from intake.tickets import Deciding
from workflows.client import UPDATES, RefusedError, UnreachableError

LONGEST = 64 * 1024
"""Bytes of an update."""

STATUSES: Mapping[str, HTTPStatus] = {
    "InvalidInput": HTTPStatus.UNPROCESSABLE_ENTITY,
    "NotFound": HTTPStatus.NOT_FOUND,
    "UnknownRulebook": HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""A delivery's refusal -> the HTTP status; what is not listed is a conflict with what the delivery is."""

KEY = re.compile(r"[\x21-\x7e]{1,100}")
"""An Idempotency-Key."""


class UpdateDoor:
    """Executes updates on deliveries."""

    def __init__(self, keys: Keys, deliveries: Callable[[], Awaitable[Deciding]]) -> None:
        self._keys = keys
        self._deliveries = deliveries

    async def update(self, request: Request, delivery_id: str, update: str) -> Response:
        """An update by its name."""
        return await self._answered(request, delivery_id, update, {})

    async def decide(self, request: Request, delivery_id: str, proposal_id: str) -> Response:
        """`decide` for one proposal, which stands in the path."""
        return await self._answered(request, delivery_id, "decide", {"proposal_id": proposal_id})

    async def _answered(self, request: Request, delivery_id: str, update: str, more: Mapping[str, str]) -> Response:
        try:
            self._keys.check(request.headers)
            if update not in UPDATES:
                raise RefusedRequestError(HTTPStatus.NOT_FOUND, f"there is no such update; there are {', '.join(UPDATES)}")
            asked = {**object_of(await body_of(request, LONGEST)), **more}
            key = key_of(request)
            return JSONResponse(await self._asked(delivery_id, update, asked, key and call_of(f"{key}-{update}", asked)))
        except RefusedRequestError as refused:
            return problem(refused)

    async def _asked(self, delivery_id: str, update: str, asked: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        try:
            return await (await self._deliveries()).ask(delivery_id, update, asked, key)
        except RefusedError as refused:
            raise RefusedRequestError(STATUSES.get(refused.type, HTTPStatus.CONFLICT), str(refused), refused.problems) from None
        except LookupError as error:
            raise RefusedRequestError(HTTPStatus.NOT_FOUND, str(error)) from None
        except UnreachableError:
            said = "the delivery cannot be reached now; send it again"
            raise RefusedRequestError(HTTPStatus.SERVICE_UNAVAILABLE, said, headers=AGAIN) from None


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object that was sent. Raises RefusedRequestError."""
    try:
        found = json.loads(body)
        json.dumps(found, ensure_ascii=False).encode()  # half of a pair of surrogates is no character, and cannot be passed on
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RefusedRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "send one JSON object")
    return found


def key_of(request: Request) -> str | None:
    """What names the call; None: each call is another one. Raises RefusedRequestError."""
    given = request.headers.get("idempotency-key")
    if given is not None and not KEY.fullmatch(given):
        raise RefusedRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "an Idempotency-Key has up to 100 visible ASCII characters")
    return f"api-{given}" if given else None


def call_of(key: str, body: Mapping[str, Any]) -> str:
    """What names a call to whom it is handed on: another body under a used key is another call, so that none is lost."""
    return f"{key}-{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()}"
