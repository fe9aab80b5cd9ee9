"""The Assignment workflow: offers a delivery to others, in turn or several at once, until somebody takes it or nobody is left.

Handlers only take note; the run loop acts. Room is reserved before anybody is asked, and filled or given back after; whatever
fails in between is taken back. There are MOST_CANDIDATES offers at the most and MOST_ANSWERS answers, about a thousand events of
history, so that it never has to continue as new.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.assign import Assigning
    from activities.tell_dispatch import Dispatching
    from domain.actions import ActionResult, Outcome
    from domain.assignment import Candidate, Committed, Found, Offered, OfferRequest, OfferState, TakenBack
    from domain.instant import Span
    from domain.replanning import PlanVersion
    from rules.evaluate import Wake
    from workflows.assignment_doors import AssignmentDoors
    from workflows.assignment_input import read_request
    from workflows.attributes import SCOPE
    from workflows.contract import ANSWER, ASSIGNMENT
    from workflows.events import wire_event
    from workflows.offer_details import details_of
    from workflows.offers import Offer, event_of, nobody
    from workflows.reports import REPORT
    from workflows.timer import KeptTimer, now
    from workflows.words import short

ONE_TRY = timedelta(seconds=15)
SHORTLY = timedelta(minutes=2)
"""How long an offer, or the news that it is taken back, is tried: the next candidate waits meanwhile."""

UNTIL_DONE = timedelta(hours=24)
"""How long what must not stay unknown is tried: whether the delivery is somebody's already."""

CANCELLED = "it was cancelled in Temporal"

TRIES = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=30))


