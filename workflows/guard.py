"""The interceptor that lets a workflow answer for what nobody could use, instead of failing its task for ever: a wrong number of
arguments of a start, or a payload that cannot be opened (workflows.unreadable). Of updates and queries, senders would be told how
our handlers are called. What is refused is counted and logged here too; of signals, where they are read (workflows.tally)."""

from dataclasses import dataclass
from typing import Any

from temporalio import workflow
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from workflows.contract import refuse_several

with workflow.unsafe.imports_passed_through():
    from workflows.tally import counting_refusals
    from workflows.unreadable import asked, ours, taken

TELLS = "current_details"
"""The method of a workflow that makes its current details when somebody looks, which is seldom, and not after everything that
happens. Without it, or where it has nothing to say, they are what the workflow has set."""

ACCEPTED = "accepted"
"""The update that tells a refused order to its sender: that is counted as a refused start."""


@dataclass(frozen=True, slots=True)
class TooManyArguments:
    """Takes the place of the argument when several were sent."""

    count: int


class _Guarded(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        if len(input.args) > 1:
            input.args = [TooManyArguments(len(input.args))]
        else:
            input.args = (ours if _is_our_own_start() else taken)(input.args)
        with counting_refusals("start"):
            return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        input.args = [taken(value) if isinstance(value, list) else value for value in input.args]
        await super().handle_signal(input)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        with counting_refusals("update"):
            refuse_several(input.args)
            input.args = asked(input.args)
            super().handle_update_validator(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        input.args = ours(input.args)
        with counting_refusals("update" if input.update != ACCEPTED else None):
            return await super().handle_update_handler(input)

    async def handle_query(self, input: HandleQueryInput) -> Any:
        refuse_several(input.args)
        answer = await super().handle_query(input)
        if isinstance(answer, WorkflowMetadata) and (tell := getattr(workflow.instance(), TELLS, None)) is not None:
            answer.current_details = tell() or answer.current_details
        return answer


def _is_our_own_start() -> bool:
    """Whether a workflow of ours began this run: the one that goes on in it, or the one whose child it is."""
    info = workflow.info()
    return info.continued_run_id is not None or info.parent is not None


class Guard(Interceptor):
    """Belongs into every worker and every replayer."""

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        return _Guarded
