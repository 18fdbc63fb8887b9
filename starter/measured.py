"""Figures of submissions that have ended."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Self

from temporalio.client import Client, WorkflowExecutionStatus

from starter.listing import ListedRun, runs

UNKNOWN = "unknown"
"""The phase of runs that were started without search attributes."""

MAX_MEASURED = 10_000
"""So many of the runs that ended last are measured; the rest are counted only."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """A run that stands out; `at` is its start while it is open, else its end."""

    workflow_id: str
    id_zp: int | None
    cislo_zp: str | None
    phase: str
    at: datetime

    @classmethod
    def of(cls, run: ListedRun | None) -> Self | None:
        if run is None:
            return None
        at = run.closed or run.started
        return cls(run.workflow_id, run.id_zp, run.cislo_zp, run.phase or UNKNOWN, at)


@dataclass(frozen=True, slots=True)
class Measured:
    """Of the `runs` ended last in the period. `tries_mean`, and `retried`, the share of runs that
    needed more than one, are None where nothing told of tries; seconds from start to close of those
    that INSYZ took are None where there was none. `oldest_failed` is the first that failed."""

    runs: int
    tries_mean: float | None
    retried: float | None
    submit_secs_p50: float | None
    submit_secs_p95: float | None
    oldest_failed: Landmark | None


async def measured(client: Client, query: str) -> Measured:
    """Of the runs that `query` finds, which have ended. Raises TemporalUnreachableError."""
    listed: list[ListedRun] = []
    async for run in runs(client, query):
        listed.append(run)
        if len(listed) == MAX_MEASURED:
            break
    tries = [run.tries for run in listed if run.tries is not None]
    took = sorted(
        (run.closed - run.started).total_seconds()
        for run in listed
        if run.closed and run.status is WorkflowExecutionStatus.COMPLETED
    )
    failed = [run for run in listed if run.status is WorkflowExecutionStatus.FAILED]
    return Measured(
        runs=len(listed),
        tries_mean=sum(tries) / len(tries) if tries else None,
        retried=sum(one > 1 for one in tries) / len(tries) if tries else None,
        submit_secs_p50=_percentile(took, 0.50),
        submit_secs_p95=_percentile(took, 0.95),
        oldest_failed=Landmark.of(failed[-1] if failed else None),
    )


def _percentile(ordered: list[float], share: float) -> float | None:
    """The nearest rank."""
    return ordered[max(ceil(share * len(ordered)) - 1, 0)] if ordered else None
