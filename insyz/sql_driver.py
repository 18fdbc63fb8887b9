"""The driver: the only module that imports pytds. Everything here blocks.

pytds bounds single reads only, and some steps not at all, which a reply that dribbles outlives. So
it gets a socket without time-outs of its own; whoever runs it shuts that down from outside.
"""

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytds
import pytds.tls
from OpenSSL import SSL
from pydantic import SecretStr

from insyz.sql_address import SqlAddress
from insyz.sql_answers import (
    FIRST_OF_ERRORS,
    BrokenError,
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

Row = Mapping[str, Any]
Parameters = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Login:
    """Where, who, and which certificate authorities vouch for the server; None: without TLS."""

    address: SqlAddress
    password: SecretStr
    ca_file: str | None


class Wire:
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


def log_in(wire: Wire, login: Login) -> Any:
    """A connection of pytds. Raises ServerError, TlsError or BrokenError."""
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
        return TlsError(f"TLS: {words(error)}")
    return BrokenError(f"cannot log in to INSYZ: {words(error)}")


def run(connection: Any, statement: str, parameters: Parameters | None) -> Row | None:
    """Runs T-SQL in which `%(name)s` stands for a parameter; the first row of the last result set
    that has one.

    Raises ServerError or BrokenError; returns only after the last word of the reply.
    """
    cursor = connection.cursor()
    rows: list[Row] = []
    step: Callable[[], Any] = lambda: cursor.execute(statement, parameters)  # noqa: E731
    try:
        while _goes_on(step, cursor, rows):
            step = cursor.nextset
        errors = [_message(error) for _, error in cursor.messages]
    except Exception as error:
        raise BrokenError(words(error)) from error
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


def words(error: BaseException) -> str:
    """What went wrong, on the way to an answer."""
    return f"{type(error).__name__} {error}".strip()
