"""INSYZ's procedures, as far as they are known, over the book of what was taken.

`trasy.ZP_Zapis_XML` makes a record each time it is called. The two procedures of the ledger
(deploy/sqlserver) do what their T-SQL does: a lock for each key, rounds, one record for a key.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from simulator import document
from simulator.book import Book, Record, Submission
from simulator.tds.tokens import Rows, SqlError

_DECLARED = re.compile(r"""\ufeff?<\?xml\s[^>]*?encoding\s*=\s*["'](?!utf-16)""", re.IGNORECASE)
_LEDGER = {"Stav": str, "Kolo": int, "Kdy": datetime}
WRITTEN, AT_WORK, NOT_THERE = "Z", "B", "N"
IN_INSYZ, ISSUED = "Odesláno", "Vydáno"


class Database:
    """What the statements of a session work on.

    Args:
        latency: seconds that ZP_Zapis_XML works, its locks held.
        lock_secs: so long a submission waits for the lock of its key.
        ask_secs: so long a question does.
    """

    def __init__(
        self, book: Book, *, latency: float = 0.0, lock_secs: float = 15.0, ask_secs: float = 5.0
    ) -> None:
        self._book = book
        self._latency = latency
        self._lock_secs = lock_secs
        self._ask_secs = ask_secs
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._rounds: defaultdict[str, int] = defaultdict(int)

    async def state(self, key: str) -> Rows:
        """`trasy.ZP_Podani_Stav`: what became of the key; unless written, a new round of it."""
        try:
            async with self._locked(key, self._ask_secs):
                record = self._book.find(key)
                self._rounds[key] += record is None
        except TimeoutError:
            return Rows(_LEDGER, [[AT_WORK, None, None]])
        state = NOT_THERE if record is None else WRITTEN
        return Rows(_LEDGER, [[state, self._rounds[key], _moment(record)]])

    async def write_once(
        self, key: str, round_: int, xml: str, uzivatel: str, *, held: float
    ) -> Rows:
        """`trasy.ZP_Podani_Zapis`; the lock is held for `held` seconds more than it has to be."""
        try:
            async with self._locked(key, self._lock_secs):
                record = self._book.find(key) or await self._write(key, round_, xml, uzivatel, held)
        except TimeoutError:
            raise SqlError(51001, "ZP: podání se stejným klíčem právě probíhá") from None
        return Rows({"Kdy": datetime}, [[_moment(record)]])

    async def work(self, xml: str, uzivatel: str, *, held: float) -> Submission:
        """`trasy.ZP_Zapis_XML`, up to where it would commit."""
        submission = admitted("", xml, uzivatel)
        await asyncio.sleep(self._latency + held)
        return submission

    def commit(self, written: Iterable[Submission]) -> None:
        for submission in written:
            self._book.take(submission)

    def order(self, id_zp: int) -> str:
        """The state of a work order."""
        return IN_INSYZ if self._book.submissions(id_zp) else ISSUED

    async def _write(self, key: str, round_: int, xml: str, uzivatel: str, held: float) -> Record:
        if round_ != self._rounds.get(key):
            raise SqlError(51002, "ZP: kolo podání bylo uzavřeno")
        submission = admitted(key, xml, uzivatel)
        await asyncio.sleep(self._latency + held)
        return self._book.take(submission)

    @asynccontextmanager
    async def _locked(self, key: str, seconds: float) -> AsyncIterator[None]:
        """Raises TimeoutError when the lock does not come free within so many seconds."""
        await asyncio.wait_for(self._locks[key].acquire(), seconds)
        try:
            yield
        finally:
            self._locks[key].release()


def admitted(key: str, xml: str, uzivatel: str) -> Submission:
    """What the `xml` type and INSYZ's collation let in. Raises SqlError."""
    if _DECLARED.match(xml):
        raise SqlError(9402, "Analýza XML: nelze přepnout kódování", state=1)
    try:
        return document.admit(key=key, xml=xml, uzivatel=uzivatel)
    except document.RefusedError as refused:
        raise SqlError(refused.number, str(refused)) from refused


def columns(names: Sequence[str], values: Sequence[object]) -> Rows:
    """One row, each column of its value's type."""
    return Rows({name: type(value) for name, value in zip(names, values, strict=True)}, [values])


def _moment(record: Record | None) -> datetime | None:
    """In UTC and without saying so, as SYSUTCDATETIME() gives it."""
    if record is None:
        return None
    return datetime.fromisoformat(record.submitted_at).astimezone(UTC).replace(tzinfo=None)
