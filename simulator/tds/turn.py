"""One statement being answered: what a fault can do to its reply."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from simulator.tds.channel import Channel, GoneError, Kind
from simulator.tds.tokens import DONE_PROC, ERROR, SqlError, done, error

RETURN_STATUS = b"\x79\0\0\0\0"


class CancelledStatement(Exception):  # noqa: N818 (no error: the client asked for it)
    """The client's attention ended the statement."""


class Owner(Protocol):
    """The session that the statement came in."""

    def commit(self) -> None: ...

    def roll_back(self) -> bytes: ...

    async def refuse_connections(self, seconds: float) -> None: ...


class Turn:
    """The reply of one statement (faults.Turn); `closing` is the token that ends it."""

    def __init__(
        self,
        session: Owner,
        channel: Channel,
        work: Callable[[float], Awaitable[bytes]],
        closing: int,
    ) -> None:
        self._session = session
        self._channel = channel
        self._work = work
        self._closing = closing
        self.worked = False

    async def work(self, *, held: float = 0.0) -> bytes:
        tokens = await self._work(held)
        self.worked = True
        return tokens

    def commit(self) -> None:
        self._session.commit()

    async def answer(self, tokens: bytes) -> None:
        await self._channel.write(tokens + self._end())

    async def refuse(self, what: SqlError, *, before: bytes = b"") -> None:
        rolled_back = self._session.roll_back()
        errors = error(what)
        if what.followed_by:
            errors += error(SqlError(what.followed_by, what.text))
        await self._channel.write(before + errors + rolled_back + self._end(ERROR))

    async def tear(self, tokens: bytes) -> None:
        whole = tokens + self._end()
        await self._channel.write(whole, only=len(whole) // 2)
        await self.hang_up(reset=False)

    async def mumble(self, tokens: bytes) -> None:
        await self._channel.write_part(tokens)

    async def wait(self, seconds: float, *, heeds: bool) -> None:
        if not heeds:
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            kind, _ = await asyncio.wait_for(self._channel.read(), seconds)
            raise CancelledStatement if kind == Kind.ATTENTION else GoneError

    async def hang_up(self, *, reset: bool) -> None:
        if reset:
            self._channel.reset()
        raise GoneError

    async def refuse_connections(self, seconds: float) -> None:
        await self._session.refuse_connections(seconds)

    def _end(self, status: int = 0) -> bytes:
        procedure = RETURN_STATUS if self._closing == DONE_PROC else b""
        return procedure + done(self._closing, status)
