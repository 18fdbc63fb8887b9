"""INSYZ without a gateway: its SQL Server, spoken to directly.

A connection for each submission and each question: nothing is left over from the one before. It
retries nothing: Temporal owns the retries.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Protocol, Self

from insyz.errors import InvalidReportError
from insyz.gateway import Delivery, Receipt, Submission
from insyz.sql_address import MAX_NAME_CHARS
from insyz.sql_answers import BrokenError, Phase, ServerError, failure
from insyz.sql_diagnosis import Check, diagnose
from insyz.sql_driver import Login
from insyz.sql_session import SqlSession

MAX_CONNECTIONS = 200
XML_DECLARATION = re.compile(r"\ufeff?<\?xml[^>]*\?>\s*")
"""A text that says of itself how it is encoded is refused once it is not (9402)."""


class Strategy(Protocol):
    """How a report is written so that as little as possible stays unknown."""

    @property
    def delivery(self) -> Delivery: ...

    @property
    def settle_secs(self) -> float: ...

    @property
    def procedures(self) -> Sequence[str]:
        """What the login must be allowed to execute."""
        ...

    async def submit(self, session: SqlSession, submission: Submission) -> Receipt:
        """Raises ServerError or BrokenError too: what they mean depends on the session's phase."""
        ...

    async def find(self, session: SqlSession, key: str) -> Receipt | None:
        """As `submit`."""
        ...


class SqlGateway:
    """A Gateway to SQL Server; an async context manager that owns its threads.

    `connect_secs` bounds making a connection, TLS and login included; `request_secs` the whole of
    a submission or a question, from the first byte out to the last one in.
    """

    def __init__(
        self, login: Login, strategy: Strategy, *, connect_secs: float, request_secs: float
    ) -> None:
        self._login = login
        self._strategy = strategy
        self._connect_secs = connect_secs
        self._request_secs = request_secs
        self._threads = ThreadPoolExecutor(MAX_CONNECTIONS, thread_name_prefix="insyz-sql")

    @property
    def delivery(self) -> Delivery:
        return self._strategy.delivery

    @property
    def settle_secs(self) -> float:
        return self._strategy.settle_secs

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._threads.shutdown(wait=False)

    async def submit(self, submission: Submission) -> Receipt:
        _check_user(submission.uzivatel)
        bare = replace(submission, xml=XML_DECLARATION.sub("", submission.xml, count=1))
        async with self._session() as session:
            return await self._strategy.submit(session, bare)

    async def find(self, key: str) -> Receipt | None:
        async with self._session() as session:
            return await self._strategy.find(session, key)

    async def health(self) -> None:
        async with self._session() as session:
            await session.run(Phase.ASKING, "SELECT 1 AS Ok")

    async def diagnose(self) -> list[Check]:
        """What is right and wrong between here and the procedures, without submitting anything."""
        async with SqlSession(self._threads) as session:
            return await diagnose(
                session, self._login, self._strategy.procedures, within_secs=self._connect_secs
            )

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[SqlSession]:
        """A session that is logged in. What goes wrong in it leaves as an InsyzError."""
        session = SqlSession(self._threads)
        try:
            async with asyncio.timeout(self._request_secs), session:
                await self._open(session)
                yield session
        except TimeoutError:
            late = BrokenError(f"no answer within {self._request_secs:g} s")
            raise failure(late, session.phase) from None
        except (ServerError, BrokenError) as error:
            raise failure(error, session.phase) from error

    async def _open(self, session: SqlSession) -> None:
        try:
            async with asyncio.timeout(self._connect_secs):
                await session.connect(self._login.address)
                await session.log_in(self._login)
        except TimeoutError:
            late = f"cannot reach INSYZ: no connection within {self._connect_secs:g} s"
            raise BrokenError(late) from None


def _check_user(uzivatel: str) -> None:
    """Raises InvalidReportError for what @Uzivatel, a varchar of Windows-1250, cannot hold."""
    fits = 0 < len(uzivatel) <= MAX_NAME_CHARS and uzivatel.isprintable()
    if not fits or uzivatel.encode("cp1250", errors="ignore").decode("cp1250") != uzivatel:
        raise InvalidReportError(f"uzivatel {uzivatel!r:.40} does not fit into @Uzivatel")
