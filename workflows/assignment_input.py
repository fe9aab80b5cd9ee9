"""Reads what an Assignment is started with, and what it is told to withdraw for. Bad input is a value: a refusal that says why."""

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.assignment import AssignmentRequest
from workflows.contract import (
    WithdrawIn,
    assignment_workflow_id,
    delivery_workflow_id,
    invalid_input,
    json_of,
    problem,
    problems_of,
    read_payload,
)
from workflows.guard import TooManyArguments
from workflows.starts import one_argument, refuse_other_id

_REQUEST: TypeAdapter[AssignmentRequest] = TypeAdapter(AssignmentRequest)

NOT_NEEDED = "it is no longer needed"


def read_request(raw: RawValue | TooManyArguments | None) -> AssignmentRequest:
    """The request; raises ApplicationError "InvalidInput"."""
    sent = one_argument(raw, "AssignmentRequest")
    try:
        request = _REQUEST.validate_json(json_of(sent))
    except ValidationError as error:
        raise invalid_input(problems_of(error)) from None
    wanted = assignment_workflow_id(request.request.incident_id, request.number)
    refuse_other_id(workflow.info().workflow_id, wanted, "number")
    if request.answer_to != (asks := delivery_workflow_id(request.request.delivery_id)):
        raise invalid_input([problem("answer_to", f"the answer must go to {asks}, whose delivery it is", "workflow_id")])
    return request


def read_reason(args: Sequence[RawValue]) -> str:
    """Why an assignment is withdrawn; whatever else was sent, it is withdrawn all the same."""
    try:
        return read_payload(WithdrawIn, args[0] if args else None, default=b"{}").reason or NOT_NEEDED
    except ApplicationError:
        return NOT_NEEDED
