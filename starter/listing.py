"""Submissions as Temporal lists them, without a worker and without opening a payload."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from starter.connection import bounded
from workflows.contract import SUBMIT_REPORT, WORKFLOW_ID_PREFIX, Phase, State
from workflows.contract import workflow_id as workflow_id_of
from workflows.visibility import CISLO_ZP, ERROR_TYPE, NEXT_TRY, PHASE, STATE, TRIES

SUBMISSIONS = f'WorkflowType="{SUBMIT_REPORT}"'
OPEN = f'{SUBMISSIONS} AND ExecutionStatus="Running"'
BROKEN = f'{SUBMISSIONS} AND ExecutionStatus IN ("Failed", "Terminated", "Canceled", "TimedOut")'
"""Runs that ended without INSYZ having the report; a later run may have brought it there."""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """One run. `id_zp` is None for one whose workflow id is not of ours.

    What comes from search attributes (`cislo_zp`, `phase`, `state`, `error_type`, `tries`,
    `next_try`) is None where the run was started without them.
    """

    workflow_id: str
    run_id: str
    status: WorkflowExecutionStatus
    started: datetime
    closed: datetime | None
    id_zp: int | None
    cislo_zp: str | None
    state: State | None
    phase: Phase | None
    error_type: str | None
    tries: int | None
    next_try: datetime | None


async def runs(client: Client, query: str) -> AsyncIterator[ListedRun]:
    """The runs that `query` (a list filter of Temporal's) finds, newest first.

    Raises RPCError, or TemporalUnreachableError when a page does not come in time.
    """
    async for one in executions(client, query):
        yield _listed(one)


async def executions(client: Client, query: str) -> AsyncIterator[WorkflowExecution]:
    """The same as Temporal has them, of whatever type; raises the same."""
    pages = client.list_workflows(query, page_size=1_000)
    while True:
        await bounded(pages.fetch_next_page())
        for one in pages.current_page or ():
            yield one
        if pages.next_page_token is None:
            return


async def count(client: Client, query: str) -> int:
    """How many runs `query` finds."""
    return (await bounded(client.count_workflows(query))).count


async def counts(client: Client, queries: Iterable[str]) -> list[int]:
    """How many runs each of `queries` finds."""
    return await asyncio.gather(*(count(client, query) for query in queries))


def id_zp_of(workflow_id: str) -> int | None:
    """The opposite of contract.workflow_id; None when it did not make this one."""
    number = workflow_id.removeprefix(WORKFLOW_ID_PREFIX)
    ours = number.isdecimal() and workflow_id_of(int(number)) == workflow_id
    return int(number) if ours else None


def _listed(one: WorkflowExecution) -> ListedRun:
    attributes = one.typed_search_attributes
    phase, state = attributes.get(PHASE), attributes.get(STATE)
    assert one.status is not None  # noqa: S101 (a listed run has one)
    return ListedRun(
        workflow_id=one.id,
        run_id=one.run_id,
        status=one.status,
        started=one.start_time,
        closed=one.close_time,
        id_zp=id_zp_of(one.id),
        cislo_zp=attributes.get(CISLO_ZP),
        state=State(state) if state else None,
        phase=Phase(phase) if phase else None,
        error_type=attributes.get(ERROR_TYPE),
        tries=attributes.get(TRIES),
        next_try=attributes.get(NEXT_TRY),
    )
