"""The doors of a delivery: its signals, updates and queries. Handlers only take note, or look; the run loop acts.

Every update takes one raw payload and has a validator of the same signature: without them a wrong number of arguments, or
an error in a handler, would fail the workflow task for ever.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from domain.instant import Instant, instant, iso
    from rules.evaluate import Wake
    from rules.forecasting import to_come
    from rules.grace import last_openings
    from rules.reload import book_of
    from rules.why import why
    from workflows.asking_others import given_to
    from workflows.clock import wall_clock
    from workflows.commands import Ask, no_such_rule
    from workflows.contract import (
        LOOK_AGAIN,
        AcceptedIn,
        AcknowledgeIn,
        AdoptIn,
        AmendIn,
        CancelIn,
        ClaimIn,
        ConfirmAvailabilityIn,
        CorrectIn,
        DecideIn,
        ForecastIn,
        InstructIn,
        MuteIn,
        ReassignIn,
        RescheduleIn,
        ResolveIn,
        WhyIn,
        read_payload,
    )
    from workflows.history import history_of
    from workflows.in_hand import in_hand, questions_of
    from workflows.inbox import Asked, Called, Inbox, Reported
    from workflows.loading import ready
    from workflows.rulebooks import SHELF
    from workflows.snapshot import snapshot_of, timeline_of
    from workflows.state import State
    from workflows.timer import now
    from workflows.tracing import CAME_BY


class Doors:
    """What others may send to a delivery and ask of it; see docs/oms.md."""

    _inbox: Inbox
    _wake: Wake | None

    @property
    @abstractmethod
    def _alive(self) -> State:
        """The state; raises the refusal of an order that was not admitted."""

    @abstractmethod
    async def _admittance(self) -> None:
        """Waits until the order is admitted; raises why it is not."""

    @workflow.signal(
        dynamic=True,
        description='report: one DeliveryEvent, or {"events": [...]}; answer: what came of a request; adopt_rulebook: {version};'
        " look_again: nothing",
    )
    def any_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Takes note of whatever is sent; what cannot be read is counted in the snapshot."""
        self._inbox.append(Called() if name == LOOK_AGAIN else Reported(name, args, CAME_BY.get()))

    @workflow.update(description="acknowledges that the order is accepted, or fails with why it is not")
    async def accepted(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        """With update-with-start, an order system's synchronous answer."""
        await self._admittance()
        state = self._alive
        return {
            "delivery_id": state.watch.delivery.order.delivery_id,
            "generation": state.watch.generation,
            "rulebook": state.rulebook,
            "rulebook_version": state.watch.book,
            "order_sha256": state.order_sha256,
        }

    @accepted.validator
    def _check_accepted(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(AcceptedIn, request, default=b"{}")

    @workflow.update(description="changes fields of the order: {patch, by}")
    async def amend(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(AmendIn, request))

    @amend.validator
    def _check_amend(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(AmendIn, request)

    @workflow.update(description="moves the promise: {start, end, by}")
    async def reschedule(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(RescheduleIn, request))

    @reschedule.validator
    def _check_reschedule(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(RescheduleIn, request)

    @workflow.update(description="cancels the delivery: {reason, by}")
    async def cancel(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(CancelIn, request))

    @cancel.validator
    def _check_cancel(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(CancelIn, request)

    @workflow.update(description="whether the customer will be there: {available, by}")
    async def confirm_availability(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(ConfirmAvailabilityIn, request))

    @confirm_availability.validator
    def _check_confirm_availability(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(ConfirmAvailabilityIn, request)

    @workflow.update(description="what the driver is to know: {text, safe_place, by}")
    async def instruct(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(InstructIn, request))

    @instruct.validator
    def _check_instruct(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(InstructIn, request)

    @workflow.update(description="somebody has seen an incident: {incident_id, by}")
    async def acknowledge(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(AcknowledgeIn, request))

    @acknowledge.validator
    def _check_acknowledge(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(AcknowledgeIn, request)

    @workflow.update(description="somebody has an incident in hand: {incident_id, owner, by}")
    async def claim(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(ClaimIn, request))

    @claim.validator
    def _check_claim(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(ClaimIn, request)

    @workflow.update(description="settles an incident by hand: {incident_id, resolution: handled | false_alarm, note, by}")
    async def resolve(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(ResolveIn, request))

    @resolve.validator
    def _check_resolve(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(ResolveIn, request)

    @workflow.update(description="withdraws an event: {event_id, reason: did_not_occur | incorrect_data, by}")
    async def correct(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(CorrectIn, request))

    @correct.validator
    def _check_correct(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(CorrectIn, request)

    @workflow.update(description="another version of a rulebook watches from now on: {version}")
    async def adopt_rulebook(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._adopt(read_payload(AdoptIn, request))

    @adopt_rulebook.validator
    def _check_adopt_rulebook(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(AdoptIn, request)

    @workflow.update(description="a rule keeps its state and does nothing for a while: {rule, until, reason, by}")
    async def mute(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(MuteIn, request))

    @mute.validator
    def _check_mute(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(MuteIn, request)

    @workflow.update(description="a person's answer to what a rule proposes: {proposal_id, approve, by}")
    async def decide(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return await self._ask(read_payload(DecideIn, request))

    @decide.validator
    def _check_decide(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(DecideIn, request)

    @workflow.update(description="a person decides who takes it over: {driver_id | carrier, by}")
    async def reassign(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        command = read_payload(ReassignIn, request)
        answer = await self._ask(command)
        return answer | await given_to(self._alive.watch, command, now())

    @reassign.validator
    def _check_reassign(self, request: RawValue = None) -> None:  # type: ignore[assignment]
        read_payload(ReassignIn, request)

    async def _adopt(self, command: AdoptIn) -> dict[str, Any]:
        await self._admittance()
        loaded = await ready(command.version)
        return await self._ask(command, loaded.edition)

    async def _ask(self, command: Any, edition: int = 1) -> dict[str, Any]:
        await self._admittance()
        info = workflow.current_update_info()
        asked = Asked(Ask(command, now(), info.id if info else str(workflow.uuid4()), edition), asyncio.Future(), CAME_BY.get())
        self._inbox.append(asked)
        await asked.answer
        return {"ok": True, "as_of": iso(now())}

    @workflow.query(description="where the delivery stands, its incidents and what was done")
    def snapshot(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        as_of = self._as_of()
        told = snapshot_of(self._alive, self._wake, as_of)
        return told | {"questions": questions_of(self._alive.watch, SHELF.get, as_of)}

    @workflow.query(description="everything that happened and was done, in order, in words")
    def timeline(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return timeline_of(self._alive, self._as_of())

    @workflow.query(description="all that its life can be played again from: order, events, outcomes, decisions")
    def history(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        return history_of(self._alive, self._as_of())

    @workflow.query(description="why each rule is or is not open, and what it would take: {rule?, at?}")
    def why(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        wanted = read_payload(WhyIn, request, default=b"{}")
        at = instant(wanted.at) if wanted.at else self._as_of()
        watch = self._alive.watch
        book = book_of(watch, SHELF.get)
        self._refuse_unknown(wanted.rule, {*(rule.id for rule in book.rulebook.rules), *book.rulebook.names})
        ends = last_openings(book, watch.delivery, watch.final_since)
        told = why(book, watch.delivery, watch.cells, at, wanted.rule, watch.incidents, ends)
        answers = [rule | in_hand(watch, rule["rule"], at) for rule in told]
        return {"as_of": iso(at), "timezone": watch.delivery.order.destination.timezone, "rules": answers}

    @workflow.query(description="what is to come if nothing new is learnt and nobody does anything: {rule?}")
    def forecast(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        wanted = read_payload(ForecastIn, request, default=b"{}")
        watch = self._alive.watch
        self._refuse_unknown(wanted.rule, set(book_of(watch, SHELF.get).rulebook.names))
        told = to_come(watch, SHELF.get, self._as_of())
        return (told if wanted.rule is None else told.of(wanted.rule)).as_json()

    def _refuse_unknown(self, rule: str | None, known: set[str]) -> None:
        if rule is not None and rule not in known:
            raise no_such_rule(self._alive.rulebook, rule, known)

    def _as_of(self) -> Instant:
        """The later of workflow time and wall clock; for a delivery that has ended, its end."""
        ended = self._alive.ended_at
        return ended if ended is not None else max(now(), wall_clock())
