"""The on-demand worker: one on this machine, started when there is work, gone when there is none.

Exactly one, however many processes ask for it at once: whoever gets the lock starts it and hands
the lock over to it. Everybody else waits until it polls.
"""

import asyncio
import hashlib
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from starter.state_dir import state_dir
from starter.worker_limits import ON_DEMAND, Limits
from starter.worker_lock import Holder, WorkerLock, noted_holder
from starter.workers import LiveWorker, live_workers

START_SECS = 10.0
STUCK_AFTER_SECS = 300.0
TERM_SECS = 5.0
"""From SIGTERM to SIGKILL of a stuck one: what it is at is safe anyway."""
SAME_SECS = 0.1
"""Two processes that had one pid were not born in the same moment."""
LOOK_SECS = 0.05
MAX_LOG_BYTES = 5_000_000
TAIL_BYTES = 2_000


class NoWorkerStartedError(Exception):
    """No worker polls, and none could be started; what is submitted waits for one."""


@dataclass(frozen=True, slots=True)
class Ensured:
    """A worker that serves the queue: `started` by this call, or there before. `pid` is 0 where
    the server does not tell."""

    pid: int
    started: bool


async def ensure_worker(
    client: Client, *, limits: Limits = ON_DEMAND, stuck_secs: float | None = None
) -> Ensured:
    """Returns when a worker polls the task queue; starts one on this machine if need be.

    A report must be submitted before this is called for it: a worker that is about to leave looks
    for work once more after it is known not to be counted on. `stuck_secs`: from this age on, an
    on-demand worker that does not poll is ended and replaced (INSYZ_WORKER_STUCK_SECS, 300).
    Raises NoWorkerStartedError after 10 s, or TemporalUnreachableError.
    """
    stuck_secs = stuck_secs or float(os.environ.get("INSYZ_WORKER_STUCK_SECS") or STUCK_AFTER_SECS)
    path = _lock_path(client)
    deadline = time.monotonic() + START_SECS
    while True:
        live = await live_workers(client)
        holder = noted_holder(path)
        if lock := WorkerLock.take(path):
            return await _with_lock(client, lock, live, holder, limits)
        if found := _counted_on(live, holder):
            return Ensured(found.pid, started=False)
        if holder:
            await asyncio.to_thread(_end_if_stuck, holder, stuck_secs)
        if time.monotonic() > deadline:
            raise NoWorkerStartedError(_why(f"an on-demand worker does not poll: {holder}"))
        await asyncio.sleep(LOOK_SECS)


async def _with_lock(
    client: Client,
    lock: WorkerLock,
    live: list[LiveWorker],
    left: Holder | None,
    limits: Limits,
) -> Ensured:
    """`left`: the last on-demand worker; without the lock it is about to leave, if it lives."""
    try:
        for worker in live:
            if not _is(worker, left):
                return Ensured(worker.pid, started=False)
        return await _start(client, lock, limits)
    finally:
        lock.close()


async def _start(client: Client, lock: WorkerLock, limits: Limits) -> Ensured:
    import psutil

    process = _spawn(lock, limits)
    lock.note(process.pid, psutil.Process(process.pid).create_time())
    deadline = time.monotonic() + START_SECS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NoWorkerStartedError(_why(f"it left at once, exit code {process.returncode}"))
        for worker in await live_workers(client):
            if worker.pid in {process.pid, 0}:
                return Ensured(process.pid, started=True)
        await asyncio.sleep(LOOK_SECS)
    raise NoWorkerStartedError(_why(f"process {process.pid} does not poll"))


def _spawn(lock: WorkerLock, limits: Limits) -> "subprocess.Popen[bytes]":
    """A worker in a session of its own, so that it outlives this process and its terminal."""
    command = [sys.executable, str(Path(__file__).parents[1] / "worker.py")]
    with _log_file().open("ab") as log:
        return subprocess.Popen(  # noqa: S603 (our own program)
            [*command, *limits.options(), f"--lock-fd={lock.descriptor}"],
            pass_fds=[lock.descriptor],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=state_dir(),
            start_new_session=True,
        )


def _counted_on(live: list[LiveWorker], holder: Holder | None) -> LiveWorker | None:
    """The holder of the lock, polling. Where the server tells no pids, any worker."""
    return next((worker for worker in live if worker.pid == 0 or _is(worker, holder)), None)


def _is(worker: LiveWorker, holder: Holder | None) -> bool:
    return holder is not None and (worker.host, worker.pid) == (holder.host, holder.pid)


def _end_if_stuck(holder: Holder, stuck_secs: float) -> None:
    """Ends the very process that was noted, if it is on this host and old enough."""
    import psutil

    if holder.host != socket.gethostname() or time.time() - holder.created < stuck_secs:
        return
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(holder.pid)
        if abs(process.create_time() - holder.created) > SAME_SECS:
            return
        process.terminate()
        try:
            process.wait(TERM_SECS)
        except psutil.TimeoutExpired:
            process.kill()


def _lock_path(client: Client) -> Path:
    """One for each Temporal namespace that this machine works for."""
    where = f"{client.service_client.config.target_host} {client.namespace}"
    return state_dir() / f"worker-{hashlib.sha256(where.encode()).hexdigest()[:8]}.lock"


def _log_file() -> Path:
    path = state_dir() / "worker.log"
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path


def _why(what: str) -> str:
    """With the last line of its log, which most often says it all."""
    path = _log_file()
    lines = path.read_bytes()[-TAIL_BYTES:].decode(errors="replace").splitlines()
    last = f"; its last words: {lines[-1]}" if lines else ""
    return f"no worker could be started: {what}{last} (log: {path})"
