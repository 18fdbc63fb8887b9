"""The processes of a run: Temporal's server, INSYZ's simulator, workers. None outlives the run."""

import asyncio
import os
import secrets
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
from temporalio.client import Client

from chaos.faults import LATENCY_SECS, SCALED_DOWN
from chaos.sql_faults import ASK_SECS, LOCK_SECS
from demo.processes import announced, port, running
from insyz.sql_strategy import SqlStrategy
from starter.connection import TemporalUnreachableError, connect
from starter.embedded import prepare, server_command

ROOT = Path(__file__).parents[1]
START_SECS = 20.0
LOOK_SECS = 0.3
WORKERS = {
    "ours": [sys.executable, str(ROOT / "worker.py")],
    "old": [sys.executable, "-m", "chaos.old_rule"],
}
"""What works on the reports, by the rule that it follows."""


class Process:
    """A child that is killed and started again; in a session of its own, out of Ctrl-C's reach."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str]) -> None:
        self._command = command
        self._log = log
        self._env = env
        self._child: asyncio.subprocess.Process | None = None

    @property
    def runs(self) -> bool:
        return self._child is not None and self._child.returncode is None

    @property
    def killed(self) -> bool:
        return self._child is not None and self._child.returncode == -signal.SIGKILL

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=os.environ | self._env,
                start_new_session=True,
            )

    async def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told. Ends a frozen process too."""
        if self._child is not None:
            self.send(signal.SIGKILL)
            await self._child.wait()

    def send(self, number: signal.Signals) -> None:
        if self._child is not None:
            with suppress(ProcessLookupError):
                self._child.send_signal(number)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()


@dataclass(frozen=True, slots=True)
class Insyz:
    """The simulator: what a worker needs to know of it, and where `/_sim` is; `log` has a line for
    each request."""

    env: Mapping[str, str]
    control: str
    log: Path

    async def order(self, faults: Sequence[Mapping[str, Any]]) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            for order in faults:
                answer = await http.post(f"{self.control}/_sim/faults", json=order)
                answer.raise_for_status()

    async def records(self) -> Counter[int]:
        """How many records it holds of each report."""
        # An outage that is under way has to pass first.
        transport = httpx.AsyncHTTPTransport(retries=5)
        async with httpx.AsyncClient(trust_env=False, transport=transport, timeout=30) as http:
            answer = await http.get(f"{self.control}/_sim/submissions")
            answer.raise_for_status()
        return Counter(record["id_zp"] for record in answer.json())


class Workers:
    """The worker processes: one that is gone is replaced. `left` counts those that went by
    themselves."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self.processes = processes
        self.left = 0

    async def tend(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECS)
            for process in self.processes:
                if not process.runs:
                    self.left += not process.killed
                    await process.start()


@dataclass(frozen=True, slots=True)
class Stack:
    client: Client
    temporal: Process
    insyz: Insyz
    workers: Workers


@asynccontextmanager
async def started_stack(
    folder: Path, *, delivery: str, rule: str, workers: int
) -> AsyncIterator[Stack]:
    """Everything started, its files and logs in `folder`; gone at the end of the block."""
    isolate(folder)
    async with AsyncExitStack() as children:
        temporal = await children.enter_async_context(temporal_server(folder))
        start = sql_server if delivery in {*SqlStrategy} else http_gateway
        insyz = await children.enter_async_context(start(folder, delivery))
        env = {**SCALED_DOWN, **insyz.env}
        client = await prepared(temporal, folder)
        pool = [
            await children.enter_async_context(
                Process(WORKERS[rule], folder / f"worker-{number}.log", env)
            )
            for number in range(1, workers + 1)
        ]
        yield Stack(client, temporal, insyz, Workers(pool))


def isolate(folder: Path) -> None:
    """Neither the settings of whoever runs this nor those of the run before count."""
    for name in [*os.environ]:
        if name.startswith(("TEMPORAL_", "INSYZ_", "LOG_")):
            del os.environ[name]
    os.environ["TEMPORAL_CONFIG_FILE"] = str(folder / "no-such-file.toml")
    os.environ["TEMPORAL_ADDRESS"] = f"127.0.0.1:{port(0)}"


def temporal_server(folder: Path) -> Process:
    """On the address of the run, which it keeps when it is started again."""
    address = os.environ["TEMPORAL_ADDRESS"]
    command = server_command(
        db_file=_state_file(folder), port=int(address.rpartition(":")[2]), http_port=port(0)
    )
    return Process(command, folder / "temporal.log", {})


def _state_file(folder: Path) -> Path:
    return folder / "temporal.db"


@asynccontextmanager
async def http_gateway(folder: Path, delivery: str) -> AsyncIterator[Insyz]:
    token = secrets.token_urlsafe()
    log = folder / "insyz.log"
    command = [sys.executable, "-m", "simulator", "--verbose", "--delivery", delivery]
    command += ["--db", str(folder / "insyz.sqlite3"), "--latency", str(LATENCY_SECS)]
    async with running(command, log=log, env={"SIMULATOR_TOKEN": token}) as process:
        url = (await announced(process))["url"]
        env = {"INSYZ_URL": url, "INSYZ_TOKEN": token, "INSYZ_DELIVERY": delivery}
        yield Insyz(env, url, log)


@asynccontextmanager
async def sql_server(folder: Path, strategy: str) -> AsyncIterator[Insyz]:
    password = secrets.token_urlsafe()
    log = folder / "insyz.log"
    command = [sys.executable, "-m", "simulator.tds", "--verbose"]
    command += ["--db", str(folder / "insyz.sqlite3"), "--latency", str(LATENCY_SECS)]
    command += ["--lock", str(LOCK_SECS), "--ask", str(ASK_SECS)]
    async with running(command, log=log, env={"SIMULATOR_PASSWORD": password}) as process:
        ready = await announced(process)
        env = {"INSYZ_URL": ready["url"], "INSYZ_SQL_PASSWORD": password}
        env["INSYZ_SQL_STRATEGY"] = strategy
        yield Insyz(env, ready["control"], log)


async def prepared(temporal: Process, folder: Path) -> Client:
    """A client of the server that runs on `folder`, once it is as `insyz server` has it."""
    client = await _when_up(temporal)
    await prepare(client, _state_file(folder))
    return client


async def _when_up(temporal: Process) -> Client:
    async with asyncio.timeout(START_SECS):
        while temporal.runs:
            with suppress(TemporalUnreachableError):
                return await connect()
            await asyncio.sleep(0.1)
    raise RuntimeError("the Temporal server did not start")
