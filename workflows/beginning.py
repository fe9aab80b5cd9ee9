"""How a delivery begins: from what an earlier run packed, or from an order, once the store has admitted it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.admit import Admitting
    from domain.copy import Admission, AdmitRequest, Admittance
    from domain.delivery import delivery_of
    from rules.watch import Watch
    from workflows.contract import delivery_workflow_id, problem, read_payload, refusal
    from workflows.copies import copy_of, fingerprint_of, order_digest
    from workflows.orders import DeliveryOrder
    from workflows.starts import one_argument, refuse_other_id
    from workflows.state import State, unpacked
    from workflows.timer import now
    from workflows.writer import QUICKLY, UNTIL_DONE

ADMIT = "looks whether the id is new, and which rulebook watches over it"

Noting: TypeAlias = Callable[[], None]
"""Takes note that somebody cancels in the Temporal UI."""


async def beginning(order: RawValue, cancelled: Noting) -> State:
    """What a delivery begins with; raises ApplicationError, which says why it is not admitted."""
    one_argument(order, "DeliveryOrder")
    state = None
    if workflow.info().continued_run_id is not None and order is not None:
        state = unpacked(order.payload.data)
    return await _ordered(order, cancelled) if state is None else state


async def _ordered(order: RawValue, cancelled: Noting) -> State:
    sent = read_payload(DeliveryOrder, order)
    refuse_other_id(workflow.info().workflow_id, delivery_workflow_id(sent.delivery_id), "delivery_id")
    return await _admitted(_draft(sent, order.payload.data), sent.reopen, cancelled)


def _draft(sent: DeliveryOrder, payload: bytes) -> State:
    at = now()
    return State(
        order=sent.model_dump(mode="json", exclude_unset=True),
        order_sha256=order_digest(payload),
        watch=Watch(delivery_of(sent.order(), at), generation=0, book="", looked_at=at),
        rulebook=sent.rulebook,
        first_run_id=workflow.info().run_id,
        started_at=at,
        revision=1,
    )


async def _admitted(draft: State, reopen: bool, cancelled: Noting) -> State:
    """The draft with its generation and rulebook; its first copy is then written. Raises why it is not admitted."""
    delivery_id = draft.watch.delivery.order.delivery_id
    admission = await _admission(AdmitRequest(copy_of(draft, now()), reopen), cancelled)
    if admission.admittance is Admittance.ALREADY_FINISHED:
        said = f'delivery {delivery_id} has ended; send it again with "reopen": true to begin its next generation'
        raise refusal("AlreadyFinished", said)
    if admission.admittance is Admittance.UNKNOWN_RULEBOOK:
        known = ", ".join(admission.known) or "none"
        said = f"no rulebook {draft.rulebook} is published; published are: {known}"
        raise refusal("InvalidInput", said, [problem("rulebook", said, "unknown_rulebook")])
    watch = replace(draft.watch, generation=admission.generation, book=admission.version)
    draft = replace(draft, edition=admission.edition)
    return replace(draft, watch=watch, written=fingerprint_of(draft, draft.started_at))


async def _admission(request: AdmitRequest, cancelled: Noting) -> Admission:
    """Asked in this task; off its way, until there is an answer, if the store is slow or away."""
    try:
        return await workflow.execute_local_activity_method(
            Admitting.admit, request, schedule_to_close_timeout=QUICKLY, summary=ADMIT
        )
    except (FailureError, asyncio.CancelledError) as error:
        # A local activity's failure comes as it is, or wrapped in an ActivityError.
        if not is_cancelled_exception(error):
            return await _patient_admission(request, cancelled)
    cancelled()
    return await _admission(request, cancelled)


async def _patient_admission(request: AdmitRequest, cancelled: Noting) -> Admission:
    try:
        return await workflow.execute_activity_method(
            Admitting.admit, request, start_to_close_timeout=timedelta(seconds=30), retry_policy=UNTIL_DONE, summary=ADMIT
        )
    except (FailureError, asyncio.CancelledError) as error:
        if not is_cancelled_exception(error):
            raise
    cancelled()
    return await _patient_admission(request, cancelled)
