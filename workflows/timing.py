"""How long things may take, set by the worker.

Durations only: a workflow may hand them to Temporal (time-outs, timers), which replay does not
compare, but must never branch on them, because another worker may have other ones.
"""

from dataclasses import dataclass

from temporalio import workflow
from temporalio.worker import (
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

_EXTERN = "insyz_timing"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `try_secs` bounds one try of the submission, all in all (start-to-close);
    `retry_first_secs` come before the first quick retry, then doubling.
    """

    try_secs: float = 60.0
    retry_first_secs: float = 1.0


def timing() -> Timing:
    """The worker's timing; the defaults where no worker provides one, as in a replay."""
    provide = workflow.extern_functions().get(_EXTERN, Timing)
    provided: Timing = provide()
    return provided


class TimingProvider(Interceptor):
    """Hands the worker's timing to its workflows."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002
    ) -> type[WorkflowInboundInterceptor] | None:
        input.unsafe_extern_functions[_EXTERN] = lambda: self._timing
        return None
