"""The portal's reports: where a submission begins, and where its outcome is told.

The portal owns the tables and writes them at the same time. Each change here is one transaction
that locks the row first, reads the history under the lock and appends to it. `history` is one JSON
column, so the portal has to do likewise: lock (`LockMode::PESSIMISTIC_WRITE`), then read, then
append; or append in SQL. A writer that reads first and locks later loses entries of others.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Self

from pydantic import SecretStr
from sqlalchemy import Integer, Row, Select, bindparam, false, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from insyz.attachments import named_ids
from insyz.errors import Problem
from insyz.outcome import Outcome
from insyz.report import Report, submission_key
from insyz.resend import Resend
from insyz.store_database import Database, translated
from insyz.store_errors import (
    AlreadyDoneError,
    NotSendableError,
    ReportNotFoundError,
    StoreError,
    StoreMisconfiguredError,
    StoreUnavailableError,
)
from insyz.store_handover import parse, parts_of, wire_attachments
from insyz.store_history import (
    Entry,
    data_of,
    dispatch_entry,
    entries_of,
    has_outcome,
    is_dispatched,
    last_dispatch,
    outcome_entry,
)
from insyz.store_schema import FILE_ATTACHMENTS, REPORTS

__all__ = [
    "AlreadyDoneError",
    "NotSendableError",
    "Recorded",
    "ReportNotFoundError",
    "ReportStore",
    "StoreError",
    "StoreMisconfiguredError",
    "StoreUnavailableError",
    "StoredReport",
    "translated",
]

SEND = "send"
SENDABLE = frozenset({SEND, "rejected"})
DONE = frozenset({"submitted", "approved"})

POOL_SIZE = 5
PORTAL_ZONE = UTC
"""Of the `date_*` columns, which are without a zone. A Symfony portal whose PHP runs in local time
writes local time: then say so with `portal_zone`."""
MAX_ID = 2**63 - 1

# Made once: SQLAlchemy then knows them again without looking through them.
_BY_ID = select(REPORTS).where(REPORTS.c.id == bindparam("id"))
_BY_ID_ZP = select(REPORTS).where(REPORTS.c.id_zp == bindparam("id_zp"))
_BY_ID_LOCKED = _BY_ID.with_for_update()
_OUTCOME_LOCKED = (
    select(REPORTS.c.id, REPORTS.c.id_zp, REPORTS.c.state, REPORTS.c.history)
    .where(REPORTS.c.id_zp == bindparam("id_zp"))
    .with_for_update()
)
_CHANGE = update(REPORTS).where(REPORTS.c.id == bindparam("row_id"))


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A row of `reports`, as far as a status needs it. `date_send` has the portal's zone."""

    id: int
    id_zp: int
    cislo_zp: str
    state: str
    history: list[dict[str, Any]]
    date_send: datetime | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `ReportStore.record` did; neither written nor a warning: it had been recorded before."""

    written: bool
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class _HandedOver:
    """A report on its way out: the JSON object, and the same checked."""

    given: dict[str, Any]
    report: Report


class ReportStore:
    """The portal's database; an async context manager that owns its connections.

    `url` is `postgresql://…` or `sqlite:///file` (its tables are made on first use),
    `portal_base_url` stands before relative addresses of attachments. `statement_secs` bounds one
    statement, twice of it a whole method. Every method raises StoreUnavailableError, after which it
    may be called again, or StoreMisconfiguredError.
    """

    def __init__(
        self,
        url: str | SecretStr,
        *,
        portal_base_url: str | None = None,
        statement_secs: float = 30.0,
        pool_size: int = POOL_SIZE,
        portal_zone: tzinfo = PORTAL_ZONE,
    ) -> None:
        self._portal_base_url = portal_base_url
        self._portal_zone = portal_zone
        self._database = Database(url, statement_secs=statement_secs, pool_size=pool_size)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._database.close()

    async def check(self) -> None:
        """Returns when both tables can be read and `reports` be updated by this role."""
        nothing_new = {"state": REPORTS.c.state, "history": REPORTS.c.history} | {
            name: REPORTS.c[name] for name in ("date_send", "date_updated")
        }
        async with self._database.transaction() as connection:
            for table in (REPORTS, FILE_ATTACHMENTS):
                await connection.execute(select(table).limit(1))
            # Rights are checked before rows are looked for: this one locks and changes none.
            await connection.execute(update(REPORTS).where(false()).values(nothing_new))

    async def pending(self) -> list[int]:
        """Report ids in `send`, the one sent first in front."""
        query = select(REPORTS.c.id).where(REPORTS.c.state == SEND)
        oldest_first = query.order_by(REPORTS.c.date_send.nulls_first(), REPORTS.c.id)
        async with self._database.transaction() as connection:
            return list(await connection.scalars(oldest_first))

    async def by_id_zp(self, id_zp: int) -> StoredReport | None:
        """The report on that work order; entries of its history that are no objects left out."""
        async with self._database.transaction() as connection:
            row = await _find(connection, _BY_ID_ZP, id_zp=id_zp)
        if row is None:
            return None
        entries = [entry for entry in entries_of(row.history, id_zp) if isinstance(entry, dict)]
        sent = row.date_send.replace(tzinfo=self._portal_zone) if row.date_send else None
        return StoredReport(row.id, row.id_zp, row.cislo_zp, row.state, entries, sent)

    async def load(self, report_id: int) -> dict[str, Any]:
        """What `dispatch` would return, with nothing marked, and whatever the report's state.

        Raises ReportNotFoundError or InvalidReportError.
        """
        async with self._database.transaction() as connection:
            row = await _existing(connection, _BY_ID, report_id)
            return (await self._handed_over(connection, row)).given

    async def dispatch(
        self,
        report_id: int,
        *,
        submitted_by: int | None,
        resend: Resend | None = None,
        now: datetime,
    ) -> dict[str, Any]:
        """Marks the report as sent and returns what the portal hands over (domain.md).

        May be repeated: a report in `send` whose newest entry is the dispatch of the same content
        stays as it is. `resend`: who wants one that INSYZ has sent once more; each such time is
        noted, and counted in `resend` of the object. Raises InvalidReportError,
        ReportNotFoundError, AlreadyDoneError or NotSendableError; nothing is marked then.
        """
        async with self._database.transaction() as connection:
            row = await _existing(connection, _BY_ID_LOCKED, report_id)
            _check_sendable(row, resend=resend is not None)
            again = resend if row.state in DONE else None
            sent = await self._handed_over(connection, row, submitted_by, again=again is not None)
            key = submission_key(sent.report)
            entries = entries_of(row.history, row.id_zp)
            if row.state != SEND or not is_dispatched(entries, key):
                entry = dispatch_entry(now, sent.report, key, again)
                await self._append(connection, row, entry, now, date_send=self._stored(now))
        return sent.given

    async def record(self, outcome: Outcome) -> Recorded:
        """Writes state and history entry: only from `send`, and only once for a run.

        A report that is in another state, or missing, is left alone with a warning.
        """
        async with self._database.transaction() as connection:
            row = await _find(connection, _OUTCOME_LOCKED, id_zp=outcome.id_zp)
            if row is None:
                return Recorded(False, f"report {outcome.id_zp} is not in the portal's table")
            if has_outcome(entries_of(row.history, row.id_zp), outcome):
                return Recorded(False)
            if row.state != SEND:
                return Recorded(
                    False,
                    f"report {outcome.id_zp} is in state {row.state} in the portal's table, "
                    "not send: left as it is",
                )
            await self._append(connection, row, outcome_entry(outcome), outcome.at)
        return Recorded(True)

    async def _handed_over(
        self,
        connection: AsyncConnection,
        row: Row[Any],
        submitted_by: int | None = None,
        *,
        again: bool = False,
    ) -> _HandedOver:
        """Raises InvalidReportError. `again`: one deliberate repetition more than before."""
        parts = parts_of(row)
        dispatched = last_dispatch(entries_of(row.history, row.id_zp))
        who_before = dispatched.get("user") if row.state == SEND else None
        resends = data_of(dispatched).get("resend", 0) + again
        attachments, problems = await self._attachments(connection, named_ids(parts))
        given = {
            "report_id": row.id,
            "id_zp": row.id_zp,
            "cislo_zp": row.cislo_zp,
            "int_adr": row.int_adr,
            "submitted_by": submitted_by or who_before or row.int_adr,
            **parts,
            "attachments": attachments,
        } | ({"resend": resends} if resends else {})
        return _HandedOver(given, parse(given, problems))

    async def _attachments(
        self, connection: AsyncConnection, ids: set[int]
    ) -> tuple[list[dict[str, Any]], list[Problem]]:
        if not ids:
            return [], []
        # In the text of the query: there may be more of them than a query may have parameters.
        known = bindparam(
            "ids",
            sorted(id_ for id_ in ids if 0 <= id_ <= MAX_ID),
            type_=Integer,
            expanding=True,
            literal_execute=True,
        )
        query = select(FILE_ATTACHMENTS).where(FILE_ATTACHMENTS.c.id.in_(known))
        rows = await connection.execute(query.order_by(FILE_ATTACHMENTS.c.id))
        return wire_attachments(rows, self._portal_base_url)

    async def _append(
        self,
        connection: AsyncConnection,
        row: Row[Any],
        entry: Entry,
        at: datetime,
        **columns: datetime,
    ) -> None:
        """Only under the lock on `row`. The report gets the state that the entry names."""
        values = {
            "row_id": row.id,
            "state": entry["state"],
            "history": [*entries_of(row.history, row.id_zp), entry],
            "date_updated": self._stored(at),
            **columns,
        }
        await connection.execute(_CHANGE, values)

    def _stored(self, at: datetime) -> datetime:
        """`at` as the `date_*` columns have it: whole seconds, in the portal's zone."""
        return at.astimezone(self._portal_zone).replace(tzinfo=None, microsecond=0)


async def _find(
    connection: AsyncConnection, query: Select[Any], **parameters: int
) -> Row[Any] | None:
    row: Row[Any] | None = (await connection.execute(query, parameters)).one_or_none()
    return row


async def _existing(connection: AsyncConnection, query: Select[Any], report_id: int) -> Row[Any]:
    row = await _find(connection, query, id=report_id)
    if row is None:
        raise ReportNotFoundError(f"the portal has no report with id {report_id}")
    return row


def _check_sendable(row: Row[Any], *, resend: bool) -> None:
    if row.state in DONE and not resend:
        raise AlreadyDoneError(row.id_zp, row.state)
    if row.state not in SENDABLE | DONE:
        raise NotSendableError(row.id_zp, row.state)
