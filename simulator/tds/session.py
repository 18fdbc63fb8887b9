"""One connection to the SQL Server, from its first packet to its end."""

import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum

from simulator.order import Target
from simulator.plan import FaultPlan
from simulator.tds.channel import PACKET_BYTES, Channel, GoneError, Kind
from simulator.tds.faults import SqlFault
from simulator.tds.requests import Login, read_login, read_statement, wanted_encryption
from simulator.tds.statements import TRANSACTION_ID, Catalog, Operation
from simulator.tds.tokens import (
    ATTENTION,
    COLLATION,
    CZECH_CI_AS,
    DATABASE,
    DONE,
    DONE_PROC,
    PACKET_SIZE,
    ROLLED_BACK,
    VERSION,
    SqlError,
    changed,
    done,
    login_acknowledged,
)
from simulator.tds.turn import CancelledStatement, Turn

STATEMENT_LOG = logging.getLogger("simulator.tds.statements")
NO_DATABASE, LOGIN_FAILED = 4060, 18456


class Encryption(IntEnum):
    """What a PRELOGIN says of it."""

    OFF = 0
    ON = 1
    NOT_SUPPORTED = 2
    REQUIRED = 3


@dataclass(frozen=True)
class Door:
    """Who is let in, and how.

    Attributes:
        logins: passwords by user.
        tls: None for a server without a certificate.
        requires_tls: whether a client that has no TLS is turned away.
    """

    logins: dict[str, str]
    database: str
    tls: ssl.SSLContext | None = None
    requires_tls: bool = False


class Session:
    """Answers for INSYZ's SQL Server, or lets a fault answer.

    Args:
        counted: is told of each statement and login.
        refuse_connections: starts an outage.
    """

    def __init__(
        self,
        channel: Channel,
        door: Door,
        catalog: Catalog,
        plan: FaultPlan[SqlFault],
        counted: Callable[[Target], None],
        refuse_connections: Callable[[float], Awaitable[None]],
    ) -> None:
        self._channel = channel
        self._door = door
        self._catalog = catalog
        self._plan = plan
        self._counted = counted
        self._refuse_connections = refuse_connections

    async def run(self) -> None:
        """Until the client leaves; what it has not committed is gone then."""
        with suppress(GoneError):
            await self._greet()
            if not await self._log_in():
                return
            while True:
                kind, body = await self._channel.read()
                if kind == Kind.ATTENTION:
                    await self._channel.write(done(status=ATTENTION))
                else:
                    await self._statement(kind, body)

    async def _greet(self) -> None:
        kind, body = await self._channel.read()
        if kind != Kind.PRELOGIN:
            raise GoneError
        reply = self._encryption(wanted_encryption(body))
        await self._channel.write(_prelogin(reply))
        if reply is not Encryption.NOT_SUPPORTED:
            assert self._door.tls is not None  # noqa: S101 (or it would not be supported)
            await self._channel.start_tls(self._door.tls)

    def _encryption(self, wanted: int) -> Encryption:
        if self._door.tls is None:
            return Encryption.NOT_SUPPORTED
        if wanted in {Encryption.ON, Encryption.REQUIRED}:
            return Encryption.ON
        return Encryption.REQUIRED if self._door.requires_tls else Encryption.NOT_SUPPORTED

    async def _log_in(self) -> bool:
        kind, body = await self._channel.read()
        if kind != Kind.LOGIN:
            raise GoneError
        login = read_login(body)

        async def work(_held: float) -> bytes:
            self._check(login)
            return _welcome(login)

        return await self._play(Operation(Target.LOGIN, Target.LOGIN, work), DONE)

    def _check(self, login: Login) -> None:
        words = f"Přihlášení uživatele '{login.user}' se nezdařilo."
        if self._door.logins.get(login.user) != login.password:
            raise SqlError(LOGIN_FAILED, words, severity=14)
        if login.database != self._door.database:
            refused = SqlError(NO_DATABASE, f"Nelze otevřít databázi '{login.database}'.")
            refused.followed_by = LOGIN_FAILED
            raise refused

    async def _statement(self, kind: int, body: bytes) -> None:
        closing = DONE_PROC if kind == Kind.RPC else DONE
        try:
            operation = self._catalog.operation(read_statement(kind, body))
        except ValueError as unknown:
            raise GoneError(str(unknown)) from unknown
        except SqlError as refused:
            await Turn(self, self._channel, _nothing, closing).refuse(refused)
        else:
            await self._play(operation, closing)

    async def _play(self, operation: Operation, closing: int) -> bool:
        """Whether the work was done."""
        self._counted(operation.target)
        fault = self._plan.next_for(operation.target, operation.subject)
        turn = Turn(self, self._channel, operation.work, closing)
        began = time.monotonic()
        try:
            await fault.play(turn)
        except SqlError as refused:
            await turn.refuse(refused)
        except CancelledStatement:
            self.roll_back()
            await self._channel.write(done(status=ATTENTION))
        finally:
            spent = (time.monotonic() - began) * 1_000
            line = "%s %s %r %.0f ms"
            STATEMENT_LOG.info(line, operation.target, operation.subject, fault, spent)
        return turn.worked

    async def refuse_connections(self, seconds: float) -> None:
        await self._refuse_connections(seconds)

    def commit(self) -> None:
        self._catalog.commit()

    def roll_back(self) -> bytes:
        """The tokens that tell of it."""
        if self._catalog.transaction is None:
            return b""
        self._catalog.transaction = None
        return changed(ROLLED_BACK, b"", TRANSACTION_ID)


async def _nothing(_held: float) -> bytes:
    return b""


def _prelogin(encryption: Encryption) -> bytes:
    options = {0: VERSION + b"\0\0", 1: bytes([encryption]), 2: b"\0", 4: b"\0"}
    at = 5 * len(options) + 1
    head = data = b""
    for option, value in options.items():
        head += bytes([option]) + (at + len(data)).to_bytes(2) + len(value).to_bytes(2)
        data += value
    return head + b"\xff" + data


def _welcome(login: Login) -> bytes:
    packet = str(PACKET_BYTES)
    return (
        changed(DATABASE, login.database, "master")
        + changed(COLLATION, CZECH_CI_AS)
        + changed(PACKET_SIZE, packet, packet)
        + login_acknowledged()
    )
