"""The portal's table of reports: where a submission begins and where its outcome is told.

The portal owns the tables and writes them at the same time. Each change here is one transaction
that locks the row first, reads the history under the lock and appends to it; the portal has to do
the same (docs/integration.md), because the history is one JSON column.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urljoin

from pydantic import SecretStr
from sqlalchemy import URL, Row, Select, event, make_url, select, update
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from insyz.attachments import named_ids
from insyz.outcome import Outcome
from insyz.report import Report, submission_key
from insyz.store_schema import FILE_ATTACHMENTS, METADATA, REPORTS

SEND = "send"
DONE = frozenset({"submitted", "approved"})
SENDABLE = frozenset({SEND, "rejected"})

DISPATCHED = "dispatch_to_insyz"
SUBMITTED = "insyz_submitted"
FAILED = "insyz_error"

CONNECT_SECS = 10
OUTER_BOUND = 1.5
"""Times the statement time-out: where the database itself does not answer any more."""


class StoreError(Exception):
    """Base of the family; never raised itself."""


class StoreUnavailableError(StoreError):
    """The database cannot be reached or is too slow; another try may succeed."""


class StoreMisconfiguredError(StoreError):
    """A person must act: a wrong address, a missing table, missing rights."""


class ReportNotFoundError(StoreError):
    """The portal has no such report."""


class NotSendableError(StoreError):
    """The report's state does not allow to send it."""


class AlreadyDoneError(StoreError):
    """INSYZ has the report: it is `submitted` or `approved`."""


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A row of `reports`, as far as a status needs it."""

    id: int
    id_zp: int
    cislo_zp: str
    state: str
    history: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `ReportStore.record` did; `warning` says why nothing was written."""

    written: bool
    warning: str | None = None


