"""One connection to SQL Server: the only module that imports pytds.

pytds blocks, so each step runs in a thread. It bounds single reads only, and some steps not at all,
which a reply that dribbles outlives: so it gets a socket without time-outs of its own, and whoever
awaits sets one deadline for everything. When that passes, or the task is cancelled, the socket is
shut down and the thread comes back at once.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import pytds
import pytds.tls
from OpenSSL import SSL
from pydantic import SecretStr

from insyz.sql_address import SqlAddress
from insyz.sql_answers import (
    FIRST_OF_ERRORS,
    BrokenError,
    Phase,
    ServerError,
    ServerMessage,
    TlsError,
)
from insyz.sql_tls import certifies

# Its own check heeds the case of letters, cuts some off, knows no IP addresses, and asks pyOpenSSL
# for what 26.2 has no more (denisenkom/pytds#199). It is looked up anew at each handshake.
pytds.tls.validate_host = certifies

APPLICATION = "insyz-pipeline"
"""What the DBA sees in sys.dm_exec_sessions."""

T = TypeVar("T")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Login:
    """Where, who, and which certificate authorities vouch for the server; None: without TLS."""

    address: SqlAddress
    password: SecretStr
    ca_file: str | None


class _Wire:
    """A socket as pytds uses it, minus the time-outs; closing it wakes a thread that reads."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self.setsockopt = connected.setsockopt
        self.sendall = connected.sendall
        self.recv = connected.recv
        self.recv_into = connected.recv_into

    def settimeout(self, _seconds: float | None) -> None:
        """The deadline is not the driver's business."""

    def gettimeout(self) -> None:
        return None

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


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
        _Wire(self._socket).close()
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
            raise BrokenError(f"cannot reach INSYZ: {_words(error)}") from error

    async def log_in(self, login: Login) -> None:
        """Raises ServerError, TlsError or BrokenError."""
        assert self._socket is not None  # noqa: S101 (after connect)
        wire = _Wire(self._socket)
        self._connection = await self._in_thread(lambda: _logged_in(wire, login))

    async def run(
        self, phase: Phase, statement: str, parameters: Mapping[str, str | int] | None = None
    ) -> Row | None:
        """Runs T-SQL in which `%(name)s` stands for a parameter; the first row of the last result
        set that has one.

        Raises ServerError or BrokenError; returns only after the last word of the reply.
        """
        self.phase = phase
        return await self._in_thread(lambda: _drained(self._connection, statement, parameters))

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


def _logged_in(wire: _Wire, login: Login) -> Any:
    try:
        return pytds.connect(
            dsn=login.address.host,
            port=login.address.port,
            database=login.address.database,
            user=login.address.user,
            password=login.password.get_secret_value(),
            cafile=login.ca_file,
            appname=APPLICATION,
            autocommit=True,
            sock=wire,
            # What remains of it after a failure, pytds would sleep; the wire knows no time-outs.
            login_timeout=0,
            disable_connect_retry=True,
        )
    except Exception as error:
        # It wraps what it might have tried again in a TimeoutError.
        cause = error.__cause__ if isinstance(error, TimeoutError) and error.__cause__ else error
        raise _login_error(cause) from error


def _login_error(error: BaseException) -> ServerError | BrokenError:
    if isinstance(error, pytds.DatabaseError) and error.number:
        return ServerError([_message(error)])
    # Of its own class it is the driver that refuses: no encryption there, or another host's name.
    if isinstance(error, SSL.Error) or type(error) is pytds.Error:
        return TlsError(f"TLS: {_words(error)}")
    return BrokenError(f"cannot log in to INSYZ: {_words(error)}")


def _drained(
    connection: Any, statement: str, parameters: Mapping[str, str | int] | None
) -> Row | None:
    cursor = connection.cursor()
    rows: list[Row] = []
    step: Callable[[], Any] = lambda: cursor.execute(statement, parameters)  # noqa: E731
    try:
        while _goes_on(step, cursor, rows):
            step = cursor.nextset
        errors = [_message(error) for _, error in cursor.messages]
    except Exception as error:
        raise BrokenError(_words(error)) from error
    errors = [error for error in errors if error.severity >= FIRST_OF_ERRORS]
    if errors:
        raise ServerError(errors)
    return rows[-1] if rows else None


def _goes_on(step: Callable[[], Any], cursor: Any, rows: list[Row]) -> bool:
    """An error ends nothing: it may follow rows, and what follows it may say more."""
    try:
        there_is_more = bool(step())
        if cursor.description and (row := cursor.fetchone()):
            names = [column[0] for column in cursor.description]
            rows.append(dict(zip(names, row, strict=True)))
    except pytds.DatabaseError as error:
        if not error.number:
            raise
        return True
    return there_is_more


def _message(error: Any) -> ServerMessage:
    return ServerMessage(error.number, error.severity, error.text)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__} {error}".strip()
