"""The store on a real PostgreSQL and on SQLite, and the portal's side of the same tables."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from insyz.store import ReportStore
from insyz.store_database import Database
from insyz.store_schema import FILE_ATTACHMENTS, METADATA, REPORTS
from tests.postgres import PostgresServer, as_insyz, grant_least_right, postgres_server
from tests.store.support import a_row


class PortalSide:
    """The portal: another process with connections of its own, that locks before it reads."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, statement_secs=20, pool_size=20)

    async def makes_tables(self) -> None:
        async with self.database.transaction() as connection:
            await connection.run_sync(METADATA.drop_all)
            await connection.run_sync(METADATA.create_all)
            await grant_least_right(connection)

    async def has(self, **columns: Any) -> int:
        """Inserts a report; its id, which is its id_zp as well."""
        row = a_row(**columns)
        async with self.database.transaction() as connection:
            await connection.execute(insert(REPORTS).values(row))
        return int(row["id"])

    async def has_attachment(self, **columns: Any) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(insert(FILE_ATTACHMENTS).values(columns))

    async def row(self, id_: int) -> Any:
        async with self.database.transaction() as connection:
            return await self.locks(connection, id_)

    async def locks(self, connection: AsyncConnection, id_: int) -> Any:
        query = select(REPORTS).where(REPORTS.c.id == id_).with_for_update()
        return (await connection.execute(query)).one()

    async def sets(self, id_: int, **columns: Any) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(update(REPORTS).where(REPORTS.c.id == id_).values(columns))

    async def appends(self, id_: int, entry: dict[str, Any]) -> None:
        async with self.database.transaction() as connection:
            row = await self.locks(connection, id_)
            changed = update(REPORTS).where(REPORTS.c.id == id_)
            await connection.execute(changed.values(history=[*row.history, entry]))


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[PostgresServer]:
    async with postgres_server() as server:
        yield server


@pytest.fixture(params=["postgresql", "sqlite"])
async def owners_url(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> AsyncIterator[str]:
    if request.param == "postgresql":
        yield postgres.url
    else:
        yield f"sqlite:///{tmp_path / 'portal.db'}"


@pytest.fixture
def url(owners_url: str) -> str:
    """What the pipeline is given: with PostgreSQL, a role that may do as little as possible."""
    return as_insyz(owners_url)


@pytest.fixture
async def portal(owners_url: str) -> AsyncIterator[PortalSide]:
    portal = PortalSide(owners_url)
    await portal.makes_tables()
    yield portal
    await portal.database.close()


@pytest.fixture
async def store(portal: PortalSide, url: str) -> AsyncIterator[ReportStore]:
    async with ReportStore(url, portal_base_url="https://portal.example/", pool_size=10) as store:
        yield store
