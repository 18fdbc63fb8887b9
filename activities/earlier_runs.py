"""What Temporal knows of earlier runs of this report.

A run that was terminated or reset leaves a request in flight that no exception tells of, and the
new run must not believe a look-up that comes too early for it.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from insyz.errors import InsyzUnavailable
from workflows.contract import MEMO_KEY, MEMO_PREVIOUS_RUN

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

CALM_SECS = 0.3
"""From the look that finds this run listed to the one that counts."""


async def earlier_runs(previous: str | None) -> list[WorkflowExecution]:
    """All runs of this report but this one. Raises InsyzUnavailable when the list lags too far.

    `previous`: the id of the run before, where it is known. From there each run names the one
    before it, and what Temporal says of a single run is never late. The list is: it lags, and of
    two runs it may show the later one first.
    """
    runs = {run.run_id: run for run in await _listed()}
    followed: set[str] = set()
    while previous and previous not in followed:
        followed.add(previous)
        run = await _described(previous)
        if run is None:
            break
        runs[previous] = run
        previous = (await run.memo()).get(MEMO_PREVIOUS_RUN)
    return [*runs.values()]


async def _listed() -> list[WorkflowExecution]:
    """The other runs, as they are listed some time after this one is."""
    info = activity.info()
    for pause in PAUSES:
        if any(run.run_id == info.workflow_run_id for run in await _runs_of(info.workflow_id)):
            await asyncio.sleep(CALM_SECS)
            runs = await _runs_of(info.workflow_id)
            return [run for run in runs if run.run_id != info.workflow_run_id]
        await asyncio.sleep(pause)
    raise InsyzUnavailable("not sent: Temporal does not list this run yet, nor earlier ones")


async def _runs_of(workflow_id: str | None) -> list[WorkflowExecution]:
    return [run async for run in activity.client().list_workflows(f'WorkflowId="{workflow_id}"')]


async def _described(run_id: str) -> WorkflowExecution | None:
    """None: past its retention, so over for long."""
    workflow_id = activity.info().workflow_id
    assert workflow_id is not None  # noqa: S101 (our activities belong to a workflow)
    try:
        return await activity.client().get_workflow_handle(workflow_id, run_id=run_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


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
