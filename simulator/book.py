"""What INSYZ took: one record for every call of its stored procedure, in a SQLite file.

Knows nothing of HTTP, so that any front end can sit on the same book.
"""

import sqlite3
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    id_zp INTEGER NOT NULL,
    cislo_zp TEXT NOT NULL,
    uzivatel TEXT NOT NULL,
    submitted_at TEXT NOT NULL,
    xml TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS record_by_key ON record (key);
CREATE INDEX IF NOT EXISTS record_by_id_zp ON record (id_zp);
"""
_INSERT = """
INSERT INTO record (key, id_zp, cislo_zp, uzivatel, xml, submitted_at)
VALUES (:key, :id_zp, :cislo_zp, :uzivatel, :xml, :submitted_at)
"""
_SELECT = "SELECT number, key, id_zp, cislo_zp, uzivatel, submitted_at FROM record"


class KeyReusedError(Exception):
    """The key was used for another document. Only a deduplicating book raises it."""


@dataclass(frozen=True)
class Submission:
    """One call of the stored procedure: the report's XML and who sends it."""

    key: str
    id_zp: int
    cislo_zp: str
    uzivatel: str
    xml: str


@dataclass(frozen=True)
class Record:
    """What INSYZ made of one submission. `submitted_at` is ISO 8601 in UTC."""

    number: int
    key: str
    id_zp: int
    cislo_zp: str
    uzivatel: str
    submitted_at: str

    @property
    def receipt(self) -> str:
        """The record's number as INSYZ writes it, such as `INSYZ-000123`."""
        return f"INSYZ-{self.number:06}"

    def as_json(self) -> dict[str, Any]:
        """The record's fields, with the receipt in place of the bare number."""
        fields = asdict(self)
        del fields["number"]
        return {"receipt": self.receipt} | fields


class Book:
    """The records INSYZ made. Safe to use from several threads.

    Args:
        path: the SQLite file, made when missing; `:memory:` keeps nothing.
        deduplicates: whether a known key returns its record instead of making another.
    """

    def __init__(self, path: Path | str = ":memory:", *, deduplicates: bool = False) -> None:
        self._deduplicates = deduplicates
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # In WAL mode NORMAL hands each commit to the operating system without waiting for the
        # disk: a killed simulator loses nothing, a power cut may, and a take stays cheap.
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)

    def close(self) -> None:
        """Close the file. Taking afterwards raises `sqlite3.ProgrammingError`."""
        with self._lock:
            self._db.close()

    def take(self, submission: Submission) -> Record:
        """Make a record, or return the known key's one if this book deduplicates.

        Raises:
            KeyReusedError: it deduplicates, and the key came with another document before.
        """
        with self._lock:
            if self._deduplicates and (known := self._find(submission.key)):
                self._check_same_document(known, submission)
                return known
            return self._insert(submission)

    def find(self, key: str) -> Record | None:
        """The first record made under `key`."""
        with self._lock:
            return self._find(key)

    def submissions(self, id_zp: int | None = None) -> list[Record]:
        """All records in the order they were made, or those of one report."""
        where, values = ("", ()) if id_zp is None else (" WHERE id_zp = ?", (id_zp,))
        with self._lock:
            rows = self._db.execute(f"{_SELECT}{where} ORDER BY number", values)
            return [Record(*row) for row in rows]

    def xml_of(self, record: Record) -> str:
        """The document as it was taken. Apart from the record, as it may have 300 kB."""
        return self._xml_and_user(record)[0]

    def stats(self) -> dict[str, Any]:
        """`taken` records of `reports` reports; `duplicates` maps id_zp to a count above one."""
        with self._lock:
            rows = self._db.execute("SELECT id_zp, COUNT(*) FROM record GROUP BY id_zp").fetchall()
        return {
            "taken": sum(count for _, count in rows),
            "reports": len(rows),
            "duplicates": {id_zp: count for id_zp, count in rows if count > 1},
        }

    def _find(self, key: str) -> Record | None:
        row = self._db.execute(
            f"{_SELECT} WHERE key = ? ORDER BY number LIMIT 1", (key,)
        ).fetchone()
        return Record(*row) if row else None

    def _check_same_document(self, known: Record, submission: Submission) -> None:
        if self._xml_and_user(known) != (submission.xml, submission.uzivatel):
            raise KeyReusedError(submission.key)

    def _xml_and_user(self, record: Record) -> tuple[str, str]:
        query = "SELECT xml, uzivatel FROM record WHERE number = ?"
        xml, uzivatel = self._db.execute(query, (record.number,)).fetchone()
        return xml, uzivatel

    def _insert(self, submission: Submission) -> Record:
        fields = asdict(submission)
        submitted_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        cursor = self._db.execute(_INSERT, {**fields, "submitted_at": submitted_at})
        del fields["xml"]
        return Record(number=cursor.lastrowid or 0, submitted_at=submitted_at, **fields)