class ReportStore:
    """The portal's database; an async context manager that owns its connections.

    `url` is `postgresql://…` or `sqlite:///file` (made on first use), `portal_base_url` stands
    before attachments' paths, `statement_secs` bounds each statement and each wait for a lock.
    """

    def __init__(
        self,
        url: SecretStr,
        *,
        portal_base_url: str | None = None,
        statement_secs: float = 30.0,
    ) -> None:
        self._portal_base_url = portal_base_url
        self._statement_secs = statement_secs
        self._engine = _engine(_driver_url(url), statement_secs)
        self._tables_are_there = self._engine.dialect.name != "sqlite"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._engine.dispose()

    async def check(self) -> None:
        """Returns when both tables can be read. Raises StoreError."""
        async with self._transaction() as connection:
            for table in (REPORTS, FILE_ATTACHMENTS):
                await connection.execute(select(table.c.id).limit(1))

    async def pending(self) -> list[int]:
        """Ids of the reports in `send`, the oldest first."""
        query = select(REPORTS.c.id).where(REPORTS.c.state == SEND)
        async with self._transaction() as connection:
            rows = await connection.execute(query.order_by(REPORTS.c.date_send, REPORTS.c.id))
            return [row.id for row in rows]

    async def by_id_zp(self, id_zp: int) -> StoredReport | None:
        """The report on that work order."""
        async with self._transaction() as connection:
            row = (await connection.execute(_report(REPORTS.c.id_zp == id_zp))).one_or_none()
        if row is None:
            return None
        return StoredReport(row.id, row.id_zp, row.cislo_zp, row.state, _history(row))

    async def dispatch(
        self, report_id: int, *, submitted_by: int | None, resend: bool, now: datetime
    ) -> dict[str, Any]:
        """Marks the report as sent and returns what the portal hands over (domain.md).

        Raises InvalidReportError (then nothing is marked), ReportNotFoundError, NotSendableError,
        AlreadyDoneError, StoreUnavailableError or StoreMisconfiguredError.
        """
        async with self._transaction() as connection:
            row = await self._locked(connection, REPORTS.c.id == report_id)
            if row is None:
                raise ReportNotFoundError(f"the portal has no report with id {report_id}")
            _check_sendable(row, resend=resend)
            given = await self._handed_over(connection, row, submitted_by)
            report = Report.parse(given)
            entry = _entry(
                now,
                DISPATCHED,
                report.submitter,
                SEND,
                "Hlášení předáno k odeslání do systému INSYZ",
                {"submission_key": submission_key(report)},
            )
            if row.state != SEND or not _dispatched(row, submission_key(report)):
                await self._append(connection, row, entry, state=SEND, now=now, date_send=True)
        return given

    async def record(self, outcome: Outcome) -> Recorded:
        """Writes state and history entry, only from `send`, and only once per run.

        A report that is in another state or missing is left alone, with a warning. Raises
        StoreUnavailableError or StoreMisconfiguredError.
        """
        async with self._transaction() as connection:
            row = await self._locked(connection, REPORTS.c.id_zp == outcome.id_zp)
            if row is None:
                return Recorded(False, f"report {outcome.id_zp} is not in the portal's table")
            if _recorded(row, outcome):
                return Recorded(False)
            if row.state != SEND:
                return Recorded(
                    False,
                    f"report {outcome.id_zp} is in state {row.state} in the portal's table, "
                    "not send: left as it is",
                )
            entry = _outcome_entry(outcome)
            await self._append(connection, row, entry, state=outcome.state, now=outcome.at)
        return Recorded(True)

    async def _handed_over(
        self, connection: AsyncConnection, row: Row[Any], submitted_by: int | None
    ) -> dict[str, Any]:
        parts = {
            name: getattr(row, name) for name in ("znackari", "data_a", "data_b", "calculation")
        }
        return {
            "report_id": row.id,
            "id_zp": row.id_zp,
            "cislo_zp": row.cislo_zp,
            "int_adr": row.int_adr,
            "submitted_by": submitted_by if submitted_by is not None else row.int_adr,
            **parts,
            "attachments": await self._attachments(connection, named_ids(parts)),
        }

    async def _attachments(
        self, connection: AsyncConnection, ids: set[int]
    ) -> list[dict[str, Any]]:
        if not ids:
            return []
        query = select(FILE_ATTACHMENTS).where(FILE_ATTACHMENTS.c.id.in_(ids))
        rows = await connection.execute(query)
        attachments = [(row, self._address(row)) for row in rows]
        return [
            {
                "id": row.id,
                "fileName": row.original_name,
                "fileType": row.mime_type,
                "fileSize": row.size,
                "url": address,
            }
            for row, address in attachments
            if address is not None
        ]

    def _address(self, row: Row[Any]) -> str | None:
        """Absolute, because INSYZ fetches it; None where PORTAL_BASE_URL would be needed."""
        found: str | None = row.public_url or row.path
        if not found or found.startswith(("https://", "http://")):
            return found or None
        if self._portal_base_url is None:
            return None
        return urljoin(self._portal_base_url + "/", found.lstrip("/"))

    async def _locked(self, connection: AsyncConnection, which: Any) -> Row[Any] | None:
        found = await connection.execute(_report(which).with_for_update())
        row: Row[Any] | None = found.one_or_none()
        return row

    async def _append(
        self,
        connection: AsyncConnection,
        row: Row[Any],
        entry: Mapping[str, Any],
        *,
        state: str,
        now: datetime,
        date_send: bool = False,
    ) -> None:
        values = {"state": state, "history": [*_history(row), entry], "date_updated": _naive(now)}
        if date_send:
            values["date_send"] = _naive(now)
        await connection.execute(update(REPORTS).where(REPORTS.c.id == row.id).values(values))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, bounded as a whole; the driver's errors go no further than here."""
        try:
            async with asyncio.timeout(self._statement_secs * OUTER_BOUND):
                await self._make_tables()
                async with self._engine.begin() as connection:
                    yield connection
        except TimeoutError:
            raise StoreUnavailableError("the portal's database does not answer") from None
        except (SQLAlchemyError, OSError) as error:
            raise translated(error) from None

    async def _make_tables(self) -> None:
        """Of the embedded SQLite file only: the portal's own tables are the portal's to make."""
        if not self._tables_are_there:
            async with self._engine.begin() as connection:
                await connection.run_sync(METADATA.create_all)
            self._tables_are_there = True


