"""The portal's own side of its database: its tables, its rows, its transactions."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from tests.postgres import as_insyz, grant_least_right
from tests.support import eventually

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS reports (
        id BIGINT PRIMARY KEY, id_zp INT UNIQUE NOT NULL, cislo_zp VARCHAR(255) NOT NULL,
        int_adr INT, znackari JSON, data_a JSON, data_b JSON, calculation JSON,
        state VARCHAR(20) NOT NULL, history JSON,
        date_send TIMESTAMP, date_created TIMESTAMP, date_updated TIMESTAMP
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS file_attachments (
        id BIGINT PRIMARY KEY, original_name VARCHAR(255), mime_type VARCHAR(100), size INT,
        path VARCHAR(500), public_url VARCHAR(500), is_public BOOLEAN
    )
    """,
)
_IDS = count(1)
JSON_COLUMNS = ("znackari", "data_a", "data_b", "calculation")


@dataclass(frozen=True)
class Row:
    state: str
    history: list[dict[str, Any]]
    date_send: Any


class Portal:
    """The portal, as far as its database sees it; `url` is what it gives to the pipeline."""

    def __init__(self, url: str) -> None:
        self.url = as_insyz(url)
        driver = url.replace("postgresql://", "postgresql+psycopg://")
        self._engine = create_async_engine(driver.replace("sqlite://", "sqlite+aiosqlite://"))

    async def __aenter__(self) -> Self:
        async with self._engine.begin() as connection:
            for table in TABLES:
                await connection.execute(text(table))
            await grant_least_right(connection)
            # The server is shared by tests, its rows are not.
            await connection.execute(text("DELETE FROM reports"))
            await connection.execute(text("DELETE FROM file_attachments"))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections; the next use opens new ones."""
        await self._engine.dispose()

    async def has(self, report: dict[str, Any], state: str = "send") -> dict[str, Any]:
        """Inserts the row of `report`."""
        columns: dict[str, Any] = {name: json.dumps(report[name]) for name in JSON_COLUMNS}
        columns |= {
            "id": report["report_id"],
            "id_zp": report["id_zp"],
            "cislo_zp": report["cislo_zp"],
            "int_adr": report["int_adr"],
            "state": state,
            "history": "[]",
            "date_created": datetime.now(UTC).replace(tzinfo=None),
        }
        await self._insert("reports", columns)
        return report

    async def has_attachment(self, *, path: str) -> int:
        """Inserts a file; its id."""
        id_ = next(_IDS)
        await self._insert(
            "file_attachments",
            {
                "id": id_,
                "original_name": f"{id_}.pdf",
                "mime_type": "application/pdf",
                "size": 1_234,
                "path": path,
                "is_public": False,
            },
        )
        return id_

    async def row(self, id_zp: int) -> Row:
        query = text("SELECT state, history, date_send FROM reports WHERE id_zp = :id_zp")
        async with self._engine.connect() as connection:
            state, history, date_send = (await connection.execute(query, {"id_zp": id_zp})).one()
        entries = json.loads(history) if isinstance(history, str) else history
        return Row(state, entries, date_send)

    async def shows(self, report: dict[str, Any], state: str) -> None:
        """Returns once the report's row is in that state."""

        async def so() -> None:
            assert (await self.row(report["id_zp"])).state == state

        await eventually(so)

    async def edits(self, id_zp: int, **parts: Any) -> None:
        """The author changes some of the report's JSON."""
        async with self._engine.begin() as connection:
            for name, value in parts.items():
                change = text(f"UPDATE reports SET {name} = :value WHERE id_zp = :id_zp")  # noqa: S608
                await connection.execute(change, {"value": json.dumps(value), "id_zp": id_zp})

    async def appends(self, id_zp: int, entry: dict[str, Any]) -> None:
        """The portal writes an entry of its own: it locks, reads, appends."""
        async with self.locked(id_zp) as connection:
            query = text("SELECT history FROM reports WHERE id_zp = :id_zp")
            (history,) = (await connection.execute(query, {"id_zp": id_zp})).one()
            entries = json.loads(history) if isinstance(history, str) else history
            change = text("UPDATE reports SET history = :history WHERE id_zp = :id_zp")
            values = {"id_zp": id_zp, "history": json.dumps([*entries, entry])}
            await connection.execute(change, values)
            await connection.commit()

    @asynccontextmanager
    async def locked(self, id_zp: int) -> AsyncIterator[AsyncConnection]:
        """Holds the row in a transaction, as the portal does while it appends to a history."""
        async with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                lock = text("SELECT id FROM reports WHERE id_zp = :id_zp FOR UPDATE")
                await connection.execute(lock, {"id_zp": id_zp})
            yield connection
            await connection.rollback()

    async def _insert(self, table: str, columns: dict[str, Any]) -> None:
        names = ", ".join(columns)
        values = ", ".join(f":{name}" for name in columns)
        statement = text(f"INSERT INTO {table} ({names}) VALUES ({values})")  # noqa: S608
        async with self._engine.begin() as connection:
            await connection.execute(statement, columns)
