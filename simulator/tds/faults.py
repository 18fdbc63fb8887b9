"""The faults of a SQL Server: what it does with a statement, and how it spoils the reply."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Protocol

from pydantic import Field, NonNegativeFloat, PositiveFloat

from simulator.fault import AnyFault
from simulator.tds.database import columns
from simulator.tds.tokens import DONE_IN_PROC, MORE, SqlError, done, info, result

ROW_BEFORE = result(columns(["Poznamka"], ["zapisuji"])) + done(DONE_IN_PROC, MORE, 1)


class Turn(Protocol):
    """A statement that is being answered."""

    async def work(self, *, held: float = 0.0) -> bytes:
        """Does what was asked; the tokens that tell of it. Raises SqlError."""
        ...

    def commit(self) -> None:
        """What the session's transaction wrote is in the book from now on."""
        ...

    async def answer(self, tokens: bytes) -> None:
        """Sends them, and that all went well."""
        ...

    async def refuse(self, error: SqlError, *, before: bytes = b"") -> None:
        """Sends the error, after what went well `before`; the transaction is rolled back."""
        ...

    async def tear(self, tokens: bytes) -> None:
        """Sends half of a reply and hangs up."""
        ...

    async def mumble(self, tokens: bytes) -> None:
        """Sends tokens in a packet after which more have to come."""
        ...

    async def wait(self, seconds: float, *, heeds: bool) -> None:
        """Is silent; if it `heeds`, an attention or a lost connection ends the statement."""
        ...

    async def hang_up(self, *, reset: bool) -> None:
        """Ends the connection, by RST or in order."""
        ...

    async def refuse_connections(self, seconds: float) -> None:
        """Whoever connects within so many seconds is hung up on."""
        ...


class SqlFault(AnyFault, ABC):
    """One way for a statement to go."""

    @abstractmethod
    async def play(self, turn: Turn) -> None:
        """Answer the statement, or fail to."""


class Normal(SqlFault):
    """No fault: a place in a script where all goes well."""

    async def play(self, turn: Turn) -> None:
        await turn.answer(await turn.work())


class Refusal(SqlFault):
    """An error by its number; after a row when `rows_first`, and followed by `then`.

    From severity 20 on the server hangs up as well. With `taken` the work is done all the same; if
    it `commits`, for good, as by a procedure that ends the client's transaction itself.
    """

    number: Annotated[int, Field(ge=1)] = 50_000
    severity: Annotated[int, Field(ge=11, le=25)] = 16
    text: str = "Zápis se nezdařil"
    rows_first: bool = False
    then: Annotated[int, Field(ge=0)] = 0
    taken: bool = False
    commits: bool = False

    async def play(self, turn: Turn) -> None:
        before = ROW_BEFORE if self.rows_first else b""
        if self.taken:
            await turn.work()
        if self.commits:
            turn.commit()
        error = SqlError(self.number, self.text, severity=self.severity)
        error.followed_by = self.then
        await turn.refuse(error, before=before)
        if self.severity >= 20:
            await turn.hang_up(reset=False)


class Chatter(SqlFault):
    """PRINTs and a row before the work's own reply: none of it is an error."""

    async def play(self, turn: Turn) -> None:
        tokens = await turn.work()
        await turn.answer(info("Zapsáno 12 tras") + ROW_BEFORE + tokens)


class Reset(SqlFault):
    """The connection ends instead of an answer; with `taken`, once the work is done."""

    taken: bool = False
    orderly: bool = False

    async def play(self, turn: Turn) -> None:
        if self.taken:
            await turn.work()
        await turn.hang_up(reset=not self.orderly)


class StallBefore(SqlFault):
    """Waits, then works and answers: the statement stood in a queue.

    If it `heeds`, nothing is done once the client has gone or sent an attention.
    """

    seconds: NonNegativeFloat = 5.0
    heeds: bool = False

    async def play(self, turn: Turn) -> None:
        await turn.wait(self.seconds, heeds=self.heeds)
        await turn.answer(await turn.work())


class Slow(SqlFault):
    """Works for so many seconds more, its locks held."""

    seconds: NonNegativeFloat = 5.0

    async def play(self, turn: Turn) -> None:
        await turn.answer(await turn.work(held=self.seconds))


class StallAfter(SqlFault):
    """Works at once, answers late."""

    seconds: NonNegativeFloat = 5.0

    async def play(self, turn: Turn) -> None:
        tokens = await turn.work()
        await turn.wait(self.seconds, heeds=False)
        await turn.answer(tokens)


class StallNever(SqlFault):
    """Waits, then hangs up without work or answer."""

    seconds: NonNegativeFloat = 5.0

    async def play(self, turn: Turn) -> None:
        await turn.wait(self.seconds, heeds=False)
        await turn.hang_up(reset=False)


class Drip(SqlFault):
    """Works, then PRINTs a word every `interval` seconds, and answers only after `seconds`.

    No time-out for a single read ever fires.
    """

    seconds: NonNegativeFloat = 10.0
    interval: PositiveFloat = 0.2

    async def play(self, turn: Turn) -> None:
        tokens = await turn.work()
        for _ in range(int(self.seconds / self.interval)):
            await turn.mumble(info("…"))
            await asyncio.sleep(self.interval)
        await turn.answer(tokens)


class Torn(SqlFault):
    """Works, then sends half of the reply and hangs up."""

    async def play(self, turn: Turn) -> None:
        await turn.tear(await turn.work())


class Outage(SqlFault):
    """Hangs up, on this one and on all who connect within so many seconds."""

    seconds: NonNegativeFloat = 2.0

    async def play(self, turn: Turn) -> None:
        await turn.refuse_connections(self.seconds)
        await turn.hang_up(reset=True)


FAULTS: Mapping[str, SqlFault] = {
    "normal": Normal(),
    "error": Refusal(),
    "error_after_rows": Refusal(rows_first=True),
    "error_after_commit": Refusal(number=51_004, taken=True, commits=True),
    "killed_before": Refusal(number=596, severity=21),
    "killed_after": Refusal(number=596, severity=21, taken=True),
    "chatter": Chatter(),
    "reset_before": Reset(),
    "reset_after": Reset(taken=True),
    "closed_before": Reset(orderly=True),
    "stall_before": StallBefore(),
    "stall_heeding": StallBefore(heeds=True),
    "slow": Slow(),
    "stall_after": StallAfter(),
    "stall_never": StallNever(),
    "drip": Drip(),
    "torn": Torn(),
    "outage": Outage(),
}
"""Every fault by name, with the parameters it has unless told otherwise: `error:1205`."""
