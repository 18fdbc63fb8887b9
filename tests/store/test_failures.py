"""A database that is away, slow, or not what it should be."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import exc, text
from sqlalchemy.engine import make_url

from insyz.store import (
    Recorded,
    ReportStore,
    StoreError,
    StoreMisconfiguredError,
    StoreUnavailableError,
)
from insyz.store_database import translated
from tests.postgres import PostgresServer
from tests.store.conftest import PortalSide
from tests.store.support import an_outcome

PASSWORD = "gehe!m/ž"
only_postgresql = pytest.mark.parametrize("owners_url", ["postgresql"], indirect=True)


@only_postgresql
async def test_the_store_works_again_once_a_stopped_database_is_back(
    store: ReportStore, portal: PortalSide, postgres: PostgresServer
) -> None:
    id_ = await portal.has()
    await store.check()
    await postgres.stop()
    try:
        with pytest.raises(StoreUnavailableError):
            await store.record(an_outcome(id_))
    finally:
        await postgres.start()
    assert await store.record(an_outcome(id_)) == Recorded(True)


@only_postgresql
async def test_a_database_that_was_started_anew_meanwhile_is_nothing_to_notice(
    store: ReportStore, portal: PortalSide, postgres: PostgresServer
) -> None:
    id_ = await portal.has()
    await asyncio.gather(*[store.check() for _ in range(3)])
    await postgres.stop()
    await postgres.start()
    assert await store.record(an_outcome(id_)) == Recorded(True)


async def test_a_lock_held_too_long_is_a_reason_to_try_again(portal: PortalSide, url: str) -> None:
    id_ = await portal.has()
    async with ReportStore(url, statement_secs=0.5) as store:
        async with portal.database.transaction() as connection:
            await portal.locks(connection, id_)
            with pytest.raises(StoreUnavailableError, match="lock"):
                await store.record(an_outcome(id_))
        assert await store.record(an_outcome(id_)) == Recorded(True)


@only_postgresql
async def test_a_connection_that_died_between_commit_and_answer_leaves_one_entry(
    portal: PortalSide, url: str
) -> None:
    id_ = await portal.has()
    async with loses_the_answer_to(b"COMMIT", url) as lossy, ReportStore(lossy) as store:
        with pytest.raises(StoreUnavailableError):
            await store.record(an_outcome(id_))
        assert (await portal.row(id_)).state == "submitted"
        assert await store.record(an_outcome(id_)) == Recorded(False)
    assert len((await portal.row(id_)).history) == 1


@only_postgresql
async def test_a_killed_backend_is_a_reason_to_try_again(
    store: ReportStore, portal: PortalSide
) -> None:
    id_ = await portal.has()
    kill = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
    async with portal.database.transaction() as connection:
        await portal.locks(connection, id_)
        waiting = asyncio.create_task(store.record(an_outcome(id_)))
        while not (await connection.execute(kill)).all():
            await asyncio.sleep(0.01)
        with pytest.raises(StoreUnavailableError):
            await waiting
    assert await store.record(an_outcome(id_)) == Recorded(True)


async def test_a_database_that_says_nothing_at_all_is_given_up_in_time() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1")
    port = silent.sockets[0].getsockname()[1]
    async with silent, ReportStore(f"postgresql://127.0.0.1:{port}/x", statement_secs=0.2) as store:
        with pytest.raises(StoreUnavailableError, match=r"no answer within 0\.4 s"):
            await store.check()


@only_postgresql
async def test_a_missing_table_is_named(store: ReportStore, portal: PortalSide) -> None:
    async with portal.database.transaction() as connection:
        await connection.execute(text("DROP TABLE file_attachments"))
    with pytest.raises(StoreMisconfiguredError, match="file_attachments"):
        await store.check()


@only_postgresql
async def test_a_role_that_may_only_read_does_not_pass_the_check(
    portal: PortalSide, url: str
) -> None:
    async with portal.database.transaction() as connection:
        await connection.execute(text("DROP ROLE IF EXISTS reader"))
        await connection.execute(text("CREATE ROLE reader LOGIN"))
        await connection.execute(text("GRANT SELECT ON reports, file_attachments TO reader"))
    try:
        reader = make_url(url).set(username="reader").render_as_string(hide_password=False)
        async with ReportStore(reader) as store:
            assert await store.pending() == []
            with pytest.raises(StoreMisconfiguredError, match=r"permission denied.*reports"):
                await store.check()
    finally:
        async with portal.database.transaction() as connection:
            await connection.execute(text("DROP OWNED BY reader"))
            await connection.execute(text("DROP ROLE reader"))


async def test_a_sqlite_file_is_made_on_first_use(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    async with (
        ReportStore(f"sqlite:///{file}") as one,
        ReportStore(f"sqlite:///{file}") as other,
    ):
        await asyncio.gather(one.check(), other.check(), one.check())
        assert await one.pending() == []
    assert file.exists()


async def test_a_folder_that_is_not_there_is_named_as_a_mistake(tmp_path: Path) -> None:
    async with ReportStore(f"sqlite:///{tmp_path}/no/new.db") as store:
        with pytest.raises(StoreMisconfiguredError, match="unable to open"):
            await store.check()


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("127.0.0.1:1/portal", StoreUnavailableError),
        ("no-such-host.invalid/portal", StoreUnavailableError),
        ("{postgres}/no_such_database", StoreMisconfiguredError),
        ("{postgres}/postgres", StoreMisconfiguredError),
        ("127.0.0.1:1/portal?foo=bar", StoreMisconfiguredError),
    ],
)
async def test_no_error_and_no_text_holds_the_password(
    postgres: PostgresServer, where: str, expected: type[StoreError]
) -> None:
    host = where.format(postgres=urlsplit(postgres.url).netloc.rpartition("@")[2])
    quoted = "gehe%21m%2F%C5%BE"
    async with ReportStore(f"postgres://nobody-we-know:{quoted}@{host}") as store:
        with pytest.raises(expected) as raised:
            await store.check()
        words = f"{raised.value!r} {store!r} {raised.value.__cause__!r} {vars(raised.value)}"
    assert PASSWORD not in words
    assert quoted not in words


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "mysql://u:geheim@h/d",
        "sqlite://",
        "postgresql://u:geheim@h:x/d",
        "sqlite:///:memory:",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StoreMisconfiguredError, match="REPORTS_DATABASE_URL") as raised:
        ReportStore(url)
    assert "geheim" not in repr(raised.value)


def as_raised(error: Exception) -> exc.DBAPIError:
    """`error` as SQLAlchemy hands it on: in the wrapper of its DBAPI class."""
    names = [cls.__name__ for cls in type(error).__mro__]
    wrapper = next(getattr(exc, name) for name in names if name in WRAPPERS)
    wrapped: exc.DBAPIError = wrapper("SELECT", {}, error)
    return wrapped


WRAPPERS = {
    *("OperationalError", "InterfaceError", "InternalError", "DataError", "IntegrityError"),
    *("ProgrammingError", "NotSupportedError", "DatabaseError"),
}


def with_code(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("words")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("connection refused"),
        psycopg.InterfaceError("the connection is closed"),
        psycopg.errors.ConnectionTimeout("too slow"),
        psycopg.errors.AdminShutdown(),
        psycopg.errors.CannotConnectNow(),
        psycopg.errors.QueryCanceled(),
        psycopg.errors.LockNotAvailable(),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.SerializationFailure(),
        psycopg.errors.TooManyConnections(),
        psycopg.errors.DiskFull(),
        psycopg.errors.IoError(),
        psycopg.errors.ReadOnlySqlTransaction(),
        psycopg.errors.IdleInTransactionSessionTimeout(),
        psycopg.errors.InternalError_(),
        with_code("SQLITE_BUSY"),
        with_code("SQLITE_BUSY_SNAPSHOT"),
        with_code("SQLITE_IOERR_WRITE"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_another_try_may_mend_is_unavailable(error: Exception) -> None:
    assert type(translated(as_raised(error))) is StoreUnavailableError


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError('FATAL:  password authentication failed for user "x"'),
        psycopg.errors.UndefinedTable(),
        psycopg.errors.UndefinedColumn(),
        psycopg.errors.InsufficientPrivilege(),
        psycopg.errors.InvalidPassword(),
        psycopg.errors.StringDataRightTruncation(),
        psycopg.errors.CheckViolation(),
        psycopg.DataError(),
        psycopg.IntegrityError(),
        psycopg.InternalError(),
        psycopg.NotSupportedError(),
        psycopg.ProgrammingError(),
        psycopg.DatabaseError(),
        with_code("SQLITE_ERROR"),
        with_code("SQLITE_READONLY"),
        with_code("SQLITE_CANTOPEN"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_person_must_mend_is_misconfigured(error: Exception) -> None:
    assert type(translated(as_raised(error))) is StoreMisconfiguredError


@asynccontextmanager
async def loses_the_answer_to(command: bytes, url: str) -> AsyncIterator[str]:
    """A proxy before the database at `url`: once, the command arrives and no answer comes back."""
    target = urlsplit(url)
    lost = asyncio.Event()

    async def serve(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(target.hostname, target.port)

        cut = asyncio.Event()

        async def requests() -> None:
            while data := await client.read(65_536):
                if command in data and not lost.is_set():
                    lost.set()
                    cut.set()
                to_server.write(data)

        async def answers() -> None:
            while (data := await server.read(65_536)) and not cut.is_set():
                to_client.write(data)

        asking, answering = asyncio.create_task(requests()), asyncio.create_task(answers())
        with suppress(ConnectionError):
            await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
        for task in (asking, answering):
            task.cancel()
        await asyncio.gather(asking, answering, return_exceptions=True)
        for writer in (to_server, to_client):
            writer.close()

    proxy = await asyncio.start_server(serve, "127.0.0.1")
    port = proxy.sockets[0].getsockname()[1]
    async with proxy:
        yield make_url(url).set(port=port).render_as_string(hide_password=False)
