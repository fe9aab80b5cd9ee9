"""The plan of a route for those who drive it: `GET /v1/routes/{route_id}/plan`, with a bearer key; `?service_date=` names the day."""

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Protocol

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from domain.instant import Instant, iso
from domain.plan_notice import plan_notice
from domain.route import RoutePlan
from intake.keys import Keys
from intake.problems import AGAIN, RefusedRequestError, problem
from store.errors import DatabaseUnreachableError


class Plans(Protocol):
    """The plans in the store."""

    async def of(self, route_id: str, service_date: str, now: Instant) -> RoutePlan | None: ...

    async def latest(self, route_id: str, now: Instant) -> RoutePlan | None:
        """The plan of the latest service date."""
        ...


class PlanDoor:
    """Answers with the version that is in force, which is also the ETag: who has it already gets 304."""

    def __init__(self, keys: Keys, plans: Plans, clock: Callable[[], Instant]) -> None:
        self._keys = keys
        self._plans = plans
        self._clock = clock

    async def plan(self, request: Request, route_id: str) -> Response:
        """The plan in force."""
        try:
            self._keys.check(request.headers)
            return self._answer(request, await self._found(route_id, request.query_params.get("service_date")))
        except RefusedRequestError as refused:
            return problem(refused)
        except DatabaseUnreachableError:
            said = "the database does not answer; ask again"
            return problem(RefusedRequestError(HTTPStatus.SERVICE_UNAVAILABLE, said, headers=AGAIN))

    async def _found(self, route_id: str, service_date: str | None) -> RoutePlan:
        now = self._clock()
        day = None if service_date is None else _day(service_date)
        plan = await (self._plans.latest(route_id, now) if day is None else self._plans.of(route_id, day, now))
        if plan is None:
            raise RefusedRequestError(HTTPStatus.NOT_FOUND, "there is no plan of such a route" + (" on that day" if day else ""))
        return plan

    def _answer(self, request: Request, plan: RoutePlan) -> Response:
        told = {"as_of": iso(self._clock()), **plan_notice(plan)}
        # A stop that is done changes no version, but what there is to see.
        seen = sum(stop["state"] == "done" for stop in told["stops"])
        tag = f'"{plan.service_date}-{plan.version}-{seen}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        return JSONResponse(told, headers={"ETag": tag})


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        errors = [{"loc": "service_date", "msg": "write a date such as 2026-11-23", "type": "date"}]
        raise RefusedRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "the service date cannot be read", errors) from None
