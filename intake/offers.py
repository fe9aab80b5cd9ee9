"""What those answer who were offered a delivery: `POST /v1/assignments/{assignment_id}/answer`, signed, one JSON object.

A carrier signs with the secret of the endpoint under its `requests`, the dispatch system, which speaks for drivers, with that of the
endpoint `dispatch`; other programs bear a key of DOORSTEP_API_KEYS. The same call again is the same answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from domain.instant import Instant
from intake.keys import Keys
from intake.problems import AGAIN, RefusedRequestError, body_of, problem
from intake.signatures import standard
from intake.updates import STATUSES
from workflows.client import RefusedError, UnreachableError, problems_of

LONGEST = 16 * 1024
"""Bytes of an answer."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]

Secrets = Callable[[str | None], str | None]
"""The secret with which a carrier, or for None the dispatch system, signs; None if there is none."""


class Answer(BaseModel):
    """Whether a driver or a carrier takes a delivery over, and who says so."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    driver_id: Name | None = None
    carrier: Name | None = None
    accept: bool
    by: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    note: Annotated[str, Field(max_length=200)] = ""
    tracking_number: Annotated[str, Field(min_length=1, max_length=64)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Answer":
        if (self.driver_id is None) is (self.carrier is None):
            raise ValueError("say who answers: driver_id or carrier, one of them")
        return self

    def asked(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True) | {"by": self.by or self.driver_id or self.carrier}


class Offering(Protocol):
    """Takes answers to offers."""

    async def answer_offer(self, assignment_id: str, said: Mapping[str, Any], update_id: str | None = None) -> dict[str, Any]: ...


class OfferDoor:
    """The door for answers."""

    def __init__(
        self, keys: Keys, secrets: Secrets, deliveries: Callable[[], Awaitable[Offering]], clock: Callable[[], Instant]
    ) -> None:
        self._keys = keys
        self._secrets = secrets
        self._deliveries = deliveries
        self._clock = clock

    async def answered(self, request: Request, assignment_id: str) -> Response:
        """Takes one answer: 200 says how the offer now stands, 409 that it came too late."""
        try:
            body = await body_of(request, LONGEST)
            answer = _read(body)
            call_id = self._verified(request.headers, body, answer)
            return JSONResponse(await self._passed_on(assignment_id, answer, call_id))
        except RefusedRequestError as refused:
            return problem(refused)

    def _verified(self, headers: Mapping[str, str], body: bytes, answer: Answer) -> str | None:
        """The id of a signed call; None for one that bears a key."""
        if headers.get("authorization"):
            self._keys.check(headers)
            return None
        secret = self._secrets(answer.carrier)
        call_id = standard(secret, headers, body, self._clock()) if secret else None
        if call_id is None:
            said = "the signature is missing, wrong or older than five minutes; sign with the secret of your endpoint"
            raise RefusedRequestError(HTTPStatus.UNAUTHORIZED, said)
        return f"offer-{call_id}"

    async def _passed_on(self, assignment_id: str, answer: Answer, call_id: str | None) -> dict[str, Any]:
        try:
            return await (await self._deliveries()).answer_offer(assignment_id, answer.asked(), call_id)
        except RefusedError as refused:
            raise RefusedRequestError(STATUSES.get(refused.type, HTTPStatus.CONFLICT), str(refused), refused.problems) from None
        except LookupError as error:
            raise RefusedRequestError(HTTPStatus.NOT_FOUND, str(error)) from None
        except UnreachableError:
            said = "the assignment cannot be reached now; send it again"
            raise RefusedRequestError(HTTPStatus.SERVICE_UNAVAILABLE, said, headers=AGAIN) from None


def _read(body: bytes) -> Answer:
    try:
        return Answer.model_validate_json(body)
    except ValidationError as error:
        raise RefusedRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "the answer cannot be read", problems_of(error)) from None
