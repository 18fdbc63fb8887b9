"""Which of INSYZ's procedures a text calls, and what that does."""

import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from simulator.book import Submission
from simulator.order import Target
from simulator.tds.database import IN_INSYZ, Database, columns
from simulator.tds.requests import Statement
from simulator.tds.tokens import BEGUN, COMMITTED, Rows, SqlError, changed, result

WRITE_XML = "trasy.ZP_Zapis_XML"
WRITE_ONCE = "trasy.ZP_Podani_Zapis"
STATE = "trasy.ZP_Podani_Stav"
DETAIL = "trasy.ZP_Detail"
PROCEDURES = frozenset({WRITE_XML, WRITE_ONCE, STATE, DETAIL})
TRANSACTION_ID = b"\x01\0\0\0\0\0\0\0"
_ID_IN_XML = re.compile(r'id_zp="(\d+)"')
_ID_IN_KEY = re.compile(r"zp-(\d+)-")

Work = Callable[[float], Awaitable[bytes]]
"""Does what was asked, its locks held for so many seconds more; the tokens that tell of it."""


@dataclass
class Transaction:
    """What a session has begun: nothing of it is in the book before it commits."""

    written: list[Submission] = field(default_factory=list)


@dataclass(frozen=True)
class Operation:
    """A statement understood. `subject` is whom its faults are counted by."""

    target: Target
    subject: str
    work: Work


class Catalog:
    """What one session may do.

    Args:
        installed: the procedures that are there.
        granted: those of them that the login may execute.
    """

    def __init__(
        self, database: Database, installed: Collection[str], granted: Collection[str]
    ) -> None:
        self._database = database
        self._installed = installed
        self._granted = granted
        self.transaction: Transaction | None = None

    def operation(self, statement: Statement) -> Operation:
        """Raises SqlError for what is not there, or not allowed."""
        text = statement.text
        called = next((name for name in sorted(PROCEDURES) if name in text), None)
        if called:
            self._check_right(called)
            return self._call(called, statement)
        if "OBJECT_ID(" in text:
            return _question("rights", lambda: self._rights(str(statement.parameters.get("p1"))))
        if "@id_zp" in text:
            return self._about_order(statement.parameters, by_query=True)
        if "BEGIN TRANSACTION" in text:
            return Operation(Target.HEALTH, "begin", self._begin)
        if text.startswith("COMMIT"):
            return Operation(Target.COMMIT, self._subject_of_transaction(), self._commit)
        if text.startswith("SELECT 1"):
            return _question("health", lambda: columns(["Ok"], [1]))
        raise SqlError(102, f"Tento server nezná příkaz {text[:60]!r}", severity=15)

    def _call(self, called: str, statement: Statement) -> Operation:
        if called == DETAIL:
            return self._about_order({"id": statement.first}, by_query=False)
        key, xml = str(statement.given("Klic")), str(statement.given("Data_XML"))
        user = str(statement.given("Uzivatel"))
        if called == STATE:
            return Operation(Target.LOOKUP, _subject(_ID_IN_KEY, key), self._state(key))
        if called == WRITE_XML:
            return Operation(Target.SUBMIT, _subject(_ID_IN_XML, xml), self._write(xml, user))
        round_ = statement.given("Kolo")
        work = self._write_once(key, round_ if isinstance(round_, int) else 0, xml, user)
        return Operation(Target.SUBMIT, _subject(_ID_IN_XML, xml), work)

    def _state(self, key: str) -> Work:
        async def work(_held: float) -> bytes:
            return result(await self._database.state(key))

        return work

    def _write_once(self, key: str, round_: int, xml: str, user: str) -> Work:
        async def work(held: float) -> bytes:
            return result(await self._database.write_once(key, round_, xml, user, held=held))

        return work

    def _write(self, xml: str, user: str) -> Work:
        async def work(held: float) -> bytes:
            submission = await self._database.work(xml, user, held=held)
            if self.transaction is None:
                self._database.commit([submission])
            else:
                self.transaction.written.append(submission)
            return b""

        return work

    async def _begin(self, _held: float) -> bytes:
        self.transaction = Transaction()
        return changed(BEGUN, TRANSACTION_ID)

    async def _commit(self, _held: float) -> bytes:
        if self.transaction is None:
            raise SqlError(3902, "Požadavek COMMIT TRANSACTION nemá odpovídající BEGIN TRANSACTION")
        self.commit()
        return changed(COMMITTED, b"", TRANSACTION_ID)

    def commit(self) -> None:
        """Ends the transaction, if there is one."""
        if self.transaction is not None:
            self._database.commit(self.transaction.written)
            self.transaction = None

    def _subject_of_transaction(self) -> str:
        written = self.transaction.written if self.transaction else []
        return str(written[0].id_zp) if written else "commit"

    def _about_order(self, parameters: object, *, by_query: bool) -> Operation:
        values = list(parameters.values()) if isinstance(parameters, dict) else []
        id_zp = values[0] if values and isinstance(values[0], int) else 0

        def answer() -> Rows:
            state = self._database.order(id_zp)
            if by_query:
                return columns(["Zapsano"], [int(state == IN_INSYZ)])
            return columns(["ID_ZP", "Stav"], [id_zp, state])

        return _question(str(id_zp), answer, Target.LOOKUP)

    def _rights(self, name: str) -> Rows:
        there, allowed = name in self._installed, name in self._granted
        if not (there and allowed):
            # Who may do nothing with an object does not see that it exists.
            return Rows({"Id": int, "Smi": int}, [[None, None]])
        return columns(["Id", "Smi"], [1, 1])

    def _check_right(self, called: str) -> None:
        if called not in self._installed:
            raise SqlError(2812, f"Uložená procedura '{called}' nebyla nalezena")
        if called not in self._granted:
            words = f"Oprávnění EXECUTE bylo u objektu '{called}' odepřeno"
            raise SqlError(229, words, severity=14)


def _question(
    subject: str, answer: Callable[[], Rows], target: Target = Target.HEALTH
) -> Operation:
    async def work(_held: float) -> bytes:
        return result(answer())

    return Operation(target, subject, work)


def _subject(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else text[:60]
