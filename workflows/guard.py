"""Malformed starts fail at once instead of retrying a workflow task for ever.

A workflow function that is called with arguments it does not take, or a type that no worker knows,
makes a workflow *task* fail, which Temporal retries until somebody deploys a mended worker. That is
right for a bug of ours and wrong for a caller's mistake.
"""

from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

with workflow.unsafe.imports_passed_through():
    from insyz.errors import InvalidReportError
    from workflows.contract import SUBMIT_REPORT, TASK_QUEUE
    from workflows.failures import failure


@workflow.defn(dynamic=True)
class UnknownWorkflow:
    """Stands for every workflow type that is not ours."""

    @workflow.run
    async def run(self, _args: Sequence[RawValue]) -> None:
        raise failure(
            InvalidReportError.__name__,
            f"unknown workflow type {workflow.info().workflow_type!r}; "
            f"task queue {TASK_QUEUE!r} takes {SUBMIT_REPORT!r}",
        )


class _OneInput(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
        if len(input.args) != 1:
            raise failure(
                InvalidReportError.__name__,
                f"expected one input, the report as a JSON object; got {len(input.args)}",
            )
        return await super().execute_workflow(input)


class StartGuard(Interceptor):
    """Refuses runs that were started with no input or with several."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002
    ) -> type[WorkflowInboundInterceptor]:
        return _OneInput
