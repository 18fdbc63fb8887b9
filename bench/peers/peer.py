"""What the tools have in common: a server, a worker process, and a caller who waits for ends."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, ParamSpec, Protocol, Self, TypeVar

from bench.peers.servers import Server, postgres_server, redis_server, temporal_server
from workflows.contract import State

SERVER = "PEERS_SERVER"
"""The environment variable with the address of the tool's server."""
WORKER_NUMBER = "PEERS_WORKER"
"""The same for a worker process and for the one that replaces it after its death."""
LOOK_SECS = 0.005
"""Between two looks at an outcome, where a tool has no way to wait for it."""

P = ParamSpec("P")
T = TypeVar("T")


def server_url() -> str:
    return os.environ[SERVER]


class Caller(Protocol):
    """Who hands in reports, as a web backend does."""

    async def submit(self, report: Mapping[str, Any]) -> None:
        """Returns as soon as the tool has it."""

    async def end_of(self, id_zp: int, within: float) -> State:
        """What the tool says became of it: `submitted`, `rejected`, or `send` after `within` s."""


class OneThread:
    """For a tool that blocks: all calls to it are made from one thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: call(*args, **kwargs))


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool whose server runs. `worker` is the command of a worker process."""

    title: str
    version: str
    worker: Sequence[str]
    caller: Caller


KNOWN: Mapping[str, tuple[Callable[[Path], AbstractAsyncContextManager[Server]], str]] = {
    "insyz": (temporal_server, "bench.peers.ours"),
    "celery": (redis_server, "bench.peers.with_celery"),
    "dramatiq": (redis_server, "bench.peers.with_dramatiq"),
    "procrastinate": (postgres_server, "bench.peers.with_procrastinate"),
    "dbos": (postgres_server, "bench.peers.with_dbos"),
}
"""By name: the server that it needs, and its module."""


@asynccontextmanager
async def opened(name: str, folder: Path) -> AsyncIterator[Peer]:
    """The tool of that name with its server and a caller. Its worker is not started."""
    server, module = KNOWN[name]
    async with server(folder) as url:
        os.environ[SERVER] = url
        # Only now: these modules read the address when they are imported, as such modules do.
        tool = import_module(module)
        async with tool.caller() as caller:
            yield Peer(tool.TITLE, version(tool.PACKAGE), tool.WORKER, caller)
