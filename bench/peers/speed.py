"""How fast a tool is while nothing goes wrong, and what it takes: one worker, INSYZ at its best."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.peers.peer import Caller, Peer
from bench.peers.servers import insyz
from bench.peers.workers import Worker
from bench.processor import seconds_used
from chaos.reports import make_reports
from workflows.contract import State

SEED = 1
COLD_STARTS = 3
WARM_UP = 10
ONE_BY_ONE = 50
AT_ONCE = 300
CALLS_AT_A_TIME = 50
IDLE_SECS = 3.0
GONE_SECS = 1.0
PATIENCE_SECS = 180.0


@dataclass(frozen=True, slots=True)
class Speed:
    """`p50` and `cold` in seconds, `rate` in reports a second, `megabytes` of an idle worker.

    `processor` in seconds for one of many reports, by the tool's server and its worker.
    """

    p50: float
    rate: float
    processor: float
    cold: float
    megabytes: float


async def speed(peer: Peer, folder: Path) -> Speed:
    """Each report from its being handed in until the caller knows its end."""
    count = COLD_STARTS + WARM_UP + ONE_BY_ONE + AT_ONCE
    reports = iter(make_reports(count, SEED))
    async with insyz(folder / "insyz-speed.log"):
        cold = [await _cold_start(peer, folder, next(reports)) for _ in range(COLD_STARTS)]
        async with Worker(peer, folder, 1, {}) as worker:
            await _seconds_each(peer.caller, reports, WARM_UP)
            await asyncio.sleep(IDLE_SECS)
            megabytes = worker.megabytes()
            p50 = median(await _seconds_each(peer.caller, reports, ONE_BY_ONE))
            used = seconds_used()
            rate = AT_ONCE / await _seconds_together(peer.caller, [*reports])
            processor = (seconds_used() - used) / AT_ONCE
    return Speed(p50, rate, processor, median(cold), megabytes)


async def _cold_start(peer: Peer, folder: Path, report: Mapping[str, Any]) -> float:
    """From the start of the process to the end of a report that waits already."""
    # Celery's broker would hand the report to a dead worker whose connection is still closing.
    await asyncio.sleep(GONE_SECS)
    await peer.caller.submit(report)
    began = time.perf_counter()
    async with Worker(peer, folder, 1, {}):
        await _ended(peer.caller, report)
        return time.perf_counter() - began


async def _seconds_each(
    caller: Caller, reports: Iterator[Mapping[str, Any]], count: int
) -> list[float]:
    took = []
    for _ in range(count):
        report = next(reports)
        began = time.perf_counter()
        await caller.submit(report)
        await _ended(caller, report)
        took.append(time.perf_counter() - began)
    return took


async def _seconds_together(caller: Caller, reports: Sequence[Mapping[str, Any]]) -> float:
    places = asyncio.Semaphore(CALLS_AT_A_TIME)

    async def each(call: Callable[[Mapping[str, Any]], Awaitable[None]]) -> None:
        async def one(report: Mapping[str, Any]) -> None:
            async with places:
                await call(report)

        await asyncio.gather(*(one(report) for report in reports))

    began = time.perf_counter()
    await each(caller.submit)
    await each(lambda report: _ended(caller, report))
    return time.perf_counter() - began


async def _ended(caller: Caller, report: Mapping[str, Any]) -> None:
    end = await caller.end_of(report["id_zp"], PATIENCE_SECS)
    if end is not State.SUBMITTED:
        raise RuntimeError(f"report {report['id_zp']} is {end} though nothing went wrong")
