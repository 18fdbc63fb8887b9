"""Counts what becomes of reports and of the tries to submit them.

Each end is counted by the worker that saw it, and not again in a replay: the meter of a workflow
knows when it replays.
"""

from typing import TYPE_CHECKING, Any

from temporalio import activity, workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

with workflow.unsafe.imports_passed_through():
    from observability.names import (
        DESCRIPTIONS,
        SUBMISSIONS_ENDED,
        TIME_TO_SUBMIT,
        TRIES,
        UNKNOWN_OUTCOMES,
    )
    from workflows.contract import SUBMIT_REPORT, SUBMIT_TO_INSYZ, Phase, State, Status
    from workflows.setback import Setback

if TYPE_CHECKING:
    from workflows.activity_contract import InsyzResult


class Counting(Interceptor):
    """Of use where the client's runtime exposes metrics, and next to nothing where it does not."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002
    ) -> type[WorkflowInboundInterceptor]:
        return _Ends

    def intercept_activity(
        self,
        next: ActivityInboundInterceptor,  # noqa: A002
    ) -> ActivityInboundInterceptor:
        return _Tries(next)


class _Ends(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Doubts(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
        # Of other types whoever starts them makes up the names, and each would be a label.
        if workflow.info().workflow_type != SUBMIT_REPORT:
            return await super().execute_workflow(input)
        try:
            status: Status = await super().execute_workflow(input)
        except FailureError as error:
            # Not every exception: one that is no FailureError fails the task, not the run.
            _count_end(State.REJECTED, Phase.FAILED, _name_of(error))
            raise
        _count_end(status.state, status.phase, "")
        _time_to_submit()
        return status


class _Doubts(WorkflowOutboundInterceptor):
    """Sees from the workflow's side how tries end: one that died with its worker tells nobody
    else."""

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        handle = super().start_activity(input)
        if input.activity == SUBMIT_TO_INSYZ:
            handle.add_done_callback(_count_doubt)
        return handle


class _Tries(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        if activity.info().activity_type != SUBMIT_TO_INSYZ:
            return await super().execute_activity(input)
        try:
            result: InsyzResult = await super().execute_activity(input)
        except BaseException as error:
            _count_try(_name_of(error))
            raise
        _count_try("found" if result.found else "taken" if result.receipt else "not_there")
        return result


def _name_of(error: BaseException) -> str:
    named = isinstance(error, ApplicationError) and error.type
    return named or type(error).__name__


def _count_end(state: State, phase: Phase, error_type: str) -> None:
    labels = {"state": state.value, "phase": phase.value, "error_type": error_type}
    counter = workflow.metric_meter().create_counter(
        SUBMISSIONS_ENDED, DESCRIPTIONS[SUBMISSIONS_ENDED]
    )
    counter.add(1, labels)


def _time_to_submit() -> None:
    histogram = workflow.metric_meter().create_histogram_timedelta(
        TIME_TO_SUBMIT, DESCRIPTIONS[TIME_TO_SUBMIT]
    )
    histogram.record(workflow.now() - workflow.info().start_time)


def _count_doubt(ended: workflow.ActivityHandle[Any]) -> None:
    if ended.cancelled():
        return
    error = ended.exception()
    if isinstance(error, ActivityError) and Setback.behind(error).unknown:
        workflow.metric_meter().create_counter(
            UNKNOWN_OUTCOMES, DESCRIPTIONS[UNKNOWN_OUTCOMES]
        ).add(1)


def _count_try(outcome: str) -> None:
    counter = activity.metric_meter().create_counter(TRIES, DESCRIPTIONS[TRIES])
    counter.add(1, {"outcome": outcome})
