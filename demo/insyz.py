"""INSYZ's stand-ins: behind its HTTP gateway, or its SQL Server itself."""

import os
import secrets
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.processes import announced, running

BILLED = "ZP nelze zapsat: příkaz je již vyúčtován"
MAINTENANCE = "údržba"


@dataclass(frozen=True)
class Insyz:
    """Where it is (INSYZ_URL), where `/_sim` is, and how it says no, and not now."""

    url: str
    control: str
    refusal: dict[str, Any]
    outage: dict[str, Any]


async def start_insyz(children: AsyncExitStack, state: Path, *, gateway: str) -> Insyz:
    """One that runs until `children` end; whoever starts a worker needs no more settings."""
    start = _sql_server if gateway == "sqlserver" else _http_gateway
    insyz = await start(children, state)
    os.environ["INSYZ_URL"] = insyz.url
    return insyz


async def _http_gateway(children: AsyncExitStack, state: Path) -> Insyz:
    os.environ["INSYZ_TOKEN"] = os.environ["SIMULATOR_TOKEN"] = secrets.token_urlsafe()
    ready = await _started(children, state, "simulator")
    return Insyz(
        url=ready["url"],
        control=ready["url"],
        refusal={"fault": "status", "code": 422, "message": BILLED},
        outage={"fault": "status", "code": 503, "message": MAINTENANCE},
    )


async def _sql_server(children: AsyncExitStack, state: Path) -> Insyz:
    password = secrets.token_urlsafe()
    os.environ["INSYZ_SQL_PASSWORD"] = os.environ["SIMULATOR_PASSWORD"] = password
    ready = await _started(children, state, "simulator.tds")
    return Insyz(
        url=ready["url"],
        control=ready["control"],
        refusal={"fault": "error", "number": 50_000, "text": BILLED},
        outage={"fault": "error", "number": 18_401, "text": MAINTENANCE},
    )


async def _started(children: AsyncExitStack, state: Path, module: str) -> dict[str, Any]:
    command = [sys.executable, "-m", module, "--db", str(state / "insyz.sqlite3")]
    process = await children.enter_async_context(running(command, log=state / "insyz.log"))
    return await announced(process)
