"""What a caller pays: `insyz submit` as a process, and the call in a process that lives on.

No worker runs: only the handing over is measured.
"""

import json
import sys
from itertools import islice
from pathlib import Path

from temporalio.client import Client

from bench.contestants import seconds
from bench.figures import Comparison, Figure, Goal
from bench.reports import fresh_reports
from bench.scale import Scale
from bench.stack import run_to_its_end, tuned_server
from starter.submission import submit
from tests.support import INSYZ
from workflows.contract import SUBMIT_REPORT

SECTION = "starter"
CALLS_PER_PROCESS = 10
TEN_LINES = [sys.executable, "bench/ten_lines.py"]


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    async with tuned_server(folder) as client:
        address = client.service_client.config.target_host
        processes = await _processes(scale, folder)
        calls = await _calls(scale, client, await Client.connect(address))
    return [
        Figure(SECTION, "`insyz submit FILE`, wall time", "ms", *processes, Goal(at_most=1.3)),
        Figure(
            SECTION,
            "`submit()` in a process that lives on",
            "ms",
            *calls,
            Goal(at_most=2.0),
            Comparison.DIFFERENCE,
        ),
    ]


async def _processes(scale: Scale, folder: Path) -> tuple[list[float], list[float]]:
    ours, other = [], []
    for number, report in enumerate(islice(fresh_reports(), scale.processes + 1)):
        file = folder / f"report-{number}.json"
        file.write_text(json.dumps(report), "utf-8")
        ours.append(await _wall_ms([str(INSYZ), "submit", str(file)]))
        other.append(await _wall_ms([*TEN_LINES, str(file)]))
    return ours[1:], other[1:]  # the first one fills the disk's cache


async def _wall_ms(command: list[str]) -> float:
    return 1_000 * await seconds(lambda: run_to_its_end(command))


async def _calls(scale: Scale, client: Client, bare: Client) -> tuple[list[float], list[float]]:
    ours, other = [], []
    warm_up = CALLS_PER_PROCESS
    for report in islice(fresh_reports(), scale.processes * CALLS_PER_PROCESS + warm_up):
        id_ = f"bare-{report['id_zp']}"
        ours.append(1_000 * await seconds(lambda: submit(report, client=client)))  # noqa: B023
        other.append(
            1_000
            * await seconds(
                lambda: bare.start_workflow(SUBMIT_REPORT, report, id=id_, task_queue="bare")  # noqa: B023
            )
        )
    return ours[warm_up:], other[warm_up:]
