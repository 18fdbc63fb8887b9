"""Memory: of a worker that waits, of one that works on and on; and the history of one report."""

import asyncio
from pathlib import Path

import psutil
from temporalio.client import Client

from bench.contestants import (
    Pipeline,
    at_once,
    naive_program,
    portal_database,
)
from bench.figures import Figure, Goal, slope
from bench.scale import Scale
from bench.stack import BARE, SHIPPED, insyz, started, tuned_server

SECTION = "memory"
SETTLE_SECS = 3.0
IDLE_ROUNDS = 3
AT_ONCE = 100
FIXED = ("httpx", "lxml.etree", "temporalio.contrib.pydantic")
"""What a worker that makes XML and sends it by HTTP has to load, whoever writes it."""
MB = 1_000_000


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    async with tuned_server(folder) as client, insyz(folder), portal_database() as portal:
        with_store = {"REPORTS_DATABASE_URL": portal.url}
        bare, laden, plain, stored = await _idle(folder, with_store)
        figures = [
            Figure(SECTION, "idle worker, RSS", "MB", plain, bare, Goal(at_most=1.15)),
            Figure(
                SECTION,
                f"idle worker, against one that loads {', '.join(FIXED)}",
                "MB",
                plain,
                laden,
            ),
            Figure(SECTION, "idle worker with a report store, RSS", "MB", stored, bare),
        ]
        async with started(SHIPPED, folder, with_store) as worker:
            ours = Pipeline(client, portal)
            figures.append(await _growth(ours, worker.pid, scale.memory_reports))
            return figures + await _histories(client, ours, folder)


async def _idle(folder: Path, with_store: dict[str, str]) -> list[list[float]]:
    kinds: list[tuple[list[str], dict[str, str]]] = [
        (BARE, {}),
        ([*BARE, *FIXED], {}),
        (SHIPPED, {}),
        (SHIPPED, with_store),
    ]
    found: list[list[float]] = [[] for _ in kinds]
    for _ in range(IDLE_ROUNDS):
        for place, (command, env) in enumerate(kinds):
            async with started(command, folder, env) as worker:
                await asyncio.sleep(SETTLE_SECS)
                found[place].append(_rss_mb(worker.pid))
    return found


async def _growth(ours: Pipeline, pid: int, reports: int) -> Figure:
    points = []
    for done in range(AT_ONCE, reports + 1, AT_ONCE):
        await at_once(ours, AT_ONCE)
        points.append((done / 1_000, _rss_mb(pid)))
    note = f"{points[0][1]:.0f} MB after {AT_ONCE}, {points[-1][1]:.0f} MB at the end"
    what = f"growth over {reports:,} submissions, MB per 1,000"
    return Figure(SECTION, what, "MB", [slope(points)], goal=Goal(at_most=0.5), note=note)


async def _histories(client: Client, ours: Pipeline, folder: Path) -> list[Figure]:
    async with naive_program(client.service_client.config.target_host, folder) as naive:
        (mine,), (theirs,) = await ours.reports(1), await naive.reports(1)
        await ours.deliver(mine)
        await naive.deliver(theirs | {key: mine[key] for key in mine if key != "id_zp"})
    own = await _length_and_bytes(client, f"submit-report-{mine['id_zp']}")
    other = await _length_and_bytes(client, f"naive-{theirs['id_zp']}")
    return [
        Figure(SECTION, f"history of one report, {what}", "", [a], [b])
        for what, a, b in zip(("events", "bytes"), own, other, strict=True)
    ]


async def _length_and_bytes(client: Client, workflow_id: str) -> tuple[float, float]:
    described = await client.get_workflow_handle(workflow_id).describe()
    info = described.raw_description.workflow_execution_info
    return float(info.history_length), float(info.history_size_bytes)


def _rss_mb(pid: int) -> float:
    used: int = psutil.Process(pid).memory_info().rss
    return used / MB
