"""Dramatiq + Redis. A message is acknowledged after its end, and retried by the middleware.

The messages of a worker that has not been heard of for the heartbeat time-out (a minute by default,
here 5 s) are taken back by another worker's maintenance, which every tenth command does, instead of
every thousandth.
"""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import ResultFailure, Results, ResultTimeout
from dramatiq.results.backends import RedisBackend

from bench.peers.job import AT_ONCE, FIRST_RETRY_SECS, MAX_RETRY_SECS, TRIES, deliver, handed_in
from bench.peers.peer import Caller, OneThread, server_url
from insyz.errors import PERMANENT_ERRORS
from workflows.contract import State

TITLE = "Dramatiq + Redis"
PACKAGE = "dramatiq"
WORKER = [sys.executable, "-m", "dramatiq", "bench.peers.with_dramatiq"]
WORKER += ["--processes", "1", "--threads", str(AT_ONCE)]

broker = RedisBroker(url=server_url(), heartbeat_timeout=5_000, maintenance_chance=100_000)
# Who waits for a result waits longer than the 5 s that redis-py allows a read by default.
results = redis.Redis.from_url(server_url(), socket_timeout=None)
broker.add_middleware(Results(backend=RedisBackend(client=results)))
dramatiq.set_broker(broker)


@dramatiq.actor(
    store_results=True,
    max_retries=TRIES - 1,
    min_backoff=FIRST_RETRY_SECS * 1_000,
    max_backoff=MAX_RETRY_SECS * 1_000,
    throws=PERMANENT_ERRORS,
)
def submit_report(given: Mapping[str, Any]) -> dict[str, Any]:
    return deliver(given)


class DramatiqCaller(OneThread):
    def __init__(self) -> None:
        super().__init__()
        self._messages: dict[int, dramatiq.Message[Any]] = {}

    async def submit(self, report: Mapping[str, Any]) -> None:
        message = await self.run(submit_report.send, handed_in(report))
        self._messages[report["id_zp"]] = message

    async def end_of(self, id_zp: int, within: float) -> State:
        return await self.run(self._end_of, id_zp, within)

    def _end_of(self, id_zp: int, within: float) -> State:
        try:
            self._messages[id_zp].get_result(block=True, timeout=max(1, int(within * 1_000)))
        except ResultTimeout:
            return State.SEND
        except ResultFailure:
            return State.REJECTED
        return State.SUBMITTED


@asynccontextmanager
async def caller() -> AsyncIterator[Caller]:
    with DramatiqCaller() as opened:
        yield opened
