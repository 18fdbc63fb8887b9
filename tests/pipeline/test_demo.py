"""`make demo`, as a pipe and as a person at a terminal see it."""

import asyncio
import os
import pty
import re
import signal
import sys
from pathlib import Path

DEMO = [sys.executable, "-m", "demo"]
ROOT = Path(__file__).parents[2]


def row(output: str, order: str) -> str:
    (line,) = [line for line in output.splitlines() if line.startswith("│") and order in line]
    return re.sub(r"\s+", " ", line)


async def test_the_demo_shows_the_three_outcomes_and_stops_by_itself(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *DEMO,
        *("--state", str(tmp_path / "state")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    output = out.decode()
    assert (process.returncode, err) == (0, b"")
    assert "submitted (Přijato) │ 1 │ INSYZ-" in row(output, "S/BN/O/26012")
    assert "rejected (Zamítnuto) │ 1 │ HTTP 422" in row(output, "S/BN/O/26013")
    assert "submitted (Přijato) │ 3 │ INSYZ-" in row(output, "S/PY/J/26014")
    assert "try 2: the one before met InsyzUnavailable: HTTP 503" in output
    assert "Web UI: http://127.0.0.1:" in output


async def test_ctrl_c_at_a_terminal_leaves_no_process_behind(tmp_path: Path) -> None:
    terminal, far_end = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *DEMO,
        *("--state", str(tmp_path / "state")),
        cwd=ROOT,
        stdin=far_end,
        stdout=far_end,
        stderr=far_end,
        start_new_session=True,
    )
    os.close(far_end)
    await asyncio.to_thread(read_until, terminal, "Everything stays up until Ctrl-C")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 3
    process.send_signal(signal.SIGINT)
    drained = asyncio.to_thread(read_until, terminal, "stopped")
    await asyncio.wait_for(asyncio.gather(process.wait(), drained), 30)
    os.close(terminal)
    assert process.returncode == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def read_until(terminal: int, words: str) -> str:
    seen = ""
    while words not in seen:
        seen += os.read(terminal, 4_096).decode(errors="replace")
    return seen
