"""`python -m simulator`, started, killed and started again as an operator or a chaos run does."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.__main__ import EXIT_CANNOT_START, main
from tests.simulator.client import Caller, calling


async def start(*arguments: str, **environment: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulator"),
        *arguments,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=os.environ | environment,
    )


@asynccontextmanager
async def running(
    *arguments: str, token: str = "", given: bytes = b""
) -> AsyncIterator[tuple[Process, Caller]]:
    """A simulator that listens, and a caller; killed at the end unless it has ended by then."""
    process = await start(*arguments, SIMULATOR_TOKEN=token)
    try:
        async with calling((await ready(process, given))["url"], token) as caller:
            yield process, caller
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def ready(process: Process, given: bytes) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(given)
    process.stdin.close()
    line: dict[str, Any] = json.loads(await process.stdout.readline())
    assert line["pid"] == process.pid
    return line


async def submit_until_it_dies(caller: Caller, ids: range) -> set[int]:
    """The reports that INSYZ said it has taken."""
    acknowledged = set()
    with suppress(httpx.TransportError):
        for id_zp in ids:
            if (await caller.submit(id_zp)).is_success:
                acknowledged.add(id_zp)
    return acknowledged


async def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    file = str(tmp_path / "insyz.sqlite3")
    async with running("--db", file) as (process, caller):
        asyncio.get_running_loop().call_later(0.2, process.kill)
        ranges = [range(first, first + 1000) for first in range(1, 5001, 1000)]
        sets = await asyncio.gather(*(submit_until_it_dies(caller, ids) for ids in ranges))
    acknowledged = set().union(*sets)
    async with running("--db", file) as (_, caller):
        records = (await caller.http.get("/_sim/submissions")).json()
        assert acknowledged
        assert acknowledged <= {record["id_zp"] for record in records}
        assert (await caller.look_up(min(acknowledged))).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_at_once_whoever_still_waits(number: signal.Signals) -> None:
    order = {"script": {"1": ["stall_before:60"], "2": ["stall_before:60"]}}
    async with running("--faults", "-", given=json.dumps(order).encode()) as (process, caller):
        waiting = asyncio.create_task(caller.submit(1))
        with pytest.raises(httpx.ReadTimeout):
            await caller.submit(2, timeout=0.1)
        process.send_signal(number)
        begin = time.monotonic()
        _, errors = await process.communicate()
        assert time.monotonic() - begin < 1
        with pytest.raises(httpx.RemoteProtocolError):
            await waiting
    assert (process.returncode, errors) == (0, b"")


async def test_the_token_comes_from_the_environment() -> None:
    async with running("--delivery", "blind", token="right") as (_, caller):
        assert (await caller.submit()).status_code == 200
        caller.http.headers["Authorization"] = "Bearer wrong"
        assert (await caller.submit()).status_code == 401


async def test_each_request_is_a_line_of_the_log_when_asked_for(tmp_path: Path) -> None:
    orders = tmp_path / "faults.json"
    orders.write_text('[{"script": {"1": ["reset_after"]}}]')
    async with running("--faults", str(orders), "--verbose") as (process, caller):
        await caller.health()
        with pytest.raises(httpx.ReadError):
            await caller.submit(1)
        process.terminate()
        _, errors = await process.communicate()
    health, submission = errors.decode().splitlines()
    assert health.startswith("GET /api/insyz/health 200")
    assert "1 Reset(taken=True)" in submission


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said about a wrong call."""
    with pytest.raises(SystemExit) as end:
        main([*arguments])
    assert end.value.code == 2
    return capsys.readouterr().err


def test_a_faults_file_that_is_wrong_is_named_with_its_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orders = tmp_path / "faults.json"
    orders.write_text('{"mix": {"reset_after": 2}}')
    errors = refused(capsys, "--faults", str(orders))
    assert "faults.json" in errors
    assert "mix.reset_after.probability" in errors


@pytest.mark.parametrize("arguments", [("--delivery", "twice"), ("--faults", "no/such/file")])
def test_a_wrong_call_is_explained(
    arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert arguments[1] in refused(capsys, *arguments)


async def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = await start("--port", str(other.getsockname()[1]))
        _, errors = await process.communicate()
    assert process.returncode == EXIT_CANNOT_START
    assert b"cannot start" in errors
    assert errors.count(b"\n") == 1
