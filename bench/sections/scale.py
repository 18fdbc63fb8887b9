"""A backlog drained by one worker and by two: by the clock, and by the processor's time that it
took the server, the workers and the portal's database.

What a worker needs to start and to submit its first report is measured with a backlog of one, and
subtracted.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from temporalio.client import Client

from bench.contestants import Pipeline, portal_database
from bench.figures import Figure, Goal
from bench.processor import seconds_used
from bench.scale import Scale
from bench.stack import OURS, insyz, started, tuned_server
from workflows.contract import TASK_QUEUE

SECTION = "scale"
SMALL = 100
SMALL_ROUNDS = 3
STARTED_AT_ONCE = 50
LOOK_SECS, LOOK_EACH_SECS = 0.2, 0.0005
"""Between two looks whether all has ended, the latter for each report: a look counts them all, and
many would keep the server from its work."""
END_SECS, EACH_SECS = 60.0, 0.3
"""Bounds: a backlog that takes longer is not drained."""
AFTERMATH_SECS = 1.0
"""For what the server still does about reports that have ended; the clock does not see it."""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds: by the clock from the start of the workers to the last end, and of the processor."""

    clock: float
    processor: float


class Backlog:
    """Reports that wait for a worker."""

    def __init__(self, client: Client, ours: Pipeline, folder: Path, store: dict[str, str]) -> None:
        self._client = client
        self._ours = ours
        self._folder = folder
        self._store = store

    async def drained(self, count: int, *, workers: int = 1) -> Took:
        """What it took to drain `count` reports that wait."""
        await self._pile_up(count)
        await asyncio.sleep(AFTERMATH_SECS)
        began, used = datetime.now(UTC), seconds_used()
        ended = f'TaskQueue="{TASK_QUEUE}" AND CloseTime >= "{began.isoformat()}"'
        async with AsyncExitStack() as running:
            for _ in range(workers):
                await running.enter_async_context(started(OURS, self._folder, self._store))
            async with asyncio.timeout(END_SECS + count * EACH_SECS):
                await self._all_ended(ended, count)
            await asyncio.sleep(AFTERMATH_SECS)
            processor = seconds_used() - used
        ends = [run.close_time or began async for run in self._client.list_workflows(ended)]
        return Took((max(ends) - began).total_seconds(), processor)

    async def _all_ended(self, ended: str, count: int) -> None:
        while (await self._client.count_workflows(ended)).count < count:  # noqa: ASYNC110
            await asyncio.sleep(max(LOOK_SECS, count * LOOK_EACH_SECS))

    async def _pile_up(self, count: int) -> None:
        reports = await self._ours.reports(count)
        for first in range(0, count, STARTED_AT_ONCE):
            some = reports[first : first + STARTED_AT_ONCE]
            await asyncio.gather(*[self._ours.submitted(report) for report in some])


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    async with tuned_server(folder) as client, insyz(folder), portal_database() as portal:
        store = {"REPORTS_DATABASE_URL": portal.url}
        backlog = Backlog(client, Pipeline(client, portal), folder, store)
        firsts = [await backlog.drained(1) for _ in range(SMALL_ROUNDS)]
        first = Took(median(one.clock for one in firsts), median(one.processor for one in firsts))
        return [
            *await _large_against_small(backlog, scale.backlog, first),
            await _two_against_one(backlog, scale, first),
        ]


async def _large_against_small(backlog: Backlog, large: int, first: Took) -> list[Figure]:
    small = await _small(backlog, first)
    each = _each_ms(await backlog.drained(large), large, first)
    small += await _small(backlog, first)
    times = len(small)
    clock, processor = [one.clock for one in small], [one.processor for one in small]
    what = f"a backlog of {large:,} against {SMALL}, per report"
    return [
        Figure(SECTION, what, "ms", [each.clock] * times, clock, Goal(at_most=1.1)),
        Figure(
            SECTION,
            f"{what}, of the processor",
            "ms",
            [each.processor] * times,
            processor,
            Goal(at_most=1.1),
        ),
    ]


async def _small(backlog: Backlog, first: Took) -> list[Took]:
    return [_each_ms(await backlog.drained(SMALL), SMALL, first) for _ in range(SMALL_ROUNDS)]


async def _two_against_one(backlog: Backlog, scale: Scale, first: Took) -> Figure:
    rates: list[list[float]] = []
    for _ in range(scale.rounds):
        took = [await backlog.drained(scale.shared_backlog, workers=count) for count in (2, 1)]
        rates.append([1_000 / _each_ms(one, scale.shared_backlog, first).clock for one in took])
    two, one = zip(*rates, strict=True)
    return Figure(SECTION, "two workers against one", "/s", two, one)


def _each_ms(took: Took, count: int, first: Took) -> Took:
    """Milliseconds for each report but the first."""
    clock, processor = took.clock - first.clock, took.processor - first.processor
    return Took(1_000 * clock / (count - 1), 1_000 * processor / (count - 1))
