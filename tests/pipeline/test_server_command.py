"""`insyz server`, `insyz backup`, `insyz restore`: real processes on a state file of their own."""

import asyncio
import os
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from simulator.server import Simulator
from starter.connection import TemporalUnreachableError, connect
from starter.embedded import RETENTION
from starter.listing import OPEN, SUBMISSIONS, count
from starter.setup import missing_search_attributes
from starter.submission import submit
from tests.conftest import TOKEN
from tests.support import (
    INSYZ,
    SCALED_DOWN,
    a_report,
    eventually,
    free_port,
    insyz_command,
    reaches,
    worker_process,
)
from workflows.contract import Phase, State


class Site:
    """A machine with `insyz server`: its ports, its state directory."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self._log = folder / "server.log"
        self.port, self.http_port = free_port(), free_port()
        os.environ["INSYZ_STATE_DIR"] = str(self.state)
        os.environ["TEMPORAL_ADDRESS"] = f"127.0.0.1:{self.port}"

    @property
    def db_file(self) -> Path:
        return self.state / "temporal.db"

    @property
    def options(self) -> tuple[str, ...]:
        ports = {"--port": self.port, "--http-port": self.http_port, "--ui-port": 0}
        return tuple(str(word) for option in ports.items() for word in option)

    def told(self) -> str:
        """What the server of this site has said to people."""
        return self._log.read_text(encoding="utf-8")

    @asynccontextmanager
    async def server(self, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Ready at the beginning of the block, ended by SIGTERM at its end."""
        with self._log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                str(INSYZ), "server", *self.options, env=os.environ | env, stderr=log
            )
        try:
            await eventually(self._ready)
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), 30)

    async def _ready(self) -> None:
        # The server itself may have complained before.
        assert f"ready at 127.0.0.1:{self.port}, state in {self.db_file}" in self.told()


@pytest.fixture
def site(clean_environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    for name in ("INSYZ_STATE_DIR", "TEMPORAL_ADDRESS"):
        monkeypatch.setenv(name, "")
    return Site(tmp_path)


def working(insyz: Simulator) -> Any:
    return worker_process(insyz.url, TOKEN, **SCALED_DOWN)


async def test_the_server_is_prepared_and_sigterm_ends_it_and_its_child(site: Site) -> None:
    async with site.server() as server:
        [child] = psutil.Process(server.pid).children(recursive=True)
        client = await connect()
        namespace = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace="default")
        )
        assert namespace.config.workflow_execution_retention_ttl.ToTimedelta() == RETENTION
        assert await missing_search_attributes(client) == []
        server.terminate()
        assert await asyncio.wait_for(server.wait(), 15) == 0
    assert not psutil.pid_exists(child.pid)
    with pytest.raises(TemporalUnreachableError):
        await connect()
    assert site.state.stat().st_mode & 0o777 == 0o700


async def test_the_namespace_that_callers_use_is_made(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "hlaseni")
    async with site.server():
        assert await missing_search_attributes(await connect()) == []


