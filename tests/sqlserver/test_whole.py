"""`make chaos` and `make demo` with GATEWAY=sqlserver, in short forms."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from insyz.sql_strategy import SqlStrategy
from tests.pipeline.test_demo import row

ROOT = Path(__file__).parents[2]
REPORTS = 40


async def ran(*command: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *command, "--gateway", "sqlserver"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 110)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    return process.returncode, out.decode(), err.decode()


async def chaos(folder: Path, strategy: str) -> dict[str, Any]:
    options = ("--reports", str(REPORTS), "--json", "--state", str(folder))
    code, out, err = await ran("chaos", "--strategy", strategy, *options)
    (outcome,) = json.loads(out or "[{}]")
    assert code == 0, (outcome, err)
    return {"strategy": strategy, **outcome}


async def test_every_report_arrives_exactly_once_or_is_rejected_rightly(tmp_path: Path) -> None:
    for outcome in await asyncio.gather(*(chaos(tmp_path, one) for one in SqlStrategy)):
        assert outcome["taken_once"] + outcome["rightly_rejected"] == REPORTS
        assert outcome["lost"] == outcome["doubled"] == outcome["without_need"] == 0
        assert bool(outcome["needed_decision"]) == (outcome["strategy"] == "execute-only")


@pytest.mark.timeout(90)
async def test_the_demo_shows_the_same_three_outcomes(tmp_path: Path) -> None:
    code, out, err = await ran("demo", "--state", str(tmp_path / "state"))
    assert (code, err) == (0, "")
    assert "INSYZ       mssql://portal@127.0.0.1:" in out
    assert "submitted (Přijato) │ 1 │" in row(out, "S/BN/O/26012")
    assert "rejected (Zamítnuto) │ 1 │ SQL Server error 50000" in row(out, "S/BN/O/26013")
    assert "submitted (Přijato) │ 3 │" in row(out, "S/PY/J/26014")
