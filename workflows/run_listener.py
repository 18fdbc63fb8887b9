"""Tells the worker that a submission has begun or has come to its end; not in a replay."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

with workflow.unsafe.imports_passed_through():
    from workflows.contract import SUBMIT_REPORT

_BEGAN = "insyz_run_began"
_ENDED = "insyz_run_ended"


class _Told(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
        _tell(_BEGAN)
        try:
            result = await super().execute_workflow(input)
        except FailureError:
            # Not `finally`: a run that is only put out of the cache has not ended.
            _tell(_ENDED)
            raise
        _tell(_ENDED)
        return result


def _tell(event: str) -> None:
    if workflow.info().workflow_type == SUBMIT_REPORT and not workflow.unsafe.is_replaying():
        workflow.extern_functions()[event]()


class RunListener(Interceptor):
    """Calls `began` and `ended`; they run in workflow threads and must be quick."""

    def __init__(self, *, began: Callable[[], None], ended: Callable[[], None]) -> None:
        self._began = began
        self._ended = ended

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002
    ) -> type[WorkflowInboundInterceptor]:
        input.unsafe_extern_functions[_BEGAN] = self._began
        input.unsafe_extern_functions[_ENDED] = self._ended
        return _Told
