"""The SQL Server in the current event loop, on a real socket, and an HTTP port to control it."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from simulator.book import Book
from simulator.control import Control
from simulator.order import FaultOrder, Target
from simulator.plan import FaultPlan
from simulator.tds.channel import Channel, GoneError
from simulator.tds.database import Database
from simulator.tds.faults import FAULTS, SqlFault
from simulator.tds.session import Door, Session
from simulator.tds.statements import PROCEDURES, Catalog

GRACE_SECS = 0.2
USER, DATABASE = "portal", "INSYZ"


class TdsSimulator:
    """INSYZ's SQL Server, as long as the `async with` block lasts.

    Args:
        password: of the user `portal`.
        db: the SQLite file of what was taken; by default nothing is kept.
        port, control_port: 0 for free ones.
        latency: seconds that INSYZ works on a submission.
        lock_secs: how long a submission waits for another one under the same key.
        ask_secs: how long a question does.
        tls: with a certificate; None for a server that has none.
        requires_tls: whether clients without TLS are turned away.
        installed: the procedures that are there.
        granted: those of them that the user may execute.

    Attributes:
        book: what INSYZ took.
        plan: the faults ordered so far.
        counts: how many statements came to each target.
    """

    def __init__(
        self,
        *,
        password: str,
        db: Path | str = ":memory:",
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int = 0,
        latency: float = 0.0,
        lock_secs: float = 15.0,
        ask_secs: float = 5.0,
        tls: ssl.SSLContext | None = None,
        requires_tls: bool = False,
        installed: Collection[str] = PROCEDURES,
        granted: Collection[str] = PROCEDURES,
    ) -> None:
        self.book = Book(db)
        self.plan: FaultPlan[SqlFault] = FaultPlan(FAULTS)
        self.counts: Counter[Target] = Counter()
        self._door = Door({USER: password}, DATABASE, tls, requires_tls)
        self._database = Database(
            self.book, latency=latency, lock_secs=lock_secs, ask_secs=ask_secs
        )
        self._installed = installed
        self._granted = granted
        self._host = host
        self._asked_port = port
        self._control_port = control_port
        self._sessions: set[asyncio.Task[None]] = set()
        self._refuse_until = 0.0
        self._server: asyncio.Server | None = None
        control = Control(self.book, self.plan, self._counted, self.refuse_connections)
        application = web.Application()
        application.add_routes(control.routes())
        self._control = web.AppRunner(application, access_log=None)

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(self._serve, self._host, self._asked_port)
            await self._control.setup()
            await web.TCPSite(self._control, self._host, self._control_port).start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._server is not None:
            self._server.close()
        if self._sessions:
            _, stalled = await asyncio.wait(self._sessions, timeout=GRACE_SECS)
            for session in stalled:
                session.cancel()
            await asyncio.gather(*stalled, return_exceptions=True)
        await self._control.cleanup()
        self.book.close()

    @property
    def url(self) -> str:
        """Where it listens, as INSYZ_URL has it."""
        return f"mssql://{USER}@{self._host}:{self.port}/{DATABASE}"

    @property
    def port(self) -> int:
        assert self._server is not None  # noqa: S101 (within the block)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def control_url(self) -> str:
        """Where `/_sim/…` is, without a slash at the end."""
        _, port = self._control.addresses[0][:2]
        return f"http://{self._host}:{port}"

    @property
    def busy(self) -> bool:
        """Whether a connection is open, or a statement at work whose client has gone."""
        return bool(self._sessions)

    def script(
        self, id_zp: int | str, *faults: SqlFault | str, target: Target | str = Target.SUBMIT
    ) -> None:
        """The faults of the report's next statements, one each; afterwards all is normal."""
        self.order(target=target, script={str(id_zp): list(faults)})

    def order(self, **fields: Any) -> None:
        """What `POST /_sim/faults` does with these fields. Raises pydantic.ValidationError."""
        self.plan.obey(FaultOrder.model_validate(fields, context=self.plan.context))

    async def refuse_connections(self, seconds: float) -> None:
        """An outage: whoever connects within so many seconds is hung up on."""
        until = asyncio.get_running_loop().time() + seconds
        self._refuse_until = max(self._refuse_until, until)

    def _counted(self) -> dict[str, int]:
        return {target.value: self.counts[target] for target in Target}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (called as one)
        self._sessions.add(task)
        channel = Channel(reader, writer)
        try:
            await self._converse(channel)
        finally:
            self._sessions.discard(task)
            await channel.close()

    async def _converse(self, channel: Channel) -> None:
        if asyncio.get_running_loop().time() < self._refuse_until:
            channel.reset()
            return
        session = Session(
            channel,
            self._door,
            Catalog(self._database, self._installed, self._granted),
            self.plan,
            self._count,
            self.refuse_connections,
        )
        # asyncio calls a connection that was cancelled a failure, and prints it.
        with suppress(GoneError, ConnectionError, asyncio.CancelledError):
            await session.run()

    def _count(self, target: Target) -> None:
        self.counts[target] += 1
