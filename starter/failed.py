"""The failed queue: reports whose latest run ended without INSYZ having them."""

from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from starter.bulk import each
from starter.connection import bounded
from starter.dismissals import dismissals
from starter.listing import BROKEN, SUBMISSIONS, ListedRun, runs
from starter.statuses import ended_status
from workflows.contract import Failure, Status

IDS_IN_A_QUERY = 200
BROUGHT_ON = f'{SUBMISSIONS} AND ExecutionStatus IN ("Running", "Completed")'


@dataclass(frozen=True, slots=True)
class FailedReport:
    """A report in the failed queue. `id_zp` is None when its workflow id is not one of ours,
    `cislo_zp` when nobody noted it; `when` it failed; `tries` at INSYZ, of that run.
    """

    workflow_id: str
    run_id: str
    id_zp: int | None
    cislo_zp: str | None
    when: datetime
    error: Failure
    tries: int

    def as_json(self) -> dict[str, Any]:
        return {
            "id_zp": self.id_zp,
            "cislo_zp": self.cislo_zp,
            "when": self.when.isoformat(),
            "error": self.error.model_dump(),
            "tries": self.tries,
            "workflow_id": self.workflow_id,
            "run_id": self.run_id,
        }


async def failed_reports(
    client: Client, *, since: datetime | None = None, error_type: str | None = None
) -> list[FailedReport]:
    """The failed queue, the newest failure first: `since` then, of that type, not dismissed.

    Raises TemporalUnreachableError.
    """
    query = f'{BROKEN} AND CloseTime >= "{since.isoformat()}"' if since else BROKEN
    latest = await _latest_by_report(runs(client, query))
    dismissed = await dismissals(client)
    candidates = [run for run in latest.values() if run.run_id not in dismissed]
    brought_on = await _brought_on(client, candidates)
    queue = await _explained(client, [run for run in candidates if run.run_id not in brought_on])
    wanted = [one for one in queue if error_type in {None, one.error.type}]
    return sorted(wanted, key=lambda one: one.when, reverse=True)


async def _latest_by_report(broken: AsyncIterable[ListedRun]) -> dict[str, ListedRun]:
    latest: dict[str, ListedRun] = {}
    async for run in broken:
        known = latest.setdefault(run.workflow_id, run)
        if run.started > known.started:
            latest[run.workflow_id] = run
    return latest


async def _brought_on(client: Client, broken: Iterable[ListedRun]) -> set[str]:
    """The run ids of those whose report a later run has brought to INSYZ, or is about to."""
    # A run under an id that is not ours always fails, and its id may be any text.
    ours = {run.workflow_id: run for run in broken if run.id_zp is not None}
    ids = list(ours)
    parts = [ids[start : start + IDS_IN_A_QUERY] for start in range(0, len(ids), IDS_IN_A_QUERY)]
    overtaken = set()
    for part in parts:
        named = ", ".join(f'"{one}"' for one in part)
        async for later in runs(client, f"{BROUGHT_ON} AND WorkflowId IN ({named})"):
            run = ours[later.workflow_id]
            if later.started >= run.started:
                overtaken.add(run.run_id)
    return overtaken


async def _explained(client: Client, broken: Iterable[ListedRun]) -> list[FailedReport]:
    """With what only their last event tells; those that Temporal has forgotten meanwhile not."""
    explained = []

    async def explain(run: ListedRun) -> None:
        if status := await _end_of(client, run):
            explained.append(_failed_report(run, status))

    await each(broken, explain)
    return explained


async def _end_of(client: Client, run: ListedRun) -> Status | None:
    known = Status(id_zp=run.id_zp, cislo_zp=run.cislo_zp, attempt=run.tries or 0)
    handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id, result_type=Status)
    try:
        return await bounded(handle.result(follow_runs=False))
    except WorkflowFailureError as error:
        return ended_status(known, error)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


def _failed_report(run: ListedRun, status: Status) -> FailedReport:
    error = status.error or Failure(type=run.status.name.title(), message="")
    # The text of a failure begins with its type, for those who see nothing but the text.
    message = error.message.removeprefix(f"{error.type}: ")
    return FailedReport(
        workflow_id=run.workflow_id,
        run_id=run.run_id,
        id_zp=run.id_zp,
        cislo_zp=status.cislo_zp,
        when=run.closed or run.started,
        error=Failure(type=error.type, message=message),
        tries=status.attempt,
    )
