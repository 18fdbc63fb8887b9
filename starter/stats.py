"""How submissions are doing: what is open now, and what a period brought. Needs no worker."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.listing import OPEN, SUBMISSIONS, ListedRun, count, counts, runs
from starter.measured import UNKNOWN, Landmark, Measured, measured
from starter.workers import LiveWorker, live_workers
from workflows.contract import Phase
from workflows.visibility import PHASE

OPEN_PHASES = (
    Phase.PREPARING,
    Phase.SENDING,
    Phase.SETTLING,
    Phase.WAITING,
    Phase.NEEDS_DECISION,
    Phase.RECORDING,
)
COMPLETED = 'ExecutionStatus="Completed"'
FAILED = 'ExecutionStatus="Failed"'
STOPPED = 'ExecutionStatus IN ("Terminated", "Canceled", "TimedOut")'


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts are by phase: `open` at this moment, `ended` since `since`."""

    since: datetime
    open: dict[str, int]
    oldest_open: Landmark | None
    ended: dict[str, int]
    measured: Measured
    workers: list[LiveWorker]


async def stats(client: Client, since: datetime) -> Stats:
    """Raises TemporalUnreachableError."""
    ended = f'CloseTime >= "{since.astimezone(UTC).isoformat()}"'
    by_phase, ends, oldest, figures, workers = await asyncio.gather(
        _by_phase(client, OPEN, OPEN_PHASES),
        _ends(client, ended),
        _last(client, OPEN),
        measured(client, f'{SUBMISSIONS} AND ExecutionStatus != "Running" AND {ended}'),
        live_workers(client),
    )
    return Stats(since, by_phase, Landmark.of(oldest), ends, figures, workers)


async def _ends(client: Client, ended: str) -> dict[str, int]:
    well, (failed, stopped) = await asyncio.gather(
        _by_phase(client, f"{SUBMISSIONS} AND {COMPLETED} AND {ended}", (Phase.TAKEN, Phase.FOUND)),
        counts(client, (f"{SUBMISSIONS} AND {how} AND {ended}" for how in (FAILED, STOPPED))),
    )
    return well | {Phase.FAILED.value: failed, Phase.STOPPED.value: stopped}


async def _by_phase(client: Client, which: str, phases: Iterable[Phase]) -> dict[str, int]:
    """How many of `which` are in each of `phases`; `unknown` where there are any others."""
    phases = list(phases)
    try:
        known = await counts(client, (f'{which} AND {PHASE.name}="{phase}"' for phase in phases))
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        known = [0] * len(phases)  # this server does not know our search attributes
    found = {phase.value: number for phase, number in zip(phases, known, strict=True)}
    others = await count(client, which) - sum(known)
    return found | ({UNKNOWN: others} if others > 0 else {})


async def _last(client: Client, query: str) -> ListedRun | None:
    """The oldest: the list has the newest first, and no server-side order to ask for."""
    oldest = None
    async for run in runs(client, query):
        oldest = run
    return oldest
