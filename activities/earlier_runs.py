"""Whether an earlier run of this report may still be sending it.

A run that was terminated or reset leaves a request in flight that no exception tells of, and the
new run must not believe a look-up that comes too early for it.
"""

from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import WorkflowExecutionStatus

BROKEN_OFF = frozenset(
    {
        WorkflowExecutionStatus.TERMINATED,
        WorkflowExecutionStatus.TIMED_OUT,
        # Another run of the same id can only be shown as running when it has ended just now.
        WorkflowExecutionStatus.RUNNING,
    }
)
"""Ends that a run does not choose. One that ends by itself has no try under way."""


async def last_broken_off() -> datetime | None:
    """When the last earlier run was broken off, by Temporal's clock; None when none was."""
    info = activity.info()
    ends = [
        run.close_time or datetime.now(UTC)
        async for run in activity.client().list_workflows(f'WorkflowId="{info.workflow_id}"')
        if run.run_id != info.workflow_run_id and run.status in BROKEN_OFF
    ]
    return max(ends, default=None)


def seconds_left(broken_off: datetime, quiet_secs: float) -> float:
    """Until `quiet_secs` have passed since; 0 when they have."""
    until = broken_off + timedelta(seconds=quiet_secs)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)
