"""Procrastinate + PostgreSQL. Jobs are rows; those of a dead worker are retried by a periodic task.

The periodic task is the one of its guide on stalled jobs, every 2 s instead of every 10 minutes,
with a heartbeat each second instead of each ten. Jobs due for a retry are looked for each second.
Its interface tells a job's state, not its end: the caller asks every few milliseconds.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job, Status

from bench.peers.job import AT_ONCE, TRIES, deliver, handed_in, retry_pause
from bench.peers.peer import LOOK_SECS, Caller, server_url
from insyz.errors import PERMANENT_ERRORS
from workflows.contract import State

TITLE = "Procrastinate + PostgreSQL"
PACKAGE = "procrastinate"
WORKER = [sys.executable, "-m", "procrastinate", "--app", "bench.peers.with_procrastinate.app"]
WORKER += ["worker"]
STALLED_SECS = 3.0
ENDS = {Status.SUCCEEDED: State.SUBMITTED, Status.FAILED: State.REJECTED}

app = App(
    connector=PsycopgConnector(conninfo=server_url()),
    worker_defaults={
        "concurrency": AT_ONCE,
        "fetch_job_polling_interval": 1.0,
        "update_heartbeat_interval": 1.0,
        "stalled_worker_timeout": STALLED_SECS,
    },
)


class UnlessPermanent(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, PERMANENT_ERRORS) or job.attempts >= TRIES - 1:
            return None
        return RetryDecision(retry_in={"seconds": retry_pause(job.attempts)})


@app.task(retry=UnlessPermanent())
def submit_report(given: dict[str, Any]) -> dict[str, Any]:
    return deliver(given)


@app.periodic(cron="* * * * * */2")
@app.task(queueing_lock="retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 (given)
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECS):
        await app.job_manager.retry_job(job)


class ProcrastinateCaller:
    def __init__(self) -> None:
        self._jobs: dict[int, int] = {}

    async def submit(self, report: Mapping[str, Any]) -> None:
        job = await submit_report.defer_async(given=handed_in(report))
        self._jobs[report["id_zp"]] = job

    async def end_of(self, id_zp: int, within: float) -> State:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while True:
            status = await app.job_manager.get_job_status_async(self._jobs[id_zp])
            if status in ENDS or loop.time() > deadline:
                return ENDS.get(status, State.SEND)
            await asyncio.sleep(LOOK_SECS)


@asynccontextmanager
async def caller() -> AsyncIterator[Caller]:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        yield ProcrastinateCaller()
