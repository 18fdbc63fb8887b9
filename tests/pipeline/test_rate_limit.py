"""INSYZ_MAX_PER_SECOND, what INSYZ gets from all workers together, and INSYZ_MAX_CONCURRENT."""

import asyncio
from datetime import datetime, timedelta

from temporalio.client import Client

from simulator.faults import fault
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
        await eventually(lambda: _taken(insyz, REPORTS), within=60)
    taken = [datetime.fromisoformat(one.submitted_at) for one in insyz.book.submissions()]
    # Twice the limit, one for each worker, would be over within 3 s.
    assert max(taken) - min(taken) > timedelta(seconds=(REPORTS - BURST) / PER_SECOND)
    assert max(_within_a_second(taken, start) for start in taken) <= BURST


async def test_a_worker_that_does_one_at_a_time_goes_on_while_others_wait_for_insyz(
    client: Client, insyz: Simulator
) -> None:
    reports = [a_report() for _ in range(REPORTS)]
    for report in reports[: REPORTS // 2]:
        insyz.script(report["id_zp"], fault("unavailable", retry_after=600))
    started = await asyncio.gather(*(submit(report, client=client) for report in reports))
    async with worker_process(insyz.url, TOKEN, INSYZ_MAX_CONCURRENT="1"):
        await eventually(lambda: _tried(insyz, REPORTS), within=60)
        # They wait as they have waited all the while; their runs are no longer at hand.
        for one in started[: REPORTS // 2]:
            await client.get_workflow_handle(one.workflow_id).signal("retry")
        await eventually(lambda: _taken(insyz, REPORTS), within=60)


async def _tried(insyz: Simulator, count: int) -> None:
    assert insyz.stats()["requests"]["submit"] == count


async def _taken(insyz: Simulator, count: int) -> None:
    assert len(insyz.book.submissions()) == count


def _within_a_second(moments: list[datetime], start: datetime) -> int:
    return sum(start <= moment < start + timedelta(seconds=1) for moment in moments)
