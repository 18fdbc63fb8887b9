"""INSYZ_MAX_PER_SECOND: what INSYZ gets from all workers together."""

import asyncio
from datetime import datetime, timedelta

from temporalio.client import Client

from simulator.server import Simulator
from starter.submission import submit
from tests.conftest import TOKEN
from tests.support import a_report, eventually, worker_process

PER_SECOND = 5
REPORTS = 30
BURST = 3 * PER_SECOND
"""The server shares the limit out among the partitions of the queue, and each may begin with some
tasks at once: some 10 have been seen in the first second."""


async def test_two_workers_together_keep_to_the_limit_of_the_task_queue(
    client: Client, insyz: Simulator
) -> None:
    await asyncio.gather(*(submit(a_report(), client=client) for _ in range(REPORTS)))
    limit = {"INSYZ_MAX_PER_SECOND": str(PER_SECOND)}
    async with (
        worker_process(insyz.url, TOKEN, **limit),
        worker_process(insyz.url, TOKEN, **limit),
    ):
        await eventually(lambda: _all_taken(insyz), within=60)
    taken = [datetime.fromisoformat(one.submitted_at) for one in insyz.book.submissions()]
    # Twice the limit, one for each worker, would be over within 3 s.
    assert max(taken) - min(taken) > timedelta(seconds=(REPORTS - BURST) / PER_SECOND)
    assert max(_within_a_second(taken, start) for start in taken) <= BURST


async def _all_taken(insyz: Simulator) -> None:
    assert len(insyz.book.submissions()) == REPORTS


def _within_a_second(moments: list[datetime], start: datetime) -> int:
    return sum(start <= moment < start + timedelta(seconds=1) for moment in moments)
