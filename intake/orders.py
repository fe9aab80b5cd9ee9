"""Orders over HTTP, for order systems that cannot speak to Temporal or have no key of its payloads.

`POST /v1/deliveries`, 202: the order is committed. Its delivery begins at once, or, while Temporal is away, as soon as it is back;
the order sent again joins the delivery that it began. `GET /v1/deliveries/{delivery_id}` is its snapshot.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Protocol
from uuid import uuid4

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from domain.arrival import START, Arrival
from domain.instant import Instant
from intake.keys import Keys
from intake.problems import AGAIN, RefusedRequestError, body_of, not_kept, problem
from intake.taking import Taken, Taking
from intake.updates import call_of, key_of, object_of
from store.errors import StoreError
from workflows.client import RefusedError, UnreachableError, check_order

LONGEST = 256 * 1024
"""Bytes of an order."""

SOURCE = "orders"


class Asking(Protocol):
    """Deliveries that can be asked."""

    async def query(self, delivery_id: str, query: str) -> dict[str, Any]: ...


class OrderDoor:
    """Takes orders, and says how their deliveries stand."""

    def __init__(
        self, keys: Keys, taking: Taking, deliveries: Callable[[], Awaitable[Asking]], clock: Callable[[], Instant]
    ) -> None:
        self._keys = keys
        self._taking = taking
        self._deliveries = deliveries
        self._clock = clock

    async def ordered(self, request: Request) -> Response:
        """One order. The same `Idempotency-Key` with the same order is the same call."""
        try:
            self._keys.check(request.headers)
            order = object_of(await body_of(request, LONGEST))
            check_order(order)
            taken = await self._taken(order, key_of(request) or uuid4().hex)
        except RefusedRequestError as refused:
            return problem(refused)
        except RefusedError as wrong:
            return problem(RefusedRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, str(wrong), wrong.problems))
        except StoreError:
            return not_kept("the order")
        return _answer(order["delivery_id"], taken)

    async def asked(self, request: Request, delivery_id: str) -> Response:
        """The snapshot of a delivery."""
        try:
            self._keys.check(request.headers)
            return JSONResponse(await (await self._deliveries()).query(delivery_id, "snapshot"))
        except RefusedRequestError as refused:
            return problem(refused)
        except LookupError as error:
            return problem(RefusedRequestError(HTTPStatus.NOT_FOUND, str(error)))
        except UnreachableError:
            said = "the delivery cannot be reached now; ask again"
            return problem(RefusedRequestError(HTTPStatus.SERVICE_UNAVAILABLE, said, headers=AGAIN))

    async def _taken(self, order: Mapping[str, Any], message_id: str) -> Taken:
        """Another order under a key that was used is another message: none is lost. Raises StoreError."""
        arrival = Arrival(order["delivery_id"], {}, START, order)
        return await self._taking.take(SOURCE, call_of(message_id, order), [arrival], self._clock())


def _answer(delivery_id: str, taken: Taken) -> Response:
    if taken.note:
        return problem(RefusedRequestError(HTTPStatus.CONFLICT, taken.note))
    state = "started" if taken.is_handed_on else "kept"
    return JSONResponse({"delivery_id": delivery_id, "state": state}, HTTPStatus.ACCEPTED)
