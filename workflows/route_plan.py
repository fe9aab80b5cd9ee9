"""What a route's workflow is sent, and everything that it must remember: one value that goes through continue-as-new whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, TypeAdapter, ValidationError
from temporalio.common import RawValue

from domain.actions import OF_THE_ROUTE
from domain.instant import Instant, instant, iso
from domain.replanning import Answered, PlannedStop, Replanned, Wanted
from workflows.contract import invalid_input, problem, problems_of, read_payload
from workflows.scalars import Day, Name, Timezone, When, Wire
from workflows.state import Rejections

KEPT_ANSWERS = 100
"""The latest answers that a snapshot shows."""

MOST_WAITING = 1_000
"""Requests of one route that wait at once; more are counted as rejected, and their deliveries go on when their time is over."""


class RoutePlanIn(Wire):
    """The start of a route's workflow: `{route_id, service_date, timezone, ends_at}`. The plan itself is in the store.

    Without `ends_at` the service day ends at midnight of the timezone.
    """

    schema_version: Literal[1] = 1
    route_id: Name
    service_date: Day
    timezone: Timezone = "UTC"
    ends_at: When | None = None

    @property
    def end(self) -> Instant:
        if self.ends_at is not None:
            return instant(self.ends_at)
        return instant(datetime.combine(self.service_date + timedelta(days=1), time(), ZoneInfo(self.timezone)))


@dataclass(frozen=True, slots=True)
class RouteState:
    """A route's day so far. `waiting` is what was asked and not answered yet, `told` the ETA that each delivery was told last,
    `dispatch` what came of telling the dispatch system of the latest plan, `stops`
    the rest of the plan as it was when it was last looked at (version 0: not yet)."""

    route_id: str
    service_date: str
    timezone: str
    ends_at: Instant
    waiting: tuple[Wanted, ...] = ()
    told: Mapping[str, Instant] = field(default_factory=dict)
    version: int = 0
    stops: tuple[PlannedStop, ...] = ()
    solved: int = 0
    answers: tuple[tuple[Instant, Answered], ...] = ()
    rejections: Rejections = field(default_factory=Rejections)
    dispatch: str = ""

    def asked(self, wanted: Wanted) -> "RouteState":
        """The same with one more request; the same key again is the same request, unless another delivery asks for its group now."""
        if any(_is_same(one, wanted) for one in self.waiting):
            return self
        return replace(self, waiting=(*self.waiting, wanted))

    def rejecting(self, reason: str, at: Instant) -> "RouteState":
        return replace(self, rejections=self.rejections.and_one(f"{iso(at)} {reason}"))

    def answered(self, served: tuple[Wanted, ...], came: Replanned, at: Instant) -> "RouteState":
        """The same after some requests were answered."""
        keys = {one.request.key for one in served}
        answers = (*self.answers, *((at, answer) for answer in came.answers))
        return replace(
            self,
            waiting=tuple(one for one in self.waiting if one.request.key not in keys),
            told={**self.told, **came.told},
            version=came.version,
            stops=came.stops,
            solved=self.solved + 1,
            answers=answers[-KEPT_ANSWERS:],
        )


def _is_same(one: Wanted, other: Wanted) -> bool:
    return (one.request.key, one.request.delivery_id) == (other.request.key, other.request.delivery_id)


_STATE: TypeAdapter[RouteState] = TypeAdapter(RouteState)
_WANTED: TypeAdapter[Wanted] = TypeAdapter(Wanted)
STATE_KEY = "doorstep_route"


def packed(state: RouteState) -> dict[str, Any]:
    """The state as JSON for the next run."""
    return {STATE_KEY: _STATE.dump_python(state, mode="json")}


def beginning(raw: RawValue | None, goes_on: bool = False) -> RouteState:
    """The state of the run before, if it `goes_on`, or that of a new day; raises ApplicationError "InvalidInput"."""
    if goes_on and isinstance(raw, RawValue) and raw.payload.data.startswith(f'{{"{STATE_KEY}":'.encode()):
        return _STATE.validate_json(json.dumps(json.loads(raw.payload.data)[STATE_KEY]))
    if raw is not None and not isinstance(raw, RawValue):
        raise invalid_input([problem("", "several arguments were sent; send one JSON object", "arguments")])
    plan = read_payload(RoutePlanIn, raw)
    return RouteState(plan.route_id, plan.service_date.isoformat(), plan.timezone, plan.end)


def wire_wanted(wanted: Wanted) -> Any:
    """A request as the JSON object that the signal `replan` takes."""
    return _WANTED.dump_python(wanted, mode="json")


def read_wanted(raw: RawValue) -> Wanted:
    """The request of one signal; raises ApplicationError "InvalidInput"."""
    try:
        wanted = _WANTED.validate_json(raw.payload.data)
    except ValidationError as error:
        raise invalid_input(problems_of(error)) from None
    if wanted.action not in OF_THE_ROUTE:
        raise invalid_input([problem("action", f"a route can be asked for {', '.join(sorted(OF_THE_ROUTE))}", "enum")])
    return wanted


class ChangedIn(Wire):
    """What the signal `changed` takes: the version that somebody else made."""

    version: int = Field(ge=1)


def read_changed(raw: RawValue) -> int:
    """The version of one signal; raises ApplicationError "InvalidInput"."""
    return read_payload(ChangedIn, raw).version


def snapshot_of(state: RouteState, as_of: Instant) -> dict[str, Any]:
    """What the query `snapshot` answers."""
    return {
        "as_of": iso(as_of),
        "route_id": state.route_id,
        "service_date": state.service_date,
        "ends_at": iso(state.ends_at),
        "waiting": [{"delivery_id": one.request.delivery_id, "action": one.action} for one in state.waiting],
        "solved": state.solved,
        "answers": [_answer(at, answer) for at, answer in state.answers],
        "version": state.version,
        "dispatch": state.dispatch or None,
        "rejected": {"count": state.rejections.count, "last": list(state.rejections.last)},
    }


def _answer(at: Instant, answer: Answered) -> dict[str, Any]:
    return {
        "at": iso(at),
        "delivery_id": answer.delivery_id,
        "action": answer.action,
        "outcome": answer.outcome.value,
        "note": answer.note,
    }


def plan_of(state: RouteState, as_of: Instant) -> dict[str, Any]:
    """What the query `plan` answers: what remains of the plan, as it was when it was last looked at."""
    stops = [{"delivery_id": stop.delivery_id, "eta": iso(stop.eta), "fixed": stop.is_fixed} for stop in state.stops]
    about = {"route_id": state.route_id, "service_date": state.service_date}
    return {"as_of": iso(as_of), **about, "version": state.version, "stops": stops}