@workflow.defn(name=ASSIGNMENT)
class Assignment(AssignmentDoors):
    """One delivery that somebody else is to take over."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = KeptTimer()
        self._new: tuple[PlanVersion, ...] = ()
        self._is_ending = False

    @workflow.run
    async def run(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        """Offers, moves the delivery to who takes it, tells the delivery what came of it."""
        try:
            self._request = read_request(request)
        except ApplicationError:
            self._is_ready = True
            await workflow.wait_condition(workflow.all_handlers_finished)
            raise
        workflow.upsert_search_attributes([SCOPE.value_set(f"delivery:{self._asked.request.delivery_id}")])
        self._show()
        await self._end(await self._came())
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._told()

    # The loop

    async def _came(self) -> ActionResult:
        try:
            return await self._offered_to_all()
        except asyncio.CancelledError:
            self._withdrawn = CANCELLED
        return ActionResult(Outcome.NO_HELP, CANCELLED)

    async def _offered_to_all(self) -> ActionResult:
        found = await self._call(Assigning.candidates, self._asked, SHORTLY, "looks who could take it")
        self._is_ready = True
        if not isinstance(found, Found):
            return ActionResult(Outcome.FAILED, f"nobody could be looked for: {found}")
        queue = deque(found.candidates)
        while self._is_wanted:
            await self._take_answers()
            await self._expire()
            if queue and len(self._open) < self._at_once and self._is_wanted:
                await self._offer(queue.popleft())
            elif self._open and self._is_wanted:
                await self._something_happens()
            elif self._is_wanted:
                return nobody(self._offers.values(), found.reason)
        if self._result is None and not self._withdrawn:
            raise asyncio.CancelledError
        return self._result or ActionResult(Outcome.NO_HELP, f"withdrawn: {self._withdrawn}")

    @property
    def _is_wanted(self) -> bool:
        return not self._withdrawn and self._result is None and not self._is_cancelled

    @property
    def _is_cancelled(self) -> bool:
        """The SDK raises nothing if it comes while a signal is on its way: the signal's end is waited for, and the cancelling lost."""
        return workflow.cancellation_reason() is not None and workflow.patched("assignment-hears-cancelling")

    @property
    def _open(self) -> list[Offer]:
        return [offer for offer in self._offers.values() if offer.state.is_open]

    @property
    def _at_once(self) -> int:
        return max(1, int(self._asked.request.args.get("at_once") or 1))

    @property
    def _within(self) -> Span:
        return int(self._asked.request.args.get("accept_within") or 0)

    async def _something_happens(self) -> None:
        first = min(self._open, key=lambda offer: offer.until)
        self._timer.set(Wake(first.until, f"{first.candidate.who} is to answer"), self._asked.request.destination.timezone)
        await workflow.wait_condition(lambda: bool(self._inbox or self._withdrawn) or self._timer.rang)
        self._timer.heard()

    async def _take_answers(self) -> None:
        """Deals with the answers that came, until somebody has it."""
        while self._inbox and self._is_wanted:
            said = self._inbox.popleft()
            offer = self._offers[said.candidate]
            if not offer.state.is_open:  # it was taken back while the answer was on its way
                self._resolve(said)
                continue
            by = f"by {said.by}" + (f": {said.note}" if said.note else "")
            if said.accept:
                offer = replace(offer, tracking_number=said.tracking_number or offer.tracking_number, note=by)
                await self._commit(offer)
            else:
                await self._close(offer, OfferState.DECLINED, by, tell=False)
            self._resolve(said)

    async def _expire(self) -> None:
        for offer in self._open:
            if now() >= offer.until and offer.candidate.id not in self._pending:
                await self._close(offer, OfferState.UNANSWERED, "")

    # One offer

    async def _offer(self, candidate: Candidate) -> None:
        """Makes an offer, and moves the delivery there if they have it at once."""
        offer = self._put(Offer(candidate, OfferState.OFFERING, now(), now() + self._within, told=candidate.asked))
        made = await self._call(Assigning.offer, self._about(offer), SHORTLY, f"offers it to {candidate.who}")
        if not isinstance(made, Offered):
            made = Offered(OfferState.FAILED, str(made))
        if made.state is OfferState.FAILED:
            await self._close(offer, OfferState.FAILED, made.note)
            return
        offer = offer.now(OfferState.OFFERED, now(), made.note)  # who is told late has their time to answer all the same
        offer = self._put(replace(offer, until=now() + self._within, tracking_number=made.tracking_number))
        await self._report(offer)
        if made.state is OfferState.DECLINED:
            await self._close(offer, OfferState.DECLINED, made.note, tell=False)
        elif made.state is OfferState.ACCEPTED:
            await self._commit(offer)

    async def _commit(self, offer: Offer) -> None:
        """Moves the delivery there; if that fails the offer is taken back."""
        came = await self._call(Assigning.commit, self._about(offer), SHORTLY, f"gives it to {offer.candidate.who}")
        if isinstance(came, Committed) and came.done:
            self._taken(offer, came)
            return
        note = came.note if isinstance(came, Committed) else str(came)
        await self._close(offer, OfferState.WITHDRAWN, note, patience=UNTIL_DONE)

    def _taken(self, offer: Offer, came: Committed) -> None:
        self._new = came.new
        self._result = ActionResult(Outcome.DONE, came.note, came.events)
        self._put(offer.now(OfferState.ACCEPTED, now(), offer.note))

    async def _close(
        self, offer: Offer, state: OfferState, note: str, *, tell: bool = True, patience: timedelta = SHORTLY
    ) -> None:
        """Gives the room back, and tells who was asked. If it turns out that they have it already, they keep it."""
        about = replace(self._about(offer), because=note, tell=tell and offer.told and state is not OfferState.FAILED)
        back = await self._call(Assigning.withdraw, about, patience, f"takes the offer back from {offer.candidate.who}")
        if isinstance(back, TakenBack) and back.committed:
            came = await self._call(
                Assigning.commit, self._about(offer), UNTIL_DONE, f"makes sure that {offer.candidate.who} has it"
            )
            if isinstance(came, Committed) and came.done:
                self._taken(offer, came)
                return
        await self._report(self._put(offer.now(state, now(), note)))

    def _about(self, offer: Offer) -> OfferRequest:
        return OfferRequest(self._asked, offer.candidate, offer.until, tracking_number=offer.tracking_number)

    def _put(self, offer: Offer) -> Offer:
        self._offers[offer.candidate.id] = offer
        self._show()
        return offer

    # The end

    async def _end(self, result: ActionResult) -> None:
        """Tells the delivery, then everybody who still waits; also if it is cancelled meanwhile: the delivery would wait for good."""
        self._is_ready = self._is_ending = True
        if result.outcome is not Outcome.DONE:
            await self._close_all(self._withdrawn)
            result = self._result or result
        self._result = result
        await self._tell_delivery(result)
        await self._close_all("somebody else has it" if result.outcome is Outcome.DONE else self._withdrawn)
        while self._pending:
            self._resolve(next(iter(self._pending.values())))
        self._show()
        for version in self._new:
            await self._call(Dispatching.tell_dispatch, version, SHORTLY, f"tells dispatch of the new plan of {version.route_id}")

    async def _close_all(self, note: str) -> None:
        for offer in self._open:
            await self._close(offer, OfferState.WITHDRAWN, note)

    async def _tell_delivery(self, result: ActionResult) -> None:
        request = self._asked.request
        if self._asked.to is not None:
            await self._signal(REPORT, {"events": [wire_event(event) for event in result.events]})
            return
        told = {"incident_id": request.incident_id, "key": request.key, "outcome": result.outcome.value, "note": result.note}
        await self._signal(ANSWER, {**told, "events": [wire_event(event) for event in result.events]})

    async def _report(self, offer: Offer) -> None:
        event = event_of(self._asked, offer)
        if event is not None:
            await self._signal(REPORT, {"events": [wire_event(event)]})

    async def _signal(self, name: str, payload: dict[str, Any]) -> None:
        """A delivery that has ended needs nobody else any more."""
        try:
            await workflow.get_external_workflow_handle(self._asked.answer_to).signal(name, payload)
        except FailureError:
            self._withdrawn = self._withdrawn or "the delivery has ended"
        except asyncio.CancelledError:  # the SDK raises it only of a signal that has arrived
            if not self._ends_all_the_same:
                raise

    def _show(self) -> None:
        workflow.set_current_details(details_of(self._asked, tuple(self._offers.values()), self._result))

    async def _call(self, activity: Callable[..., Any], argument: Any, within: timedelta, summary: str) -> Any:
        """What an activity answers, or why it failed for good. Raises CancelledError, but not while the assignment ends."""
        handle = workflow.start_activity_method(
            activity,
            argument,
            start_to_close_timeout=ONE_TRY,
            schedule_to_close_timeout=within,
            retry_policy=TRIES,
            summary=short(summary),
        )
        try:
            return await (self._answer_at_the_end(handle) if self._is_ending else handle)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise asyncio.CancelledError from None
            return str(error.cause or error)

    async def _answer_at_the_end(self, handle: "asyncio.Task[Any]") -> Any:
        try:
            return await asyncio.shield(handle)
        except asyncio.CancelledError:
            if not self._ends_all_the_same:
                handle.cancel()
                await handle
                raise
        return await handle

    @property
    def _ends_all_the_same(self) -> bool:
        """Though it is cancelled. One that was cancelled by a version that did not know better ended there."""
        return (
            self._is_ending
            and workflow.cancellation_reason() is not None
            and workflow.patched("assignment-ends-though-cancelled")
        )
