"""Withdraws the links of a delivery: `DELETE /v1/deliveries/{delivery_id}/links`, with a bearer key."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from fastapi import Request
from fastapi.responses import Response

from domain.instant import Instant
from intake.keys import Keys
from intake.problems import AGAIN, RefusedRequestError, problem
from store.errors import StoreError


class Revocations(Protocol):
    """Keeps what was withdrawn."""

    async def revoke(self, delivery_id: str, *, now: Instant) -> None: ...


class RevokingDoor:
    """Makes the tracking links of a delivery that were sent until now void; those of later messages are good."""

    def __init__(self, keys: Keys, revocations: Revocations, clock: Callable[[], Instant]) -> None:
        self._keys = keys
        self._revocations = revocations
        self._clock = clock

    async def revoke(self, request: Request, delivery_id: str) -> Response:
        """204: they are void."""
        try:
            self._keys.check(request.headers)
            await self._revocations.revoke(delivery_id, now=self._clock())
        except RefusedRequestError as refused:
            return problem(refused)
        except StoreError:
            said = "the database does not answer; send it again"
            return problem(RefusedRequestError(HTTPStatus.SERVICE_UNAVAILABLE, said, headers=AGAIN))
        return Response(status_code=HTTPStatus.NO_CONTENT)
