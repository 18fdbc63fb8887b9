"""The short form of `make chaos`: real processes, killed while reports are on their way.

The command itself is run, so that its exit code and its children count too.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ALL_WITHIN_SECS = 110
REPORTS = 50
DELIVERIES = ("lookup", "idempotent", "blind")
Outcomes = dict[str, tuple[int | None, dict[str, Any], str]]


async def started(*options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chaos", *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def outcome_of(folder: Path, delivery: str) -> tuple[int | None, dict[str, Any], str]:
    """Exit code, the row of the table, and what was said on stderr."""
    process = await started(
        *("--reports", str(REPORTS), "--delivery", delivery), *("--json", "--state", str(folder))
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), ALL_WITHIN_SECS)
    finally:
        await ended(process)
    (row,) = json.loads(out or "[{}]")
    return process.returncode, row, err.decode()


@pytest.fixture(scope="module")
async def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Of all three kinds of gateway, at the same time: mostly they wait for deadlines to pass."""
    folder = tmp_path_factory.mktemp("chaos")
    rows = await asyncio.gather(*(outcome_of(folder, delivery) for delivery in DELIVERIES))
    return dict(zip(DELIVERIES, rows, strict=True))


async def ended(process: asyncio.subprocess.Process) -> None:
    """By the way on which the harness ends its own children."""
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
        await process.wait()


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


@pytest.mark.parametrize("delivery", DELIVERIES)
async def test_every_report_arrives_exactly_once_or_is_rejected_rightly(
    outcomes: Outcomes, delivery: str
) -> None:
    code, row, err = outcomes[delivery]
    assert code == 0, (row, err)
    assert row["taken_once"] + row["rightly_rejected"] == REPORTS
    assert row["lost"] == row["doubled"] == row["wrongly_rejected"] == row["still_open"] == 0


@pytest.mark.parametrize("delivery", ["lookup", "idempotent"])
async def test_nobody_has_to_decide_where_insyz_can_be_asked_or_deduplicates(
    outcomes: Outcomes, delivery: str
) -> None:
    _, row, _ = outcomes[delivery]
    assert row["needed_decision"] == 0


async def test_where_insyz_can_do_neither_only_the_doubtful_reports_wait_for_a_decision(
    outcomes: Outcomes,
) -> None:
    _, row, _ = outcomes["blind"]
    assert 0 < row["needed_decision"] < REPORTS
    assert row["without_need"] == 0


@pytest.mark.parametrize(
    "kind", ["workers_killed", "frozen", "Temporal_killed", "terminated", "reset"]
)
async def test_workers_and_temporal_really_were_killed_and_runs_broken_off(
    outcomes: Outcomes, kind: str
) -> None:
    """In one run or another: whom it hits in these few seconds is left to chance."""
    assert sum(row[kind] for _, row, _ in outcomes.values()) > 0


async def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    process = await started("--reports", "1000", "--state", str(tmp_path))
    try:
        while len(ours := children(process.pid)) < 4:  # Temporal, INSYZ, two workers
            await asyncio.sleep(0.1)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 20)
    finally:
        await ended(process)
    assert process.returncode == 130
    assert not [pid for pid in ours if alive(pid)]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
