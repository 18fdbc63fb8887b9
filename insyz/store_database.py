"""The portal's database as a connection: its address, its time limits, and what its errors mean."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import quote, unquote

from pydantic import SecretStr
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from insyz.store_errors import StoreError, StoreMisconfiguredError, StoreUnavailableError
from insyz.store_schema import METADATA

SETTING = "REPORTS_DATABASE_URL"
DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "sqlite": "sqlite+aiosqlite",
}
CONNECT_SECS = 10
LOCK_SHARE = 0.8
"""Of the statement time-out: PostgreSQL then says that it was a lock that took so long."""
WHOLE_SHARE = 2.0
"""Times the statement time-out, for a whole transaction: connecting, and a server that hangs."""

TRANSIENT_SQLSTATES = (
    "08",  # connection
    "25006",  # read-only: a failover is under way
    "25P03",  # idle in transaction: our process was frozen
    "40",  # rolled back: deadlock, serialization
    "53",  # too many connections, disk full
    "55",  # a lock was not to be had
    "57",  # cancelled, shut down, starting
    "58",  # the system below
    "XX",  # internal
)
TRANSIENT_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_FULL")
REFUSED_LOGINS = ("authentication failed", "no pg_hba.conf entry", "does not exist", "no password")
"""libpq gives no code for a refused connection; one refused in another language is tried again."""


class Database:
    """Transactions on the database at `url`; owns the pool of connections.

    `statement_secs` bounds one statement, 0.8 of it the wait for a lock, twice of it a whole
    transaction. Raises StoreMisconfiguredError for an address that cannot be used.
    """

    def __init__(self, url: str | SecretStr, *, statement_secs: float, pool_size: int) -> None:
        parsed = _driver_url(url.get_secret_value() if isinstance(url, SecretStr) else url)
        self._password = parsed.password or ""
        self._statement_secs = statement_secs
        self._is_postgresql = parsed.get_backend_name() == "postgresql"
        self._engine = _engine(parsed, statement_secs, pool_size)
        self._tables_are_there = self._is_postgresql

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Commits at the end of the block. The one place where the driver's errors become ours.

        Raises StoreUnavailableError or StoreMisconfiguredError.
        """
        whole = self._statement_secs * WHOLE_SHARE
        try:
            async with asyncio.timeout(whole), AsyncExitStack() as begun:
                await self._make_tables()
                yield await self._begin(begun)
        except TimeoutError:
            raise StoreUnavailableError(
                f"the portal's database gave no answer within {whole:g} s"
            ) from None
        except (SQLAlchemyError, OSError) as error:
            # Not chained: a driver's exception may hold the address, with its password.
            raise translated(error, self._password) from None

    async def _begin(self, begun: AsyncExitStack) -> AsyncConnection:
        """A pooled connection that the server has closed shows so at its first statement: then a
        fresh one serves. To ask it beforehand would cost each transaction a round trip."""
        try:
            return await begun.enter_async_context(self._engine.begin())
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return await begun.enter_async_context(self._engine.begin())

    async def _make_tables(self) -> None:
        """Only in the embedded SQLite file: on PostgreSQL the tables are the portal's to make."""
        if not self._tables_are_there:
            async with self._engine.begin() as connection:
                await connection.run_sync(METADATA.create_all)
            self._tables_are_there = True


def translated(error: Exception, password: str = "") -> StoreError:
    """The error of SQLAlchemy or a driver in our words: what the database said, no statement."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    words = " ".join(str(cause).split()) or type(cause).__name__
    for secret in {password, quote(password, safe=""), unquote(password)} - {""}:
        words = words.replace(secret, "***")
    if _is_transient(error, cause):
        return StoreUnavailableError(f"the portal's database is not available: {words}")
    return StoreMisconfiguredError(f"the portal's database ({SETTING}) cannot be used: {words}")


def _is_transient(error: Exception, cause: BaseException) -> bool:
    if isinstance(error, PoolTimeoutError | OSError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    sqlite_code = getattr(cause, "sqlite_errorname", None)
    if sqlite_code is not None:
        return str(sqlite_code).startswith(TRANSIENT_SQLITE)
    sqlstate = getattr(cause, "sqlstate", None)
    if sqlstate is not None:
        return str(sqlstate).startswith(TRANSIENT_SQLSTATES)
    if isinstance(error, OperationalError | InterfaceError):
        return not any(words in str(cause) for words in REFUSED_LOGINS)
    return error.connection_invalidated


def _driver_url(url: str) -> URL:
    try:
        parsed = make_url(url.strip())
        usable = parsed.drivername in DRIVERS and bool(parsed.database)
    except (ArgumentError, ValueError):
        usable = False
    if not usable or parsed.database == ":memory:":
        # The address itself is a secret and not named.
        raise StoreMisconfiguredError(
            f"{SETTING}: must be postgresql://user:password@host/database or sqlite:///file"
        ) from None
    return parsed.set(drivername=DRIVERS[parsed.drivername])


def _engine(url: URL, statement_secs: float, pool_size: int) -> AsyncEngine:
    postgresql = url.get_backend_name() == "postgresql"
    connect_args: dict[str, Any] = (
        # Prepared statements do not survive a pooler such as PgBouncer between us and the server.
        {"connect_timeout": CONNECT_SECS, "prepare_threshold": None, "autocommit": True}
        if postgresql
        else {"timeout": statement_secs}
    )
    # Where a portal has hstore in its database it is not for these tables.
    dialect: dict[str, Any] = {"use_native_hstore": False} if postgresql else {}
    engine = create_async_engine(
        url,
        **dialect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=statement_secs,
        hide_parameters=True,
        json_serializer=_to_json,
        connect_args=connect_args,
    )
    # Not in the drivers' own ways: SQLite's takes no lock before the first write, too late to lock
    # what is read before; psycopg's is a round trip of its own.
    begin = _begin_limited(statement_secs) if postgresql else "BEGIN IMMEDIATE"
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    if not postgresql:
        event.listen(engine.sync_engine, "connect", _begin_ourselves)
    return engine


def _begin_limited(statement_secs: float) -> str:
    """With the limits of this transaction: poolers refuse them as options of a connection.

    The last one frees the row for the portal when this process is frozen half-way.
    """
    statement_ms, lock_ms = (
        round(statement_secs * 1_000),
        round(statement_secs * LOCK_SHARE * 1_000),
    )
    return (
        f"BEGIN; SET LOCAL statement_timeout = {statement_ms}; SET LOCAL lock_timeout = {lock_ms}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {statement_ms}"
    )


def _to_json(value: Any) -> str:
    """Letters as they are; half of a surrogate pair, which UTF-8 cannot hold, stays an escape."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        written.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False)
    return written


def _begin_ourselves(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
