"""The role that deploy/postgresql/insyz-role.sql makes: enough for the store, as all tests here
show, and no more."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from insyz.store import ReportStore, StoreMisconfiguredError
from tests.postgres import PostgresServer, as_insyz
from tests.store.conftest import PortalSide
from tests.store.support import NOW, an_outcome

REFUSED = [
    "DELETE FROM reports",
    "TRUNCATE reports",
    "DROP TABLE reports",
    "ALTER TABLE reports ADD COLUMN more int",
    "INSERT INTO reports (id, id_zp, cislo_zp, state) VALUES (1, 1, 'S', 'send')",
    "UPDATE reports SET data_a = '{}'",
    "UPDATE reports SET calculation = '{}'",
    "UPDATE reports SET int_adr = 1",
    "UPDATE reports SET id_zp = 1",
    "SELECT secret FROM reports",
    "SELECT * FROM reports",
    "UPDATE file_attachments SET path = ''",
    "DELETE FROM file_attachments",
    "SELECT id FROM file_attachments FOR UPDATE",
    "SELECT * FROM users",
    "INSERT INTO users VALUES ('mallory')",
    "CREATE TABLE mine (id int)",
    "CREATE ROLE other",
    "CREATE DATABASE other",
    "SET ROLE portal",
    "GRANT SELECT ON users TO insyz",
    "COPY reports (state) TO '/tmp/reports'",
    "SELECT pg_read_file('/etc/passwd')",
    "ALTER ROLE insyz SUPERUSER",
]


@pytest.fixture
async def portal(postgres: PostgresServer) -> AsyncIterator[PortalSide]:
    """A portal that keeps more than what concerns us."""
    portal = PortalSide(postgres.url)
    await portal.makes_tables()
    async with portal.database.transaction() as connection:
        await connection.execute(text("ALTER TABLE reports ADD COLUMN secret text"))
        await connection.execute(text("CREATE TABLE IF NOT EXISTS users (name text)"))
    yield portal
    async with portal.database.transaction() as connection:
        await connection.execute(text("DROP TABLE users"))
    await portal.database.close()


@pytest.fixture
async def engine(portal: PortalSide, postgres: PostgresServer) -> AsyncIterator[AsyncEngine]:
    """Connections under the role, past the store."""
    driver = as_insyz(postgres.url).replace("postgresql:", "postgresql+psycopg:")
    engine = create_async_engine(driver, isolation_level="AUTOCOMMIT")
    yield engine
    await engine.dispose()


@pytest.mark.parametrize("statement", REFUSED)
async def test_the_role_is_refused_all_that_the_store_does_not_do(
    engine: AsyncEngine, statement: str
) -> None:
    async with engine.connect() as connection:
        with pytest.raises(ProgrammingError) as refused:
            await connection.execute(text(statement))
    assert getattr(refused.value.orig, "sqlstate", None) in {"42501", "42703"}


async def test_the_store_works_with_the_role(portal: PortalSide, postgres: PostgresServer) -> None:
    report = await portal.has(state="rejected")
    async with ReportStore(as_insyz(postgres.url)) as store:
        await store.check()
        await store.dispatch(report, submitted_by=4133, now=NOW)
        assert (await store.record(an_outcome(report))).written


async def test_a_role_with_too_few_rights_is_told_so_in_one_clear_line(
    portal: PortalSide, postgres: PostgresServer
) -> None:
    async with portal.database.transaction() as connection:
        await connection.execute(text("REVOKE UPDATE (history) ON reports FROM insyz"))
    async with ReportStore(as_insyz(postgres.url)) as store:
        with pytest.raises(StoreMisconfiguredError, match="permission denied for table reports"):
            await store.check()
