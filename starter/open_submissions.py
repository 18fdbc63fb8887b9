"""The submissions that are open: what each waits for, and until when."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import Client

from starter.listing import OPEN, ListedRun, runs
from starter.statuses import UnknownReportError, status
from starter.workers import live_workers
from workflows.contract import Phase, Status
from workflows.visibility import WHAT_TO_DO

A_WORKER = "a worker"
WAITS_FOR = {
    Phase.PREPARING: A_WORKER,
    Phase.SENDING: "INSYZ's answer",
    Phase.SETTLING: "the settle time; then INSYZ is asked",
    Phase.WAITING: "INSYZ, which cannot be reached (insyz retry {id_zp})",
    Phase.NEEDS_DECISION: "a person's decision (insyz resolve {id_zp} …)",
    Phase.RECORDING: "the portal, which is not told yet",
}
BEFORE_ANY_WAIT = frozenset({Phase.PREPARING, Phase.SENDING})
ASKED_AT_A_TIME = 50


@dataclass(frozen=True, slots=True)
class OpenSubmission:
    """One submission. `phase` is None where only a worker could tell; `last_error` is a type."""

    id_zp: int | None
    cislo_zp: str | None
    phase: Phase | None
    waits_for: str
    what_to_do: str
    until: datetime | None
    since: datetime
    tries: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class OpenSubmissions:
    """Those open longest in front; `more` are newer. `workers`: how many are there to go on."""

    shown: list[OpenSubmission]
    more: int
    workers: int


async def open_submissions(client: Client, *, limit: int) -> OpenSubmissions:
    """Needs no worker. Raises TemporalUnreachableError."""
    workers = len(await live_workers(client))
    total, oldest = 0, deque[ListedRun](maxlen=limit)
    async for run in runs(client, OPEN):  # newest first
        total += 1
        oldest.append(run)
    slots = asyncio.Semaphore(ASKED_AT_A_TIME)
    looked_at = await asyncio.gather(
        *(_look_at(client, run, slots, worker=workers > 0) for run in reversed(oldest))
    )
    return OpenSubmissions([one for one in looked_at if one], total - len(oldest), workers)


async def _look_at(
    client: Client, run: ListedRun, slots: asyncio.Semaphore, *, worker: bool
) -> OpenSubmission | None:
    """None for one that has ended meanwhile."""
    if run.phase is not None and run.phase not in BEFORE_ANY_WAIT:
        return _open(run, run.phase, worker=worker)
    if run.id_zp is None:
        return _open(run, None, worker=worker)
    # The list does not have the tries that Temporal is at, nor a run that was started without
    # search attributes.
    try:
        async with slots:
            now = await status(run.id_zp, client=client, ask=worker)
    except UnknownReportError:
        return None
    if now.phase not in WAITS_FOR:
        return None
    unknown = run.phase is None and now.phase is Phase.PREPARING
    return _open(run, None if unknown else now.phase, now, worker=worker)


def _open(
    run: ListedRun, phase: Phase | None, now: Status | None = None, *, worker: bool
) -> OpenSubmission:
    error = now.error.type if now and now.error else run.error_type
    until = now.next_try if now else run.next_try
    return OpenSubmission(
        id_zp=run.id_zp,
        cislo_zp=run.cislo_zp or (now.cislo_zp if now else None),
        phase=phase,
        waits_for=_waits_for(phase, worker=worker).format(id_zp=run.id_zp),
        what_to_do=WHAT_TO_DO.get(phase, "").format(id_zp=run.id_zp) if phase else "",
        until=until if phase in {Phase.SETTLING, Phase.WAITING} else None,
        since=run.started,
        tries=max(run.tries or 0, now.attempt if now else 0),
        last_error=error,
    )


def _waits_for(phase: Phase | None, *, worker: bool) -> str:
    if phase is None or (phase in BEFORE_ANY_WAIT and not worker):
        return A_WORKER
    return WAITS_FOR[phase]
