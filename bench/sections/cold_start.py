"""Nothing runs but the server: from the command until INSYZ has the report."""

import json
import os
import signal
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path

import psutil
from temporalio.client import Client

from bench.contestants import seconds
from bench.figures import Figure, Goal
from bench.reports import fresh_reports
from bench.scale import Scale
from bench.stack import insyz, run_to_its_end, tuned_server
from starter.worker_lock import noted_holder
from starter.workers import live_workers
from tests.support import INSYZ, eventually

SECTION = "cold_start"
BARE = [sys.executable, "-m", "bench.bare_cold"]


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    ours, other = [], []
    async with tuned_server(folder) as client, insyz(folder):
        os.environ["INSYZ_STATE_DIR"] = str(folder)
        for report in islice(fresh_reports(), scale.cold_starts + 1):
            file = folder / "report.json"
            file.write_text(json.dumps(report), "utf-8")
            submit = [str(INSYZ), "submit", str(file), "--ensure-worker", "--wait"]
            try:
                ours.append(1_000 * await seconds(lambda: run_to_its_end(submit)))  # noqa: B023
            finally:
                await _end_worker(client, folder)
            other.append(1_000 * await seconds(lambda: run_to_its_end([*BARE, str(file)])))  # noqa: B023
    what = "nothing runs but the server → submitted"
    return [Figure(SECTION, what, "ms", ours[1:], other[1:], Goal(at_most=2.0))]


async def _end_worker(client: Client, folder: Path) -> None:
    """The on-demand one, which would stay for a while; the next start is to be cold, too."""
    for lock in folder.glob("worker-*.lock"):  # noqa: ASYNC240 (nothing else runs)
        if (holder := noted_holder(lock)) and _is(holder.pid, holder.created):
            os.kill(holder.pid, signal.SIGTERM)

    async def gone() -> None:
        assert not await live_workers(client)

    await eventually(gone)


def _is(pid: int, created: float) -> bool:
    with suppress(psutil.NoSuchProcess):
        return abs(psutil.Process(pid).create_time() - created) < 0.1
    return False
