"""The interceptor that lets a workflow answer for a wrong number of start arguments, instead of failing its task for ever."""

from dataclasses import dataclass
from typing import Any

from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)


@dataclass(frozen=True, slots=True)
class TooManyArguments:
    """Takes the place of the argument when several were sent."""

    count: int


class _CountedStart(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        if len(input.args) > 1:
            input.args = [TooManyArguments(len(input.args))]
        return await super().execute_workflow(input)


class Guard(Interceptor):
    """Belongs into every worker and every replayer."""

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        return _CountedStart
