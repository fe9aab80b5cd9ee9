"""The interceptor that lets a workflow answer for a wrong number of arguments: of a start, which would fail its task for ever, and of
updates and queries, whose senders would be told how our handlers are called."""

from dataclasses import dataclass
from typing import Any

from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from workflows.contract import refuse_several


@dataclass(frozen=True, slots=True)
class TooManyArguments:
    """Takes the place of the argument when several were sent."""

    count: int


class _CountedStart(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        if len(input.args) > 1:
            input.args = [TooManyArguments(len(input.args))]
        return await super().execute_workflow(input)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        refuse_several(input.args)
        super().handle_update_validator(input)

    async def handle_query(self, input: HandleQueryInput) -> Any:
        refuse_several(input.args)
        return await super().handle_query(input)


class Guard(Interceptor):
    """Belongs into every worker and every replayer."""

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        return _CountedStart
