"""Whether the open reports need a worker."""

from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.listing import OPEN, count
from workflows.contract import Phase


async def needs_a_worker(client: Client, *, within: timedelta = timedelta(0)) -> bool:
    """Whether an open report has something to do by then, rather than to wait.

    Raises TemporalUnreachableError.
    """
    return await count(client, OPEN) > await _resting(client, until=datetime.now(UTC) + within)


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
