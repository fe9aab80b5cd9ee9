"""What people do at a desk reaches the workflow: `POST /v1/tickets/{desk}`, signed, one JSON object a change.

A ticket taken up acknowledges its incident, a ticket solved resolves it. 202 means that the delivery has taken it, or will
never take it (the incident has ended already); 503 means: send it again.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, Protocol

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.instant import Instant
from intake.problems import AGAIN, RefusedRequestError, body_of, problem
from intake.signatures import Verify, standard, zendesk
from workflows.client import RefusedError, UnreachableError, problems_of

LONGEST = 64 * 1024
"""Bytes of a change."""


INVALID = "InvalidInput"

Wish = Literal["acknowledge", "handled", "false_alarm"]
"""What a change at a desk means for the incident: somebody has seen it, or how it is resolved."""

ZENDESK: Mapping[str, Wish] = {
    "open": "acknowledge",
    "pending": "acknowledge",
    "hold": "acknowledge",
    "solved": "handled",
    "closed": "handled",
}
REQUEST_TRACKER: Mapping[str, Wish] = {
    "open": "acknowledge",
    "stalled": "acknowledge",
    "resolved": "handled",
    "rejected": "false_alarm",
}
ANY_DESK: Mapping[str, Wish] = {"acknowledged": "acknowledge", "solved": "handled", "false_alarm": "false_alarm"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a desk speaks: how it signs, and what its statuses mean; those not named mean nothing to us."""

    verify: Verify
    means: Mapping[str, Wish]


DIALECTS: Mapping[str, Dialect] = {
    "zendesk": Dialect(zendesk, ZENDESK),
    "rt": Dialect(standard, REQUEST_TRACKER),
    "webhook": Dialect(standard, ANY_DESK),
}


class Change(BaseModel):
    """One change of a ticket. `by` did it; `account` is that person's login, by which our own changes are known."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    external_id: str = Field(min_length=1, max_length=300)
    status: str = Field(min_length=1, max_length=50)
    by: str = Field(min_length=1, max_length=200)
    account: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=2_000)


class Deciding(Protocol):
    """Executes updates on deliveries."""

    async def ask(
        self, delivery_id: str, update: str, request: Mapping[str, Any], update_id: str | None = None
    ) -> dict[str, Any]: ...


class TicketDoor:
    """The door of one desk. `us` is the account with which we write there: what we did ourselves is no news."""

    def __init__(
        self, desk: str, secret: str, us: str, deliveries: Callable[[], Awaitable[Deciding]], clock: Callable[[], Instant]
    ) -> None:
        self.desk = desk
        self._dialect = DIALECTS[desk]
        self._secret = secret
        self._us = us.lower()
        self._deliveries = deliveries
        self._clock = clock

    async def changed(self, request: Request) -> Response:
        """Takes one change."""
        try:
            return JSONResponse(await self._taken(request), HTTPStatus.ACCEPTED)
        except RefusedRequestError as refused:
            return problem(refused)

    async def _taken(self, request: Request) -> dict[str, Any]:
        body = await body_of(request, LONGEST)
        call_id = self._verified(request.headers, body)
        change = _read(body)
        wish = self._dialect.means.get(change.status.lower())
        if self._us and self._us in (change.account.lower(), change.by.lower()):
            return {"taken": False, "because": "it was our own change"}
        if wish is None:
            return {"taken": False, "because": "this status means nothing to an incident"}
        return await self._passed_on(change, wish, f"{self.desk}-{call_id}")

    def _verified(self, headers: Mapping[str, str], body: bytes) -> str:
        """The id of the call."""
        if not self._secret:
            raise RefusedRequestError(HTTPStatus.UNAUTHORIZED, "no secret is set for this door; see docs/tickets.md")
        call_id = self._dialect.verify(self._secret, headers, body, self._clock())
        if call_id is None:
            raise RefusedRequestError(HTTPStatus.UNAUTHORIZED, "the signature is missing, wrong or older than five minutes")
        return call_id

    async def _passed_on(self, change: Change, wish: Wish, call_id: str) -> dict[str, Any]:
        """The same call again is the same update, which Temporal does once."""
        delivery_id, update, asked = change.external_id.partition(":")[0], *_update_of(change, wish)
        try:
            await (await self._deliveries()).ask(delivery_id, update, asked, call_id)
        except RefusedError as refused:
            if refused.type == INVALID:
                raise RefusedRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, str(refused), refused.problems) from None
            return {"taken": False, "because": str(refused)}
        except LookupError as error:
            return {"taken": False, "because": str(error)}
        except UnreachableError:
            said = "the delivery cannot be reached now; send it again"
            raise RefusedRequestError(HTTPStatus.SERVICE_UNAVAILABLE, said, headers=AGAIN) from None
        return {"taken": True, "update": update}


def _read(body: bytes) -> Change:
    try:
        return Change.model_validate_json(body)
    except ValidationError as error:
        raise RefusedRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "the change cannot be read", problems_of(error)) from None


def _update_of(change: Change, wish: Wish) -> tuple[str, dict[str, str]]:
    about = {"incident_id": change.external_id, "by": change.by}
    if wish == "acknowledge":
        return "acknowledge", about
    return "resolve", about | {"resolution": wish, "note": change.note}