async def test_systemd_is_told_when_the_server_is_ready(site: Site, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(10)
        async with site.server(NOTIFY_SOCKET=str(tmp_path / "notify")):
            assert await asyncio.to_thread(systemd.recv, 100) == b"READY=1"


async def test_a_taken_port_and_a_file_in_use_are_named(site: Site) -> None:
    async with site.server() as server:
        same_port = await insyz_command("server", *site.options)
        assert same_port.code == 1
        assert f"{site.db_file} is in use by another server (process " in same_port.stderr
        os.environ["INSYZ_STATE_DIR"] = str(site.state / "another")
        other_file = await insyz_command("server", *site.options)
        assert other_file.code == 1
        assert f"cannot listen on 127.0.0.1:{site.port}: Address already in use" in (
            other_file.stderr
        )
        assert "--port" in other_file.stderr
        assert server.returncode is None


async def test_a_server_whose_starter_was_killed_still_holds_its_file(site: Site) -> None:
    async with site.server() as starter:
        [server] = psutil.Process(starter.pid).children(recursive=True)
        starter.kill()
        await starter.wait()
        try:
            refused = await insyz_command("server", *site.options)
            assert f"is in use by another server (process {server.pid})" in refused.stderr
            assert refused.code == 1
        finally:
            server.send_signal(signal.SIGTERM)
            await asyncio.to_thread(psutil.wait_procs, [server], 15)


async def test_a_server_that_dies_is_reported(site: Site) -> None:
    async with site.server() as starter:
        [server] = psutil.Process(starter.pid).children(recursive=True)
        server.kill()
        assert await asyncio.wait_for(starter.wait(), 15) == 1
    assert "the server ended by itself, with code -9" in site.told()


async def submitting(client: Client, reports: int) -> list[dict[str, Any]]:
    submitted = [a_report() for _ in range(reports)]
    await asyncio.gather(*(submit(report, client=client) for report in submitted))
    return submitted


async def test_a_backup_made_while_the_server_writes_has_all_reports_and_they_go_on(
    site: Site, insyz: Simulator, tmp_path: Path
) -> None:
    """All that were there before it; of those that come meanwhile, whole ones."""
    first, later = str(tmp_path / "first.db"), str(tmp_path / "later.db")
    async with site.server():
        client = await connect()
        before = await submitting(client, 20)
        coming = asyncio.create_task(submitting(client, 40))
        assert (await insyz_command("backup", first)).code == 0
        async with working(insyz):
            for _ in range(4):
                assert (await insyz_command("backup", later, "--force")).code == 0
            for report in (*before, *await coming):
                await reaches(client, report, State.SUBMITTED)
        refused = await insyz_command("backup", first)
        assert refused.code == 1
        assert "--force" in refused.stderr
    (tmp_path / "elsewhere").mkdir()
    elsewhere = Site(tmp_path / "elsewhere")
    assert (await insyz_command("restore", first)).code == 0
    async with elsewhere.server():
        client = await connect()
        assert await count(client, OPEN) >= len(before)
        async with working(insyz):
            for report in before:
                await reaches(client, report, Phase.FOUND)
    assert insyz.stats()["taken"] == 60
    assert insyz.stats()["duplicates"] == {}


async def test_what_was_sent_after_the_backup_is_found_after_the_restore_and_not_sent_again(
    site: Site, insyz: Simulator, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    async with site.server():
        client = await connect()
        [open_in_it] = await submitting(client, 1)
        assert (await insyz_command("backup", str(backup))).code == 0
        [not_in_it] = await submitting(client, 1)
        async with working(insyz):
            for report in (open_in_it, not_in_it):
                await reaches(client, report, State.SUBMITTED)
        while_it_runs = await insyz_command("restore", str(backup))
        assert while_it_runs.code == 1
        assert "in use by another server" in while_it_runs.stderr
    restored = await insyz_command("restore", str(backup))
    assert restored.code == 0, restored.stderr
    assert "the state before is in" in restored.stderr
    async with site.server():
        client = await connect()
        await submit(not_in_it, client=client)
        async with working(insyz):
            for report in (open_in_it, not_in_it):
                await reaches(client, report, Phase.FOUND)
    assert insyz.stats()["taken"] == 2
    assert insyz.stats()["duplicates"] == {}


async def test_what_is_no_sound_backup_is_not_restored_and_the_state_stays(
    site: Site, tmp_path: Path
) -> None:
    site.state.mkdir()
    site.db_file.write_bytes(b"the state before")
    cut, other = tmp_path / "cut.db", tmp_path / "other.db"
    cut.write_bytes(b"SQLite format 3\0" + bytes(5_000))
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE something (id)")
    for file in (cut, other, tmp_path / "missing.db"):
        refused = await insyz_command("restore", str(file))
        assert refused.code == 1
        assert str(file) in refused.stderr
    assert site.db_file.read_bytes() == b"the state before"
    assert [*site.state.glob("*.db*")] == [site.db_file]


async def test_without_a_state_file_there_is_nothing_to_back_up(site: Site, tmp_path: Path) -> None:
    refused = await insyz_command("backup", str(tmp_path / "backup.db"))
    assert refused.code == 1
    assert f"there is no {site.db_file}" in refused.stderr
    assert not (tmp_path / "backup.db").exists()


async def test_the_state_before_a_restore_is_kept_whole(site: Site, tmp_path: Path) -> None:
    """With what only its `-wal` holds: a server that is stopped leaves one."""
    backup = tmp_path / "backup.db"
    async with site.server():
        assert (await insyz_command("backup", str(backup))).code == 0
        await submitting(await connect(), 3)
    assert (await insyz_command("restore", str(backup))).code == 0
    [aside] = [
        file for file in site.state.glob("*before*") if not file.name.endswith(("wal", "shm"))
    ]
    assert (await insyz_command("restore", str(aside))).code == 0
    async with site.server():
        client = await connect()

        async def three() -> None:
            assert await count(client, SUBMISSIONS) == 3

        await eventually(three)
