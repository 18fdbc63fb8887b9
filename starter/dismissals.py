"""Failed runs that a person is done with."""

from dataclasses import dataclass
from datetime import datetime
from textwrap import shorten

from pydantic import ValidationError
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from starter.connection import bounded
from starter.listing import executions
from starter.payloads import encrypts
from starter.runs import latest_run
from workflows.contract import (
    DISMISS_FAILURE,
    MEMO_DISMISSAL,
    TASK_QUEUE,
    DismissalRequest,
    dismissal_id,
)

VALID = (
    f'WorkflowType="{DISMISS_FAILURE}" AND ExecutionStatus IN ("Running", "Completed", "Failed")'
)
"""Without a worker, or with one too old to know them, they hold as well; to take one back,
terminate it before it has run, or delete it."""

NOT_FAILED = frozenset({WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED})
SUMMARY_CHARS = 100


class NotFailedError(Exception):
    """There is no failure to dismiss; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Who dismissed the failure of a run, why and when."""

    workflow_id: str
    run_id: str
    by: str
    why: str
    at: datetime


async def dismissals(client: Client) -> dict[str, Dismissal]:
    """All dismissals by the id of the run that failed. Raises TemporalUnreachableError."""
    known: dict[str, Dismissal] = {}
    async for one in executions(client, VALID):
        try:
            noted = DismissalRequest.model_validate((await one.memo()).get(MEMO_DISMISSAL))
        except ValidationError:
            continue  # started by hand: malformed, or no worker has noted it yet
        known[noted.run_id] = Dismissal(**noted.model_dump(), at=one.start_time)
    return known


async def dismiss_failure(client: Client, workflow_id: str, *, by: str, why: str) -> bool:
    """Dismisses the failure of the latest run; False when that was done before, which stands.

    Holds from now on, whether a worker is there or not. Raises NotFailedError, UnknownReportError,
    TemporalUnreachableError, or ValidationError when who or why is empty.
    """
    there = await latest_run(client, workflow_id)
    if there.status in NOT_FAILED:
        raise NotFailedError(f"has not failed, it is {there.status.name.lower()}")
    request = DismissalRequest(workflow_id=workflow_id, run_id=there.run_id, by=by, why=why)
    return await _record(client, request)


async def _record(client: Client, request: DismissalRequest) -> bool:
    start = client.start_workflow(
        DISMISS_FAILURE,
        request,
        id=dismissal_id(request.workflow_id, request.run_id),
        task_queue=TASK_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        memo={MEMO_DISMISSAL: request},
        static_summary=None if encrypts(client.data_converter) else _summary(request),
    )
    try:
        await bounded(start)
    except WorkflowAlreadyStartedError:
        return False
    return True


def _summary(request: DismissalRequest) -> str:
    """For the list of workflows; not where payloads are encrypted, because it names a person."""
    return shorten(f"{request.by}: {request.why}", SUMMARY_CHARS, placeholder="…")
