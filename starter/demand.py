"""Whether the open reports need a worker."""

from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.connection import bounded
from starter.listing import OPEN, count, runs
from workflows.contract import Phase

LOOKED_AT = 100
"""So many reports that wait are looked at one by one."""


async def needs_a_worker(client: Client, *, within: timedelta = timedelta(0)) -> bool:
    """Whether an open report has something to do by then, rather than to wait.

    Raises TemporalUnreachableError.
    """
    return await count(client, OPEN) > await _resting(client, until=datetime.now(UTC) + within)


async def is_pending(client: Client) -> bool:
    """Whether a worker that is started now has something to do: the same, and what people have
    asked of reports that wait. Raises TemporalUnreachableError.
    """
    if await needs_a_worker(client):
        return True
    looked_at = 0
    async for run in runs(client, OPEN):
        handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id)
        there = await bounded(handle.describe())
        if there.raw_description.HasField("pending_workflow_task"):
            return True
        looked_at += 1
        if looked_at == LOOKED_AT:
            break
    return False


async def _resting(client: Client, *, until: datetime) -> int:
    """How many open reports wait for a person, or for a time after `until`."""
    waits = f'InsyzPhase IN ("{Phase.WAITING}", "{Phase.SETTLING}")'
    later = f'InsyzNextTry > "{until.isoformat()}"'
    try:
        return await count(
            client, f'{OPEN} AND (({waits} AND {later}) OR InsyzPhase="{Phase.NEEDS_DECISION}")'
        )
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            return 0  # this server does not know our search attributes
        raise
