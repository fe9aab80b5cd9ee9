"""How a delivery has others asked to take it over: it starts an Assignment, which answers by a signal, and tells it when to stop."""

from collections.abc import Coroutine, Iterator
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from domain.actions import ActionRequest, ActionResult, Outcome
    from domain.assignment import MOST_CANDIDATES, AssignmentRequest
    from domain.incident import Incident, Mode, Severity, incident_id
    from domain.instant import MINUTE, Instant, Span
    from rules.deeds import Deed, request_of
    from rules.requests import REASSIGN, no_longer_awaited, number_of
    from rules.watch import Watch
    from workflows.contract import ASSIGNMENT, WITHDRAW, ReassignIn, assignment_workflow_id, refusal
    from workflows.words import short

LONGER: Span = 15 * MINUTE
"""What an assignment may take beyond the time that each candidate has."""

A_TASK = timedelta(seconds=10)


async def others_asked(watch: Watch, deed: Deed) -> ActionResult | None:
    """That others are asked to take the delivery over; None for every other deed. Without `accept_within` they are told, not asked."""
    incident = watch.incident(deed.request.incident_id)
    if incident is None or deed.action != REASSIGN or not deed.request.args.get("accept_within"):
        return None
    return await ask_others(deed.request, number_of(incident, deed.path))


def no_longer_asked(before: Watch, after: Watch) -> Iterator[Coroutine[Any, Any, None]]:
    """Stops the assignments whose answer is no longer waited for."""
    for incident, path in no_longer_awaited(before.incidents, after.incidents):
        yield stop_asking(incident.incident_id, number_of(incident, path), incident.acts[path].note or "")


async def ask_others(request: ActionRequest, number: int, to: str | None = None) -> ActionResult:
    """Starts the incident's assignment of this number; its answer is waited for."""
    asked = AssignmentRequest(request, number, workflow.info().workflow_id, to)
    said = f"others are asked: assignment {request.incident_id}-{number}"
    try:
        handle = await workflow.start_child_workflow(
            ASSIGNMENT,
            asked,
            id=assignment_workflow_id(request.incident_id, number),
            parent_close_policy=ParentClosePolicy.ABANDON,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            task_timeout=A_TASK,
            static_summary=short(f"looks for somebody else to bring {request.delivery_id}"),
        )
    except WorkflowAlreadyStartedError:
        return ActionResult(Outcome.REQUESTED, said, answer_within=longest(request))
    handle.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # its answer comes as a signal
    return ActionResult(Outcome.REQUESTED, said, answer_within=longest(request))


async def given_to(watch: Watch, command: ReassignIn, at: Instant) -> dict[str, Any]:
    """Gives the delivery to whom a person named, at once: they are told, not asked. Raises why that cannot be."""
    by_hand = f"by-hand-{workflow.uuid4().hex[:8]}"
    delivery, generation = watch.delivery, watch.generation
    id, says = incident_id(delivery.order.delivery_id, generation, by_hand, 1), f"{command.by} gives it to {command.candidate}"
    incident = Incident(id, by_hand, 1, Severity.INFO, Mode.LIVE, at, says, watch.book)
    request = request_of(delivery, generation, incident, REASSIGN, {"never_back_to_same": False}, at)
    result = await workflow.execute_child_workflow(
        ASSIGNMENT,
        AssignmentRequest(request, 1, workflow.info().workflow_id, command.candidate),
        id=assignment_workflow_id(id, 1),
        parent_close_policy=ParentClosePolicy.ABANDON,
        task_timeout=A_TASK,
        static_summary=short(says),
    )
    if result["outcome"] != Outcome.DONE:
        raise refusal("Conflict", f"{command.candidate} cannot take it: {result['note']}")
    return {"note": result["note"]}


def longest(request: ActionRequest) -> Span:
    """How long an assignment may take: every candidate in turn lets the time for an answer pass."""
    at_once = max(1, int(request.args.get("at_once") or 1))
    return int(request.args.get("accept_within") or 0) * -(-MOST_CANDIDATES // at_once) + LONGER


async def stop_asking(incident_id: str, number: int, reason: str) -> None:
    """Withdraws what is still offered; an assignment that has ended has nothing to withdraw."""
    try:
        await workflow.get_external_workflow_handle(assignment_workflow_id(incident_id, number)).signal(
            WITHDRAW, {"reason": reason[:200]}
        )
    except FailureError:
        return
