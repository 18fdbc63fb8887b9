"""One connection to SQL Server, for a task to wait on.

The driver blocks, so each step runs in a thread, and whoever awaits sets one deadline for
everything. When that passes, or the task is cancelled, the socket is shut down and the thread comes
back at once.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Self, TypeVar

from insyz import sql_driver
from insyz.sql_address import SqlAddress
from insyz.sql_answers import BrokenError, Phase
from insyz.sql_driver import Login, Parameters, Row, Wire, words

T = TypeVar("T")


class SqlSession:
    """A connection, open or on its way there; `phase` is that of the last request."""

    def __init__(self, threads: Executor) -> None:
        self.phase = Phase.ASKING
        self._threads = threads
        self._job: asyncio.Future[Any] | None = None
        self._socket: socket.socket | None = None
        self._connection: Any = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Without a word to the server, which then rolls back whatever is not committed."""
        if self._socket is None:
            return
        Wire(self._socket).close()
        if self._job is None or self._job.done():
            self._close(None)
        else:
            # Not while a thread still reads: the number of the file could be another one's by then.
            self._job.add_done_callback(self._close)

    def _close(self, _job: object) -> None:
        if self._socket is not None:
            self._socket.close()

    async def connect(self, address: SqlAddress) -> None:
        """Raises BrokenError."""
        try:
            self._socket = await _connected(address.host, address.port)
        except OSError as error:
            raise BrokenError(f"cannot reach INSYZ: {words(error)}") from error

    async def log_in(self, login: Login) -> None:
        """Raises ServerError, TlsError or BrokenError."""
        assert self._socket is not None  # noqa: S101 (after connect)
        wire = Wire(self._socket)
        self._connection = await self._in_thread(lambda: sql_driver.log_in(wire, login))

    async def run(
        self, phase: Phase, statement: str, parameters: Parameters | None = None
    ) -> Row | None:
        """What `sql_driver.run` does, and raises; a failure means what `phase` allows."""
        self.phase = phase
        return await self._in_thread(
            lambda: sql_driver.run(self._connection, statement, parameters)
        )

    async def _in_thread(self, step: Callable[[], T]) -> T:
        job = asyncio.get_running_loop().run_in_executor(self._threads, step)
        # Nobody may be left to look at what a step met that was given up.
        job.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        self._job = job
        return await asyncio.shield(job)


async def _connected(host: str, port: int) -> socket.socket:
    """A blocking socket to the first address of `host` that takes a connection."""
    loop = asyncio.get_running_loop()
    refused: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        one = socket.socket(family, kind, protocol)
        try:
            one.setblocking(False)
            await loop.sock_connect(one, address)
        except OSError as error:
            one.close()
            refused = error
        except BaseException:
            one.close()
            raise
        else:
            one.setblocking(True)
            return one
    raise refused
