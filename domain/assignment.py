"""Fallback assignment: who could take a delivery over, what each was offered, and how that stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from domain.actions import ActionRequest
from domain.event import Event
from domain.instant import Instant
from domain.replanning import PlanVersion
from domain.status import AssignmentState

MOST_CANDIDATES = 20
"""So many are offered a delivery at the most; who is not among the best twenty is no help either."""

Taker = Literal["driver", "carrier"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could take a delivery over: a driver with a route on a service date, or a carrier.

    `asked`: there is a way to ask and to answer; who has none is told, not asked. `note` says in words what it would cost.
    """

    kind: Taker
    who: str
    carrier: str
    asked: bool = False
    note: str = ""
    route_id: str | None = None
    service_date: str | None = None
    load: int = 1
    eta: Instant | None = None

    @property
    def id(self) -> str:
        """`driver:V7`, `carrier:zipvan`; the last part of an offer's effect key."""
        return f"{self.kind}:{self.who}"

    @property
    def driver_id(self) -> str | None:
        return self.who if self.kind == "driver" else None


@dataclass(frozen=True, slots=True)
class AssignmentRequest:
    """What an Assignment is started with: the action that asks for it, and the workflow that waits for what comes of it.

    `to`: the one that a person named; then nobody else is considered.
    """

    request: ActionRequest
    number: int
    answer_to: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The candidates, the best first, and why nobody else is among them."""

    candidates: tuple[Candidate, ...] = ()
    reason: str = ""


class OfferState(StrEnum):
    """How an offer stands. `taken` and `failed` are of those who were not asked: told at once, or not to be reached."""

    OFFERING = "offering"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNANSWERED = "unanswered"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        return self in (OfferState.OFFERING, OfferState.OFFERED)


@dataclass(frozen=True, slots=True)
class OfferRequest:
    """An offer to make, good until an instant; or one to take back, `because` of something."""

    asked: AssignmentRequest
    candidate: Candidate
    until: Instant | None = None
    because: str = ""
    tracking_number: str | None = None
    tell: bool = True

    @property
    def key(self) -> str:
        """The effect key of everything about this candidate."""
        return f"{self.asked.request.key}/{self.candidate.id}"


@dataclass(frozen=True, slots=True)
class Offered:
    """What came of making an offer: `state` is offered, or what was answered at once; failed if there was no room or no way."""

    state: OfferState
    note: str = ""
    tracking_number: str | None = None


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What came of taking an offer back; `committed`: too late, the delivery is theirs already."""

    committed: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Committed:
    """Whether the delivery is now theirs, in words, what it learns from that, and the plans of which dispatch is to be told."""

    done: bool
    note: str = ""
    events: tuple[Event, ...] = ()
    new: tuple[PlanVersion, ...] = ()


def told_of(candidate: Candidate, state: AssignmentState, note: str = "") -> Mapping[str, str]:
    """The detail of an `assignment` event."""
    told = {"state": state.value, "driver_id": candidate.driver_id, "carrier": candidate.carrier, "route_id": candidate.route_id}
    return {name: value for name, value in {**told, "note": note or None}.items() if value is not None}
