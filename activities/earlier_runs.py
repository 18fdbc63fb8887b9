"""What Temporal knows of earlier runs of this report.

A run that was terminated or reset leaves a request in flight that no exception tells of, and the
new run must not believe a look-up that comes too early for it.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus

from insyz.errors import InsyzUnavailable
from workflows.contract import MEMO_KEY

BROKEN_OFF = frozenset(
    {
        WorkflowExecutionStatus.TERMINATED,
        WorkflowExecutionStatus.TIMED_OUT,
        # Another run of the same id can only be shown as running when it has ended just now.
        WorkflowExecutionStatus.RUNNING,
    }
)
"""Ends that a run does not choose. One that ends by itself has no try under way."""

PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2)
"""Seconds between the looks at a list that lags: milliseconds on SQL, a second on Elasticsearch,
longer after a restart of the server."""


async def earlier_runs() -> list[WorkflowExecution]:
    """All runs of this report but this one.

    The list lags behind the truth, so it is believed only once this run itself is in it: the
    earlier ones were listed before. Raises InsyzUnavailable when that takes too long.
    """
    info = activity.info()
    query = f'WorkflowId="{info.workflow_id}"'
    for pause in PAUSES:
        runs = [run async for run in activity.client().list_workflows(query)]
        others = [run for run in runs if run.run_id != info.workflow_run_id]
        if len(others) < len(runs):
            return others
        await asyncio.sleep(pause)
    raise InsyzUnavailable("not sent: Temporal does not list this run yet, nor earlier ones")


def last_broken_off(runs: Sequence[WorkflowExecution]) -> datetime | None:
    """When the last of them was broken off, by Temporal's clock; None when none was."""
    ends = [run.close_time or datetime.now(UTC) for run in runs if run.status in BROKEN_OFF]
    return max(ends, default=None)


async def has_submitted(runs: Sequence[WorkflowExecution], key: str) -> bool:
    """Whether one of them ended well and sent, for all that is known, the same content."""
    ended_well = [run for run in runs if run.status is WorkflowExecutionStatus.COMPLETED]
    return any([(await run.memo()).get(MEMO_KEY, key) == key for run in ended_well])


def seconds_left(broken_off: datetime, quiet_secs: float) -> float:
    """Until `quiet_secs` have passed since; 0 when they have."""
    until = broken_off + timedelta(seconds=quiet_secs)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)
