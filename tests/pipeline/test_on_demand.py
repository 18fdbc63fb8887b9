"""The on-demand worker: started when there is work, one of it, gone when there is none."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter.workers import live_workers
from tests.conftest import TOKEN
from tests.support import (
    SCALED_DOWN,
    Ran,
    TemporalServer,
    a_report,
    eventually,
    insyz_command,
    insyz_got,
    worker_process,
)

RACERS = 50
LEAVES_SOON = ("--until-idle=1.5", "--quiet-limit=20")


@pytest.fixture
async def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """The state directory; no on-demand worker outlives it."""
    folder = tmp_path / "state"
    monkeypatch.setenv("INSYZ_STATE_DIR", str(folder))
    yield folder
    for process in on_demand_workers(folder):
        with suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait(10)


def on_demand_workers(state: Path) -> list[psutil.Process]:
    """The live processes that run in the state directory: those are detached workers of ours."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.cwd() == str(state) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.fixture
async def backend(
    temporal: TemporalServer, insyz: Simulator, state: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The environment of a web backend on whose machine nothing runs but the server."""
    monkeypatch.setenv("INSYZ_URL", insyz.url)
    monkeypatch.setenv("INSYZ_TOKEN", TOKEN)
    monkeypatch.setenv("LOG_FORMAT", "json")
    return state


def starts(state: Path) -> int:
    """How many workers have ever begun to work."""
    return (state / "worker.log").read_text().count('"action": "start"')


async def submit(*options: str) -> Ran:
    return await insyz_command("submit", "-", "--json", *options, stdin=json.dumps(a_report()))


async def gone(state: Path) -> None:
    async def nobody() -> None:
        assert not on_demand_workers(state)

    await eventually(nobody)


async def test_a_submit_starts_the_worker_it_needs_and_the_worker_leaves_when_idle(
    backend: Path, insyz: Simulator
) -> None:
    ran = await submit("--ensure-worker", "--wait")
    assert (ran.code, ran.json["phase"]) == (0, "taken"), ran.stderr
    assert starts(backend) == 1
    await gone(backend)
    assert '"leaving, idle for' in (backend / "worker.log").read_text()


@pytest.mark.timeout(180)
async def test_racing_submits_start_one_worker_and_all_reports_arrive(
    backend: Path, insyz: Simulator
) -> None:
    ran = await asyncio.gather(*(submit("--ensure-worker") for _ in range(RACERS)))
    assert [one.code for one in ran] == [0] * RACERS, {one.stderr for one in ran}

    async def all_arrived() -> None:
        assert insyz.stats()["taken"] == RACERS

    await eventually(all_arrived, within=60)
    assert starts(backend) == 1
    assert insyz.stats()["duplicates"] == {}


async def test_reports_that_come_in_while_the_worker_is_leaving_are_not_left_alone(
    backend: Path, insyz: Simulator
) -> None:
    """Each submit meets the worker at another moment of its last second and its end."""
    await insyz_command("ensure-worker", "--until-idle=0.3")
    for _ in range(8):
        ran = await submit("--ensure-worker", "--wait=20")
        assert (ran.code, ran.json["phase"]) == (0, "taken"), ran.stderr
        for worker in on_demand_workers(backend):
            with suppress(psutil.NoSuchProcess):
                worker.terminate()
    assert insyz.stats()["duplicates"] == {}


@pytest.mark.timeout(180)
async def test_a_frozen_on_demand_worker_is_replaced_and_its_report_arrives_once(
    backend: Path, insyz: Simulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSYZ_WORKER_STUCK_SECS", "1")
    for name, value in SCALED_DOWN.items():
        monkeypatch.setenv(name, value)
    ran = await insyz_command("ensure-worker", "--json")
    frozen = psutil.Process(ran.json["pid"])
    os.kill(frozen.pid, signal.SIGSTOP)

    async def silent() -> None:
        assert not await live_workers(client)

    await eventually(silent)
    ran = await submit("--ensure-worker", "--wait")
    assert (ran.code, ran.json["phase"]) == (0, "taken"), ran.stderr
    assert not frozen.is_running() or frozen.status() == psutil.STATUS_ZOMBIE
    assert starts(backend) == 2
    assert insyz.stats()["taken"] == 1


async def test_a_worker_that_serves_the_queue_already_is_enough(
    backend: Path, insyz: Simulator, client: Client
) -> None:
    async with worker_process(insyz.url, TOKEN) as beside:

        async def polls() -> None:
            assert await live_workers(client)

        await eventually(polls)
        ran = await insyz_command("ensure-worker", "--json")
    assert ran.json == {"pid": beside.pid, "started": False}
    assert not on_demand_workers(backend)


async def test_nothing_pending_starts_nothing_and_something_pending_does(
    backend: Path, insyz: Simulator
) -> None:
    ran = await insyz_command("ensure-worker", "--if-pending", "--json")
    assert (ran.json, on_demand_workers(backend)) == ({"pending": False}, [])
    await submit()

    async def worked_off() -> None:
        await insyz_command("ensure-worker", "--if-pending", "--json", *LEAVES_SOON)
        assert insyz.stats()["taken"] == 1

    await eventually(worked_off)
    await gone(backend)


async def test_a_worker_that_cannot_start_is_reported_with_its_reason(
    backend: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSYZ_URL", "")
    ran = await insyz_command("ensure-worker")
    assert ran.code == 1
    assert "INSYZ_URL: not set" in ran.stderr
    ran = await submit("--ensure-worker")
    assert (ran.code, ran.json["state"]) == (0, "send")
    assert "The report is safe" in ran.stderr


async def test_a_report_that_waits_for_long_does_not_keep_the_worker_and_the_next_one_takes_it_up(
    backend: Path, insyz: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSYZ_RETRY_FIRST_SECS", "0.05")
    monkeypatch.setenv("INSYZ_PATIENCE_FIRST_SECS", "90")
    await insyz_command("setup")
    report = a_report()
    insyz.script(report["id_zp"], *[fault("unavailable")] * 4)
    await insyz_command("submit", "-", stdin=json.dumps(report))
    await insyz_command("ensure-worker", *LEAVES_SOON)
    await gone(backend)
    ran = await insyz_command("status", str(report["id_zp"]), "--json")
    assert ran.json["phase"] == "waiting"
    assert (await insyz_command("ensure-worker", "--if-pending", "--json")).json == {
        "pending": False
    }
    await insyz_command("retry", str(report["id_zp"]))
    ran = await insyz_command("ensure-worker", "--if-pending", "--json", *LEAVES_SOON)
    assert ran.json["started"] is True

    async def arrived() -> None:
        assert insyz.stats()["taken"] == 1

    await eventually(arrived)


async def test_while_one_that_was_asked_to_leave_finishes_its_try_another_one_starts(
    backend: Path, insyz: Simulator
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("stall_before", seconds=8))
    first = (await insyz_command("ensure-worker", "--json")).json["pid"]
    await insyz_command("submit", "-", stdin=json.dumps(report))
    await insyz_got(insyz, 1)
    os.kill(first, signal.SIGTERM)

    async def leaving() -> None:
        assert '"leaving, asked to' in (backend / "worker.log").read_text()

    await eventually(leaving)
    ran = await insyz_command("ensure-worker", "--json")
    assert (ran.code, ran.json["started"]) == (0, True), ran.stderr
    assert ran.json["pid"] != first
    assert psutil.pid_exists(first)
