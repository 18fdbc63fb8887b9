"""Watches a worker until it has a reason to leave."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from lifetime.workload import Workload
from starter.connection import TemporalUnreachableError
from starter.demand import needs_a_worker
from starter.worker_limits import Limits
from starter.worker_lock import WorkerLock

LOOK_SECS = 0.2
FAR = timedelta(seconds=60)
"""A report that waits for longer than this does not keep a worker."""
LAST_LOOK_SECS = 1.0
"""Between giving up the lock and the last look for work: a list of runs lags by some milliseconds,
and who has just submitted a report took this worker for one that stays."""
MIB = 1024 * 1024


class Leaving:
    """When the worker that does `workload` leaves. `lock`: of the on-demand one."""

    def __init__(
        self, client: Client, limits: Limits, workload: Workload, lock: WorkerLock | None = None
    ) -> None:
        self._client = client
        self._limits = limits
        self._workload = workload
        self._lock = lock

    async def reason(self) -> str:
        """Returns once a limit is reached, in words."""
        while True:
            if reached := self._reached():
                return reached
            if await self._is_idle() and await self._parts_for_good():
                return f"idle for {self._workload.idle_secs:.0f} s"
            await asyncio.sleep(LOOK_SECS)

    def _reached(self) -> str | None:
        """What can be told without asking anybody."""
        limits, workload = self._limits, self._workload
        if limits.reports is not None and workload.reports_ended >= limits.reports:
            return f"{workload.reports_ended} reports have come to their end"
        if limits.time_secs is not None and time.monotonic() - workload.started > limits.time_secs:
            return f"the time limit of {limits.time_secs:g} s is over"
        if limits.quiet_secs is not None and workload.idle_secs > limits.quiet_secs:
            return f"no try has been under way for {limits.quiet_secs:g} s"
        if limits.memory_mb is not None and (used := _resident_mb()) > limits.memory_mb:
            return f"{used:.0f} MB of memory are in use"
        return None

    async def _is_idle(self) -> bool:
        if self._limits.idle_secs is None or self._workload.idle_secs < self._limits.idle_secs:
            return False
        # Whoever cannot ask does not know, and stays: the quiet limit ends this, too.
        with suppress(TemporalUnreachableError, RPCError):
            return not await needs_a_worker(self._client, within=FAR)
        return False

    async def _parts_for_good(self) -> bool:
        """Without the lock, a submitter starts another worker; with it, it relies on this one. So
        it is given up first, and only then looked for work that came in meanwhile."""
        if self._lock is None:
            return True
        self._lock.release()
        await asyncio.sleep(LAST_LOOK_SECS)
        return await self._is_idle() or not self._lock.take_again()


async def first_of(*reasons: Coroutine[None, None, str]) -> str:
    """What the one says that returns first; the others are cancelled."""
    tasks = [asyncio.create_task(reason) for reason in reasons]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()


def _resident_mb() -> float:
    import psutil

    used: int = psutil.Process().memory_info().rss
    return used / MIB
