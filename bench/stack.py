"""The processes that are measured, and those they need. None outlives its block."""

import asyncio
import os
import secrets
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from chaos.stack import isolate, prepared, temporal_server
from demo.processes import announced, running

OURS = [sys.executable, "worker.py"]
NAIVE = [sys.executable, "-m", "bench.naive"]
SHIPPED = [sys.executable, "-m", "bench.shipped_worker"]
BARE = [sys.executable, "-m", "bench.bare_worker"]


@dataclass(frozen=True, slots=True)
class Process:
    pid: int


@asynccontextmanager
async def started(
    command: list[str], folder: Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[Process]:
    """`command`, with its log in `folder`; ended at the end of the block."""
    log = folder / f"{secrets.token_hex(4)}.log"
    async with running(command, log=log, env=env) as child:
        yield Process(child.pid)


@asynccontextmanager
async def tuned_server(folder: Path) -> AsyncIterator[Client]:
    """Temporal as `insyz server` runs it, on TEMPORAL_ADDRESS, which it sets."""
    isolate(folder)
    async with temporal_server(folder) as server:
        yield await prepared(server, folder)


@asynccontextmanager
async def insyz(folder: Path) -> AsyncIterator[None]:
    """The simulator, at INSYZ_URL with INSYZ_TOKEN, which it sets."""
    token = secrets.token_urlsafe()
    command = [sys.executable, "-m", "simulator"]
    env = {"SIMULATOR_TOKEN": token}
    async with running(command, log=folder / "simulator.log", env=env) as child:
        os.environ |= {"INSYZ_URL": (await announced(child))["url"], "INSYZ_TOKEN": token}
        yield


async def run_to_its_end(command: list[str], *, seconds: float = 60.0) -> None:
    """Raises RuntimeError when it fails, with its last words.

    A bare script may crash after all is done, when the interpreter and the SDK's threads race at
    its end; what was to be measured is over then.
    """
    child = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, start_new_session=True
    )
    try:
        _, errors = await asyncio.wait_for(child.communicate(), seconds)
    finally:
        if child.returncode is None:  # its own children go with it
            os.killpg(child.pid, signal.SIGKILL)
    if child.returncode is not None and child.returncode > 0:
        raise RuntimeError(f"{command}: exit code {child.returncode}\n{errors.decode()}")
