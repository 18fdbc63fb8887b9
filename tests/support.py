"""What the tests share: reports, free ports, the real Temporal server as a process."""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from temporalio.client import Client

from starter.connection import TemporalUnreachableError, connect
from starter.embedded import server_command

T = TypeVar("T")

VECTORS = Path(__file__).parent / "vectors" / "reports.jsonl"
_IDS = count(1_000)


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
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class TemporalServer:
    """The real dev server, tuned as for the demo, as a process that a test may kill."""

    def __init__(self, folder: Path, *, db_file: Path | None = None) -> None:
        self.port = free_port()
        self.http_port = free_port()
        self._command = server_command(db_file=db_file, port=self.port, http_port=self.http_port)
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


async def eventually(
    attempt: Callable[[], Awaitable[T]],
    *,
    retry_on: type[Exception] = AssertionError,
    within: float = 10.0,
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
