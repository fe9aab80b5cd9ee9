"""The Delivery workflow: one delivery from order to end, watched by its rulebook.

Handlers only take note; the run loop folds what was reported, evaluates once per batch, acts and keeps one timer.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.actions import ActionResult, Outcome
    from domain.copy import DeliveryCopy
    from domain.event import Event
    from domain.guards import Answer, LookOut
    from domain.instant import Instant, iso
    from rules.deeds import Deed
    from rules.evaluate import Wake
    from rules.expiry import expiry
    from rules.reaching import events_of
    from rules.results import with_outcome
    from rules.watch import Look, look
    from workflows.acting import Trouble, failed, first_tries, patient_tries
    from workflows.answers import answered
    from workflows.asking_others import no_longer_asked, others_asked
    from workflows.attributes import attributes_of, changed_attributes
    from workflows.beginning import beginning
    from workflows.commands import Ask, execute
    from workflows.contract import ANSWER, DELIVERY, CancelIn, refusal
    from workflows.copies import copy_of, fingerprint_of, result_of
    from workflows.details import details_of, refused_details
    from workflows.doors import Doors
    from workflows.glimpses import Sight
    from workflows.inbox import Asked, Called, Done, Inbox, Reported
    from workflows.lifetime import grace_ends_at, next_wake
    from workflows.outlook import AwayError, look_out, nobody_knows, until_back
    from workflows.reports import ADOPT, Unreadable, read_adoption, read_report
    from workflows.rulebooks import SHELF
    from workflows.state import State, packed
    from workflows.tally import Tally
    from workflows.timer import KeptTimer, now
    from workflows.tracing import CAME_BY, followed
    from workflows.writer import CopyWriter


@workflow.defn(name=DELIVERY)
class Delivery(Doors):
    """One delivery, from its order to its end."""

    def __init__(self) -> None:
        self._inbox: Inbox = deque()
        self._state: State | None = None
        self._refused: ApplicationError | None = None
        self._wake: Wake | None = None
        self._timer = KeptTimer()
        self._writer = CopyWriter(lambda: copy_of(self._alive, now()), self._written)
        self._sight = Sight()
        self._tally = Tally()
        self._is_shown = False
        self._running: set[asyncio.Task[None]] = set()
        self._asking: asyncio.Task[None] | None = None
        self._waiting: dict[str, tuple[Deed, asyncio.Task[ActionResult]]] = {}

    # The life of a delivery

    @workflow.run
    async def run(self, order: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        """Admits the order, watches over the delivery until it has ended, and says how it went."""
        try:
            self._state = await beginning(order, self._cancelled_by_temporal)
        except ApplicationError as error:
            self._refused = error
            workflow.set_current_details(refused_details(error.message))
            await workflow.wait_condition(workflow.all_handlers_finished)
            raise
        self._tally.begin(self._state)
        await self._live()
        while not await self._has_ended():
            await self._live()  # something came while the end was being written
        return result_of(self._alive)

    async def _live(self) -> None:
        with followed(self._inbox):
            await self._settle()
        while not self._is_over():
            await self._something_happened()
            with followed(self._inbox):
                await self._settle()
            if self._is_due_to_continue():
                workflow.continue_as_new(packed(self._alive, SHELF.edition))

    async def _has_ended(self) -> bool:
        """Writes the end, once the delivery is over. What comes while it is being written is still looked at."""
        if not self._is_over():
            return False
        self._state = replace(self._alive, ended_at=now())
        self._tell(now())
        await self._until(lambda: bool(self._inbox) or (self._writer.idle and workflow.all_handlers_finished()))
        if self._inbox:
            self._state = replace(self._alive, ended_at=None)
        return not self._inbox

    @property
    def _alive(self) -> State:
        if self._state is None:
            raise refusal("InvalidInput", "the order was not admitted")
        return self._state

    async def _something_happened(self) -> None:
        await self._until(lambda: bool(self._inbox) or self._timer.rang or self._is_over() or self._is_due_to_continue())
        self._timer.heard()

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Waits. Cancelling in the Temporal UI is a message like any other."""
        try:
            await workflow.wait_condition(holds)
        except asyncio.CancelledError:
            self._cancelled_by_temporal()

    async def _settle(self) -> None:
        """Takes everything that came; reports are gathered, and what a person decides sees what was reported before it."""
        events: list[Event] = []
        while self._inbox:
            item = self._inbox.popleft()
            if isinstance(item, Reported):
                events.extend(self._read(item))
            elif isinstance(item, Called):
                continue  # the look that follows is all that is asked
            elif isinstance(item, Done):
                self._state = replace(self._alive, watch=with_outcome(self._alive.watch, item.deed, item.result, now()))
                events.extend(events_of(item.deed, item.result, now()))
            else:
                await self._look(events)
                events = self._obey(item)
        await self._look(events)
        watch = self._alive.watch
        if expired := expiry(watch.delivery, SHELF.get(watch.book), now()):
            await self._look(expired)
        if not self._is_over():  # its end is written once, by _has_ended
            self._tell(now())

    def _read(self, report: Reported) -> tuple[Event, ...]:
        if report.name == ADOPT:
            self._run(self._adopt_unasked(report))
            return ()
        if report.name == ANSWER:
            self._state, learnt = answered(self._alive, report.args, now())
            return learnt
        found = read_report(report.name, report.args, now())
        if isinstance(found, Unreadable):
            self._state = replace(self._alive, rejections=self._alive.rejections.and_one(found.reason))
            return ()
        return found

    async def _adopt_unasked(self, report: Reported) -> None:
        """The signal `adopt_rulebook`: nobody waits for an answer, so a refusal counts as what could not be used."""
        try:
            await self._adopt(read_adoption(report.args))
        except ApplicationError as error:
            reason = f"{iso(now())} {ADOPT}: {error.message}"
            self._state = replace(self._alive, rejections=self._alive.rejections.and_one(reason))

    def _obey(self, asked: Asked) -> list[Event]:
        try:
            answer = execute(self._alive, asked.ask)
        except ApplicationError as error:
            asked.answer.set_exception(error)
            return []
        self._state = answer.state
        asked.answer.set_result(None)
        return list(answer.events)

    async def _look(self, events: Sequence[Event]) -> None:
        at = now()  # what falls due while something is looked up outside is still to come for the state that was looked at
        looked = await self._looked(events, at)
        state = self._alive
        self._state = replace(state, watch=looked.watch, events_seen=state.events_seen + looked.learnt)
        for stopping in no_longer_asked(state.watch, looked.watch):
            self._run(stopping)
        for deed in looked.deeds:
            self._run(self._do(deed))
        self._wake = next_wake(looked.wake, looked.watch, at)
        if self._wake is not None:
            self._timer.set(self._wake, state.watch.delivery.order.destination.timezone)
        self._give_up_messages_of_the_past()

    async def _looked(self, events: Sequence[Event], at: Instant) -> Look:
        """A look, after all that it asks has been looked up. Whatever comes meanwhile waits in the inbox."""
        state, answers = self._alive, tuple[Answer, ...]()
        book = SHELF.get(state.watch.book)
        while (looked := look(state.watch, book, events, at, state.edition, SHELF.get, answers)).asks:
            order = state.watch.delivery.order
            answers += await self._found_outside(LookOut(order.delivery_id, at, looked.asks, order.destination))
        return looked

    async def _found_outside(self, request: LookOut) -> tuple[Answer, ...]:
        """The answers; at once that nobody knows, while the store is known to be away."""
        if self._asking is not None and not self._asking.done():
            return nobody_knows(request)
        try:
            return await look_out(request)
        except AwayError:
            self._asking = asyncio.create_task(self._ask_again_once_back(request))
            return nobody_knows(request)
        except asyncio.CancelledError:
            self._cancelled_by_temporal()
        return await self._found_outside(request)

    async def _ask_again_once_back(self, request: LookOut) -> None:
        await until_back(request)
        self._inbox.append(Called())

    def _is_over(self) -> bool:
        ends_at = grace_ends_at(self._alive.watch)
        if ends_at is None or min(now(), self._alive.watch.looked_at) < ends_at:
            return False
        return not (self._running or self._inbox or self._alive.watch.has_put_off)

    # Acting

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Begins what has to have ended before the delivery goes on as new, or ends."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _do(self, deed: Deed) -> None:
        came = await others_asked(self._alive.watch, deed) or await first_tries(deed)
        if isinstance(came, Trouble) and came.lasting:
            came = failed(came)
        elif isinstance(came, Trouble):
            self._inbox.append(Done(deed, ActionResult(Outcome.STARTED, f"trying again: {came.message}"), CAME_BY.get()))
            came = await self._patiently(deed)
        self._inbox.append(Done(deed, came, CAME_BY.get()))

    async def _patiently(self, deed: Deed) -> ActionResult:
        self._waiting[deed.request.key] = (deed, asyncio.create_task(patient_tries(deed)))
        try:
            return await self._waiting[deed.request.key][1]
        finally:
            del self._waiting[deed.request.key]

    def _give_up_messages_of_the_past(self) -> None:
        """Nobody wants to hear of an incident that ended before the message could be sent."""
        for deed, task in self._waiting.values():
            incident = self._alive.watch.incident(deed.request.incident_id)
            if deed.is_of_open and incident is not None and not incident.is_open:
                task.cancel()

    # The copy in the store, the search attributes, the details

    def current_details(self) -> str:
        """For the Temporal UI, made when somebody looks (workflows.guard); nothing before the order is admitted."""
        return "" if self._state is None else details_of(self._state, self._wake, now())

    def _tell(self, at: Instant) -> None:
        """Writes what others see, if it changed; the fingerprint says what is worth a write."""
        self._tally.look_at(self._alive)
        fingerprint = fingerprint_of(self._alive, at)
        is_news = fingerprint != self._alive.written
        if is_news:
            self._state = replace(self._alive, written=fingerprint, revision=self._alive.revision + 1)
            self._writer.write()
        if is_news or not self._is_shown:
            self._is_shown = True
            changed = changed_attributes(workflow.info().typed_search_attributes, attributes_of(self._alive.watch, at))
            if changed:
                workflow.upsert_search_attributes(changed)
        if self._writer.idle:
            self._sight.show(self._alive)

    def _written(self, copy: DeliveryCopy) -> None:
        self._sight.copied(copy)
        self._sight.show(self._alive)

    def _may_continue_as_new(self) -> bool:
        busy = self._running or self._inbox or not self._writer.idle
        return self._state is not None and not busy and workflow.all_handlers_finished() and not self._is_over()

    def _is_due_to_continue(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() and self._may_continue_as_new()

    def _cancelled_by_temporal(self) -> None:
        """Cancelling in the Temporal UI equals `cancel {by: "temporal"}`."""
        asked = Asked(Ask(CancelIn(by="temporal"), now(), "cancelled-by-temporal"), asyncio.Future())
        asked.answer.add_done_callback(lambda answer: answer.exception())
        self._inbox.append(asked)

    # What the doors need

    async def _admittance(self) -> None:
        await workflow.wait_condition(lambda: self._state is not None or self._refused is not None)
        if self._refused is not None:
            raise self._refused
