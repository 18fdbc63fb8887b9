"""How long the oldest open submission has been open."""

from datetime import UTC, datetime, timedelta
from math import sqrt

from temporalio.client import Client

from starter.listing import OPEN, count

YOUNGEST_SECS, OLDEST_SECS = 1.0, 400 * 86_400.0
PRECISION = 1.02


async def oldest_open_secs(client: Client) -> float:
    """Its age, to 2 %; 0 when none is open.

    Temporal does not sort its lists, and after an outage thousands are open. So the age is
    narrowed down by counting: some dozen questions, however many are open.
    """
    if not await count(client, OPEN):
        return 0.0
    now = datetime.now(UTC)
    above, below = YOUNGEST_SECS, OLDEST_SECS
    while below > above * PRECISION:
        middle = sqrt(above * below)
        if await count(client, _older_than(now, middle)):
            above = middle
        else:
            below = middle
    return above


def _older_than(now: datetime, seconds: float) -> str:
    return f'{OPEN} AND StartTime < "{(now - timedelta(seconds=seconds)).isoformat()}"'
