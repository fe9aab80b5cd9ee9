"""What an Assignment answers: updates that say who takes a delivery, the signal that withdraws it, the query. Handlers only take note."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from domain.actions import ActionResult
    from domain.assignment import AssignmentRequest, OfferState
    from domain.instant import iso
    from workflows.assignment_input import read_reason
    from workflows.contract import WITHDRAW, OfferAnswerIn, read_payload, refusal
    from workflows.offers import Offer, offers_shown
    from workflows.state import Rejections
    from workflows.timer import now

MOST_ANSWERS = 200
"""Answers that are looked at; more are refused without a trace in history."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that is waited with."""

    candidate: str
    accept: bool
    by: str
    note: str
    tracking_number: str | None
    done: "asyncio.Future[None]"


class AssignmentDoors:
    """The handlers of the workflow, apart from its run."""

    def __init__(self) -> None:
        self._request: AssignmentRequest | None = None
        self._offers: dict[str, Offer] = {}
        self._inbox: deque[Said] = deque()
        self._pending: dict[str, Said] = {}
        self._heard = 0
        self._withdrawn = ""
        self._is_ready = False
        self._result: ActionResult | None = None
        self._rejected = Rejections()

    @property
    def _asked(self) -> AssignmentRequest:
        if self._request is None:
            raise refusal("InvalidInput", "the request could not be read")
        return self._request

    @workflow.update(description="an answer to an offer: {driver_id | carrier, accept, by, note?, tracking_number?}")
    async def answer(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        said = read_payload(OfferAnswerIn, request)
        self._heard += 1
        await workflow.wait_condition(lambda: self._is_ready)
        offer = self._offers.get(said.candidate)
        if offer is None:
            asked = ", ".join(self._offers) or "nobody yet"
            raise refusal("NotFound", f"nothing was offered to {said.candidate}; offered to: {asked}")
        if not offer.state.is_open:
            return self._repeated(offer, said.accept)
        waiting = self._pending.get(said.candidate)
        if waiting is not None and waiting.accept is not said.accept:
            raise refusal("Conflict", f"another answer of {said.candidate} is being dealt with; ask again")
        if waiting is None:
            waiting = Said(said.candidate, said.accept, said.by, said.note, said.tracking_number, asyncio.Future())
            self._pending[said.candidate] = waiting
            self._inbox.append(waiting)
        await asyncio.shield(waiting.done)
        return self._answered(self._offers[said.candidate])

    @answer.validator
    def _check_answer(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(OfferAnswerIn, request)
        if self._heard >= MOST_ANSWERS:
            raise refusal("Conflict", f"{MOST_ANSWERS} answers were heard already; this assignment hears no more")

    @workflow.signal(dynamic=True, description="withdraw: {reason?}: nobody is to take it over any more")
    def any_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Takes note that it is no longer wanted; anything else says nothing here, and is counted in the snapshot."""
        if name == WITHDRAW:
            self._withdrawn = self._withdrawn or read_reason(args)
        else:
            self._rejected = self._rejected.and_one(f"{iso(now())} unknown signal {name[:40]!r}; there is {WITHDRAW}")

    @workflow.query(description="who was offered the delivery, how each offer stands, and what could not be used")
    def snapshot(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        rejected = {"count": self._rejected.count, "last": list(self._rejected.last)}
        return {"as_of": iso(now()), **self._told(), "rejected": rejected}

    def _resolve(self, said: Said) -> None:
        """Lets the one who answered know."""
        self._pending.pop(said.candidate, None)
        offer = self._offers[said.candidate]
        expected = OfferState.ACCEPTED if said.accept else OfferState.DECLINED
        if said.done.done():
            return
        if offer.state is expected:
            said.done.set_result(None)
        else:
            said.done.set_exception(refusal("Conflict", self._why_not(offer)))

    def _repeated(self, offer: Offer, accept: bool) -> dict[str, Any]:
        """The same answer again changes nothing; another one comes too late."""
        if offer.state is (OfferState.ACCEPTED if accept else OfferState.DECLINED):
            return self._answered(offer) | {"repeated": True}
        raise refusal("Conflict", self._why_not(offer))

    def _why_not(self, offer: Offer) -> str:
        return f"this offer is over since {iso(offer.at)}: {offer.words}"

    def _answered(self, offer: Offer) -> dict[str, Any]:
        return {"ok": True, "state": offer.state.value, "as_of": iso(now()), "repeated": False}

    def _told(self) -> dict[str, Any]:
        request, result = self._asked.request, self._result
        return {
            "delivery_id": request.delivery_id,
            "incident_id": request.incident_id,
            "number": self._asked.number,
            "outcome": result.outcome.value if result else None,
            "note": result.note if result else "",
            "offers": offers_shown(tuple(self._offers.values())),
        }
