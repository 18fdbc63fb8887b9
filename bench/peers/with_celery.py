"""Celery + Redis. A task is acknowledged after its end, and comes back when its worker dies.

Late acknowledgement, `reject_on_worker_lost` and a prefetch of 1 are what Celery's own FAQ says for
tasks that must not be lost. A message of a dead worker comes back after the visibility time-out: an
hour by default, here scaled down as all other times are, yet longer than any retry waits. It is
looked for every two seconds instead of every hundred.
"""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from celery import Celery
from celery.exceptions import TimeoutError as CeleryTimeoutError

from bench.peers.job import AT_ONCE, FIRST_RETRY_SECS, MAX_RETRY_SECS, TRIES, deliver, handed_in
from bench.peers.peer import Caller, OneThread, server_url
from insyz.errors import PERMANENT_ERRORS
from workflows.contract import State

TITLE = "Celery + Redis"
PACKAGE = "celery"
WORKER = [sys.executable, "-m", "celery", "-A", "bench.peers.with_celery", "worker"]
WORKER += ["--concurrency", str(AT_ONCE), "--loglevel", "WARNING"]

app = Celery("peers", broker=server_url(), backend=server_url())
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 15,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
    },
)


@app.task(
    autoretry_for=(Exception,),
    dont_autoretry_for=PERMANENT_ERRORS,
    max_retries=TRIES - 1,
    retry_backoff=FIRST_RETRY_SECS,
    retry_backoff_max=MAX_RETRY_SECS,
)
def submit_report(given: Mapping[str, Any]) -> dict[str, Any]:
    return deliver(given)


class CeleryCaller(OneThread):
    async def submit(self, report: Mapping[str, Any]) -> None:
        await self.run(self._submit, report)

    async def end_of(self, id_zp: int, within: float) -> State:
        return await self.run(self._end_of, id_zp, within)

    @staticmethod
    def _submit(report: Mapping[str, Any]) -> None:
        submit_report.apply_async((handed_in(report),), task_id=_task_id(report["id_zp"]))

    @staticmethod
    def _end_of(id_zp: int, within: float) -> State:
        result = app.AsyncResult(_task_id(id_zp))
        try:
            result.get(timeout=within, propagate=False)
        except CeleryTimeoutError:
            return State.SEND
        return State.SUBMITTED if result.successful() else State.REJECTED


def _task_id(id_zp: int) -> str:
    return f"report-{id_zp}"


@asynccontextmanager
async def caller() -> AsyncIterator[Caller]:
    with CeleryCaller() as opened:
        yield opened
