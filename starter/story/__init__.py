"""The story of one report: all its runs, its tries, what people did, what the portal was told."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus

from starter.connection import bounded
from starter.listing import ListedRun, runs
from starter.story.decoding import Decoding
from starter.story.event import Event, Kind
from starter.story.history import RunHistory
from starter.story.portal import of_table
from starter.story.tries import numbered_through, under_way
from workflows.contract import workflow_id

__all__ = ["Event", "Kind", "Story", "story"]

LAST_RUNS = 20
HISTORY_SECS = 10.0


@dataclass(frozen=True, slots=True)
class Story:
    """`runs` and `events` with the oldest in front; `earlier` runs are not told of."""

    id_zp: int
    runs: list[ListedRun]
    earlier: int
    events: list[Event]


async def story(id_zp: int, *, client: Client, table: Iterable[Mapping[str, Any]] = ()) -> Story:
    """The last LAST_RUNS runs of report `id_zp`, merged with the portal's own history `table`.

    Raises TemporalUnreachableError.
    """
    newest_first = [run async for run in runs(client, f'WorkflowId="{workflow_id(id_zp)}"')]
    told_of = newest_first[:LAST_RUNS][::-1]
    of_runs = await asyncio.gather(*(_of_run(client, run) for run in told_of))
    numbered = [
        event.model_copy(update={"run": number})
        for number, events in enumerate(of_runs, len(newest_first) - len(told_of) + 1)
        for event in events
    ]
    # A run that was reset begins with a copy of what was before.
    once = {(event.at, event.kind, event.text): event for event in reversed(numbered)}
    ordered = sorted([*reversed(once.values()), *of_table(table)], key=lambda event: event.at)
    return Story(id_zp, told_of, len(newest_first) - len(told_of), ordered)


async def _of_run(client: Client, run: ListedRun) -> list[Event]:
    handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id)
    decoding = Decoding(client)
    history = await bounded(handle.fetch_history(), seconds=HISTORY_SECS)
    told = await RunHistory(history.events, decoding).told()
    if run.status is WorkflowExecutionStatus.RUNNING:
        told += await under_way(decoding, await bounded(handle.describe()))
    return numbered_through(told)