def _engine(url: URL, statement_secs: float) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, connect_args={"timeout": statement_secs})
        event.listen(engine.sync_engine, "connect", _begin_ourselves)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
        return engine
    milliseconds = int(statement_secs * 1_000)
    return create_async_engine(
        url,
        pool_size=2,
        max_overflow=3,
        pool_pre_ping=True,
        pool_timeout=statement_secs,
        connect_args={
            "connect_timeout": CONNECT_SECS,
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}",
        },
    )


def _begin_ourselves(connection: Any, _record: Any) -> None:
    # sqlite3 begins a transaction only at the first write: too late to lock what is read before.
    connection.isolation_level = None


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _driver_url(url: SecretStr) -> URL:
    """Raises StoreMisconfiguredError; the address itself is a secret and not named."""
    drivers = {
        "postgresql": "postgresql+psycopg",
        "postgres": "postgresql+psycopg",
        "sqlite": "sqlite+aiosqlite",
    }
    try:
        parsed = make_url(url.get_secret_value())
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.drivername not in drivers:
        raise StoreMisconfiguredError(
            "REPORTS_DATABASE_URL: must be postgresql://… or sqlite:///file"
        )
    return parsed.set(drivername=drivers[parsed.drivername])


def translated(error: Exception) -> StoreError:
    """By what SQLAlchemy knows of all drivers; without the statement and its parameters."""
    words = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    text = f"the portal's database: {words[0] if words else type(error).__name__}"
    misconfigured = isinstance(error, ProgrammingError) or "no such table" in text
    transient = isinstance(error, OperationalError | InterfaceError | OSError | DBAPIError)
    if misconfigured or not transient:
        return StoreMisconfiguredError(text)
    return StoreUnavailableError(text)


def _report(which: Any) -> Select[Any]:
    return select(REPORTS).where(which)


def _check_sendable(row: Row[Any], *, resend: bool) -> None:
    if row.state in DONE and not resend:
        raise AlreadyDoneError(
            f"report {row.id_zp} is {row.state} already; to send it once more on purpose, "
            "use --resend (resend=True)"
        )
    if row.state not in SENDABLE | DONE:
        raise NotSendableError(f"report {row.id_zp} is in state {row.state}, it cannot be sent")


def _history(row: Row[Any]) -> list[dict[str, Any]]:
    return row.history if isinstance(row.history, list) else []


def _dispatched(row: Row[Any], key: str) -> bool:
    """Whether the last thing that happened is the dispatch of the same content."""
    last = _history(row)[-1:] or [{}]
    return last[0].get("action") == DISPATCHED and _data(last[0]).get("submission_key") == key


def _recorded(row: Row[Any], outcome: Outcome) -> bool:
    return any(
        entry.get("action") in {SUBMITTED, FAILED} and _data(entry).get("run_id") == outcome.run_id
        for entry in _history(row)
    )


def _data(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    data = entry.get("data")
    return data if isinstance(data, dict) else {}


def _outcome_entry(outcome: Outcome) -> dict[str, Any]:
    known = {
        "submission_key": outcome.submission_key,
        "run_id": outcome.run_id,
        "attempt": outcome.attempt,
        "receipt": outcome.receipt,
        "error": {"type": outcome.error_type, "message": outcome.reason}
        if outcome.error_type
        else None,
        "decision": outcome.decision,
        "warnings": outcome.warnings,
    }
    data = {name: value for name, value in known.items() if value not in (None, [])}
    if outcome.state == "submitted":
        action, details = SUBMITTED, "Hlášení úspěšně přijato systémem INSYZ"
    else:
        action, details = FAILED, f"Chyba při odesílání do INSYZ: {outcome.reason}"
    return _entry(outcome.at, action, outcome.user, outcome.state, details, data)


def _entry(
    at: datetime, action: str, user: int | None, state: str, details: str, data: dict[str, Any]
) -> dict[str, Any]:
    """A history entry (domain.md, "Life of a report")."""
    return {
        "timestamp": at.astimezone(UTC).isoformat(timespec="seconds"),
        "action": action,
        "user": user,
        "state": state,
        "details": details,
        "data": data,
    }


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
