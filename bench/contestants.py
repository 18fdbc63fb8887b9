"""What is compared: each takes one report from its start to the known end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from temporalio.client import Client

from bench import naive
from bench.reports import fresh_reports
from bench.stack import NAIVE, OURS, started
from starter.connection import TemporalUnreachableError
from starter.submission import Started, submit, wait_for_result
from tests.portal import Portal
from tests.postgres import postgres_server
from workflows.contract import State

Report = dict[str, Any]
WARM_UP = 20
END_SECS = 120.0


class Contestant(Protocol):
    async def reports(self, count: int) -> list[Report]:
        """Fresh ones, known to whoever has to know them before they are handed over."""

    async def deliver(self, report: Report) -> None:
        """Returns once INSYZ has it and the end is known here. Raises AssertionError else."""


class Pipeline:
    """Ours, whole: validated, looked up before it is sent, its outcome in the portal's table."""

    def __init__(self, client: Client, portal: Portal) -> None:
        self._client = client
        self._portal = portal

    async def reports(self, count: int) -> list[Report]:
        fresh = [*islice(_FRESH, count)]
        for report in fresh:
            await self._portal.has(report)
        return fresh

    async def deliver(self, report: Report) -> None:
        ended = await wait_for_result(await self.submitted(report), END_SECS)
        assert ended is not None
        assert ended.state is State.SUBMITTED, ended

    async def submitted(self, report: Report) -> Started:
        """As a caller does it whom a busy server kept waiting: once more, which joins the run."""
        while True:
            with suppress(TemporalUnreachableError):
                return await submit(report, client=self._client)


class Naive:
    """See bench.naive."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def reports(self, count: int) -> list[Report]:
        return [*islice(_FRESH, count)]

    async def deliver(self, report: Report) -> None:
        id_ = f"naive-{report['id_zp']}"
        receipt = await self._client.execute_workflow(
            naive.WORKFLOW, report, id=id_, task_queue=self._task_queue
        )
        assert receipt["success"], receipt


_FRESH = fresh_reports()


@asynccontextmanager
async def portal_database() -> AsyncIterator[Portal]:
    """The portal's, on PostgreSQL that waits for the disk."""
    async with postgres_server(durable=True) as server, Portal(server.url) as portal:
        yield portal


@asynccontextmanager
async def pipeline(client: Client, folder: Path) -> AsyncIterator[Pipeline]:
    """With a worker and a database, warm."""
    async with (
        portal_database() as portal,
        started(OURS, folder, {"REPORTS_DATABASE_URL": portal.url}),
    ):
        ours = Pipeline(client, portal)
        await at_once(ours, WARM_UP)
        yield ours


@asynccontextmanager
async def naive_program(address: str, folder: Path, *, lean: bool = False) -> AsyncIterator[Naive]:
    """With a worker, warm; its client is as it comes, or `lean` like the worker."""
    command = [*NAIVE, naive.LEAN] if lean else NAIVE
    task_queue = naive.LEAN_TASK_QUEUE if lean else naive.TASK_QUEUE
    async with started(command, folder, {"TEMPORAL_ADDRESS": address}):
        theirs = Naive(await naive.connected(address, lean=lean), task_queue)
        await at_once(theirs, WARM_UP)
        yield theirs


async def one_at_a_time(contestants: Sequence[Contestant], count: int) -> list[list[float]]:
    """Seconds of each delivery of each contestant, in turns: A B A B …"""
    given = [await one.reports(count) for one in contestants]
    took: list[list[float]] = [[] for _ in contestants]
    for turn in zip(*given, strict=True):
        for place, (contestant, report) in enumerate(zip(contestants, turn, strict=True)):
            took[place].append(await seconds(lambda: contestant.deliver(report)))  # noqa: B023
    return took


async def at_once(contestant: Contestant, count: int) -> float:
    """Reports a second, all handed over at the same time."""
    reports = await contestant.reports(count)
    return count / await seconds(
        lambda: asyncio.gather(*[contestant.deliver(report) for report in reports])
    )


async def seconds(action: Callable[[], Any]) -> float:
    """Raises TimeoutError instead of measuring for ever."""
    started_at = time.perf_counter()
    async with asyncio.timeout(END_SECS):
        await action()
    return time.perf_counter() - started_at
