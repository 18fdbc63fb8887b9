"""Gauges of what Temporal and INSYZ say at this moment, looked at again and again.

They are the same whichever worker looks. What cannot be known is NaN, never an old value: an alert
on it stays quiet, and the one on `insyz_temporal_up` speaks.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.service import RPCError

from insyz.errors import InsyzError
from insyz.gateway import Gateway
from observability import names
from observability.oldest import oldest_open_secs
from starter.connection import TemporalUnreachableError
from starter.listing import OPEN, count
from starter.workers import live_workers
from workflows.contract import Phase
from workflows.visibility import PHASE

log = logging.getLogger("insyz.metrics")

TEMPORAL_EVERY_SECS = 10.0
INSYZ_EVERY_SECS = 30.0
"""Rarer, because it is asked by each of our workers."""

OPEN_DECISIONS = f'{OPEN} AND {PHASE.name}="{Phase.NEEDS_DECISION}"'
STUCK = f"{OPEN} AND TemporalReportedProblems IS NOT NULL"

Look = Callable[[Client], Awaitable[float]]


async def _count_workers(client: Client) -> int:
    return len(await live_workers(client))


LOOKS: dict[str, tuple[str, Look]] = {
    names.OPEN_SUBMISSIONS: ("Runs that are open", partial(count, query=OPEN)),
    names.OLDEST_OPEN: ("Age of the oldest open run, to 2 %; 0 without any", oldest_open_secs),
    names.OPEN_DECISIONS: ("Runs that wait for a person", partial(count, query=OPEN_DECISIONS)),
    names.STUCK_SUBMISSIONS: (
        "Runs whose workflow task keeps failing",
        partial(count, query=STUCK),
    ),
    names.LIVE_WORKERS: ("Workers that take tasks", _count_workers),
}


class Gauges:
    """Our gauges on `meter`; each `look_at_…` sets its own anew."""

    def __init__(self, meter: MetricMeter, client: Client, gateway: Gateway) -> None:
        self._client = client
        self._gateway = gateway
        self._of_temporal = {
            name: meter.create_gauge_float(name, text) for name, (text, _) in LOOKS.items()
        }
        self._temporal_up = meter.create_gauge(names.TEMPORAL_UP, "Whether Temporal answers: 0, 1")
        self._insyz_up = meter.create_gauge(
            names.INSYZ_UP, "Whether INSYZ answers its health check, and to us: 0, 1"
        )

    async def look_at_temporal(self) -> None:
        values = await asyncio.gather(*(self._value(look) for _, look in LOOKS.values()))
        for name, value in zip(LOOKS, values, strict=True):
            self._of_temporal[name].set(value)
        # One of them alone may be missing on a server without our search attributes.
        self._temporal_up.set(int(not all(map(math.isnan, values))))

    async def look_at_insyz(self) -> None:
        try:
            await self._gateway.health()
        except InsyzError:
            self._insyz_up.set(0)
        else:
            self._insyz_up.set(1)

    async def _value(self, look: Look) -> float:
        try:
            return await look(self._client)
        except (RPCError, TemporalUnreachableError) as error:
            log.debug("not known: %s", error)
            return math.nan


@asynccontextmanager
async def kept_current(gauges: Gauges) -> AsyncIterator[None]:
    """Looks in the background until the block is left."""
    looking = [
        asyncio.create_task(_again_and_again(gauges.look_at_temporal, TEMPORAL_EVERY_SECS)),
        asyncio.create_task(_again_and_again(gauges.look_at_insyz, INSYZ_EVERY_SECS)),
    ]
    try:
        yield
    finally:
        for task in looking:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*looking)


async def _again_and_again(look: Callable[[], Awaitable[None]], every_secs: float) -> None:
    while True:
        try:
            await look()
        except Exception:
            # A bug in what only watches must not take the worker down, nor go unseen.
            log.exception("a gauge could not be set")
        await asyncio.sleep(every_secs)
