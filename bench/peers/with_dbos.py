"""DBOS on PostgreSQL. A durable workflow of one step, from a queue; the step is retried.

Each worker has an executor id of its own, which it keeps: after its death it takes its own
workflows up again, and nobody else's. The queue is looked at ten times a second instead of once,
and the outcome every few milliseconds: the figures would otherwise show these intervals alone.
"""

import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, run_dbos_database_migrations

from bench.peers.job import AT_ONCE, FIRST_RETRY_SECS, TRIES, deliver, handed_in
from bench.peers.peer import LOOK_SECS, WORKER_NUMBER, Caller, OneThread, server_url
from insyz.errors import PERMANENT_ERRORS
from workflows.contract import State

TITLE = "DBOS (PostgreSQL)"
PACKAGE = "dbos"
WORKER = [sys.executable, "-m", "bench.peers.with_dbos"]
QUEUE = "reports"
QUEUE_LOOK_SECS = 0.1
SLOWER_EACH_TIME = 1.5
"""It has no longest pause; with this factor the last one is about as long as a doubled one cut off
at 4 s twice."""
GOING_ON = frozenset({"ENQUEUED", "DELAYED", "PENDING"})


def _mends(error: BaseException) -> bool:
    return not isinstance(error, PERMANENT_ERRORS)


@DBOS.step(
    retries_allowed=True,
    max_attempts=TRIES,
    interval_seconds=FIRST_RETRY_SECS,
    backoff_rate=SLOWER_EACH_TIME,
    should_retry=_mends,
)
def send_report(given: dict[str, Any]) -> dict[str, Any]:
    return deliver(given)


@DBOS.workflow()
def submit_report(given: dict[str, Any]) -> dict[str, Any]:
    receipt: dict[str, Any] = send_report(given)
    return receipt


class DbosCaller(OneThread):
    def __init__(self, client: DBOSClient) -> None:
        super().__init__()
        self._client = client

    async def submit(self, report: Mapping[str, Any]) -> None:
        await self.run(self._submit, report)

    async def end_of(self, id_zp: int, within: float) -> State:
        return await self.run(self._end_of, id_zp, within)

    def _submit(self, report: Mapping[str, Any]) -> None:
        self._client.enqueue(
            {
                "queue_name": QUEUE,
                "workflow_name": submit_report.__qualname__,
                "workflow_id": _workflow_id(report["id_zp"]),
            },
            handed_in(report),
        )

    def _end_of(self, id_zp: int, within: float) -> State:
        handle = self._client.retrieve_workflow(_workflow_id(id_zp))
        deadline = time.monotonic() + within
        while (status := handle.get_status().status) in GOING_ON:
            if time.monotonic() > deadline:
                return State.SEND
            time.sleep(LOOK_SECS)
        return State.SUBMITTED if status == "SUCCESS" else State.REJECTED


def _workflow_id(id_zp: int) -> str:
    return f"report-{id_zp}"


@asynccontextmanager
async def caller() -> AsyncIterator[Caller]:
    run_dbos_database_migrations(server_url())
    client = DBOSClient(system_database_url=server_url())
    try:
        with DbosCaller(client) as opened:
            yield opened
    finally:
        client.destroy()


def _work() -> None:
    config: DBOSConfig = {
        "name": "peers",
        "system_database_url": server_url(),
        "executor_id": f"worker-{os.environ[WORKER_NUMBER]}",
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=QUEUE_LOOK_SECS)
    threading.Event().wait()


if __name__ == "__main__":
    _work()
