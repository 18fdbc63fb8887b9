"""This project, as it comes: the worker with its own settings, on the embedded server."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from temporalio.client import Client

from bench.peers.peer import Caller
from chaos.stack import WORKERS
from starter.connection import connect
from starter.submission import Started, submit, wait_for_result
from workflows.contract import State

TITLE = "insyz-pipeline"
PACKAGE = "insyz-pipeline"
WORKER = WORKERS["ours"]


class OurCaller:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._started: dict[int, Started] = {}

    async def submit(self, report: Mapping[str, Any]) -> None:
        self._started[report["id_zp"]] = await submit(report, client=self._client)

    async def end_of(self, id_zp: int, within: float) -> State:
        status = await wait_for_result(self._started[id_zp], within)
        return State.SEND if status is None else status.state


@asynccontextmanager
async def caller() -> AsyncIterator[Caller]:
    yield OurCaller(await connect())
