"""What the tests share: reports, free ports, the real Temporal server as a process."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from temporalio.client import Client

from simulator.server import Simulator
from starter.connection import TemporalUnreachableError, connect
from starter.embedded import server_command
from starter.statuses import status
from workflows.contract import Phase, State, Status

T = TypeVar("T")

SCALED_DOWN = {
    "INSYZ_CONNECT_SECS": "0.5",
    "INSYZ_REQUEST_SECS": "1.0",
    "INSYZ_TRY_SECS": "3.0",
    "INSYZ_SETTLE_SECS": "1.0",
    "INSYZ_PATIENCE_FIRST_SECS": "2.0",
    "INSYZ_PATIENCE_MAX_SECS": "4.0",
}
"""Settings under which what takes minutes takes seconds, in the same proportions."""

WORKER = Path(__file__).parents[1] / "worker.py"
VECTORS = Path(__file__).parent / "vectors" / "reports.jsonl"
INSYZ = Path(sys.executable).parent / "insyz"
_IDS = count(1_000)
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PORTS = count(12_000 + 4_000 * _WORKER + os.getpid() % 2_000)


def vectors() -> list[dict[str, Any]]:
    """The worked cases: `name`, `report` (whole), `submission`, `xml`."""
    with VECTORS.open(encoding="utf-8") as lines:
        return [_whole(json.loads(line)) for line in lines]


def _whole(case: dict[str, Any]) -> dict[str, Any]:
    report = case["report"] | {
        "submitted_by": case["submission"]["Odeslal"],
        "attachments": list((case.get("attachments") or {}).values()),
    }
    return case | {"report": report}


def a_report(**changes: Any) -> dict[str, Any]:
    """A small valid report on a work order of its own."""
    id_zp = next(_IDS)
    return deepcopy(
        {
            "report_id": id_zp,
            "id_zp": id_zp,
            "cislo_zp": f"S/BN/O/{id_zp}",
            "int_adr": 1955,
            "submitted_by": 4133,
            "znackari": [{"index": 1, "Znackar": "Jan Novák", "INT_ADR": 1955, "Je_Vedouci": True}],
            "data_a": {"Datum_Provedeni": "2026-06-20"},
            "data_b": {"Koment_Usek": "Vyměněna směrovka."},
            "calculation": {"1955": {"INT_ADR": 1955, "Celkem_Kc": 170.5}},
            "attachments": [],
        }
        | changes
    )


def free_port() -> int:
    """A port that nobody listens on, and that nobody else will be given meanwhile.

    The kernel's own choice may go to another process between this call and its use. So it is taken
    from below the kernel's range, in a part of its own for each of pytest's workers.
    """
    for port in _PORTS:
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise AssertionError("an endless count has ended")


@asynccontextmanager
async def worker_process(
    insyz_url: str, token: str, *, options: Sequence[str] = (), **env: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A real worker, killed at the end of the block if it is still there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        WORKER,
        *options,
        env=os.environ | {"INSYZ_URL": insyz_url, "INSYZ_TOKEN": token, "LOG_FORMAT": "json"} | env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


class TemporalServer:
    """The real dev server, tuned as for the demo, as a process that a test may kill.

    `visibility_lags`: its list of runs is brought up to date once a second only.
    """

    def __init__(
        self,
        folder: Path,
        *,
        db_file: Path | None = None,
        search_attributes: bool = False,
        visibility_lags: bool = False,
    ) -> None:
        self.port = free_port()
        self.http_port = free_port()
        self._command = server_command(
            db_file=db_file,
            port=self.port,
            http_port=self.http_port,
            search_attributes=search_attributes,
        )
        if visibility_lags:
            self._command += ["--dynamic-config-value", "history.visibilityProcessorMaxPollRPS=1"]
        self._log = folder / "temporal.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        os.environ["TEMPORAL_ADDRESS"] = self.address
        await self.connect()

    async def connect(self) -> Client:
        return await eventually(connect, retry_on=TemporalUnreachableError)

    async def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None


@dataclass(frozen=True)
class Ran:
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        (line,) = self.stdout.splitlines()
        value: dict[str, Any] = json.loads(line)
        return value


async def insyz_command(*args: str, stdin: str = "") -> Ran:
    process = await asyncio.create_subprocess_exec(
        INSYZ,
        *args,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ,
    )
    out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 60)
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


async def reaches(
    client: Client, report: dict[str, Any], goal: Phase | State, within: float = 30
) -> Status:
    """The status of `report` once it is in that phase or state."""

    async def look() -> Status:
        now = await status(report["id_zp"], client=client)
        assert goal in {now.phase, now.state}, now
        return now

    return await eventually(look, within=within)


async def insyz_got(insyz: Simulator, requests: int, target: str = "submit") -> None:
    """Returns once INSYZ has got so many requests."""

    async def arrived() -> None:
        assert insyz.stats()["requests"][target] >= requests

    await eventually(arrived)


async def temporal_cli(*args: str) -> str:
    """What the `temporal` command prints; of the server that TEMPORAL_ADDRESS names."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "temporal",
        *args,
        *("--address", os.environ["TEMPORAL_ADDRESS"]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    return out.decode()


async def eventually(
    attempt: Callable[[], Awaitable[T]],
    *,
    retry_on: type[Exception] = AssertionError,
    within: float = 30.0,
) -> T:
    """What `attempt` returns once it no longer raises `retry_on`."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        try:
            return await attempt()
        except retry_on:
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.02)
