"""Lets boards see how far a delivery has come between two copies, beside its history: no command, no activity, no waiting."""

from collections.abc import Callable
from typing import TypeAlias

from temporalio import workflow
from temporalio.worker import Interceptor, WorkflowInterceptorClassInput

from domain.copy import DeliveryCopy
from domain.glimpse import Glimpse
from domain.instant import Instant
from domain.status import Status
from workflows.state import State

NOTE = "doorstep_note_glimpse"

Note: TypeAlias = Callable[[Glimpse], None]
"""Takes note in the worker's memory; must neither wait nor raise, since a workflow task calls it."""

Seen: TypeAlias = tuple[Status, Instant | None, int]
"""Status, ETA, attempts."""


class Glimpsing(Interceptor):
    """Belongs into workers that have boards. Without it, as in a replayer, boards see what copies say."""

    def __init__(self, note: Note) -> None:
        self._note = note

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> None:
        input.unsafe_extern_functions[NOTE] = self._note


class Sight:
    """What boards know of one delivery. A replay shows nothing, and forgets what was shown: the first look after it shows again,
    since the worker that had the delivery before may have ended before it did."""

    def __init__(self) -> None:
        self._known: Seen | None = None
        self._note: Note | None = workflow.extern_functions().get(NOTE)

    def copied(self, copy: DeliveryCopy) -> None:
        """A copy has been written, which says all of it."""
        self._known = (copy.status, copy.eta, copy.attempts)

    def show(self, state: State) -> None:
        """Only while no copy is being written: a copy that comes late would put an older status back."""
        facts = state.watch.delivery.facts
        seen = (facts.status, facts.eta, facts.attempts)
        if seen == self._known or not state.events_seen or workflow.unsafe.is_replaying():
            return
        self._known = seen
        if self._note is not None:
            self._note(_glimpse_of(state))


def _glimpse_of(state: State) -> Glimpse:
    watch = state.watch
    facts = watch.delivery.facts
    return Glimpse(
        delivery_id=watch.delivery.order.delivery_id,
        generation=watch.generation,
        revision=state.revision,
        events_seen=state.events_seen,
        status=facts.status,
        eta=facts.eta,
        attempts=facts.attempts,
    )
