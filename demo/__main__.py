"""Three reports on their way to INSYZ: one good, one refused, one that meets an outage first."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from demo.insyz import Insyz, start_insyz
from demo.portal import add_report, database_url, state_of
from demo.processes import port, running
from starter.connection import TemporalUnreachableError, connect
from starter.embedded import (
    DEFAULT_HTTP_PORT,
    DEFAULT_PORT,
    DEFAULT_UI_PORT,
    prepare,
    server_command,
)
from starter.output import LABELS, receipt_text
from starter.process import run_and_exit
from starter.statuses import status
from starter.stored import portal_store, submit_stored
from workflows.contract import Phase, State, Status

ROOT = Path(__file__).parents[1]
POLL_SECS = 0.1
SIGNALS = (signal.SIGINT, signal.SIGTERM)
WIDTH_OF_A_FILE = 120

SAMPLES: dict[str, Callable[[Insyz], list[dict[str, Any]]]] = {
    "dobre.json": lambda _: [],
    "odmitnute.json": lambda insyz: [insyz.refusal],
    "pri-vypadku.json": lambda insyz: [insyz.outage, insyz.outage],
}
"""The repo's sample reports, and what INSYZ's simulator does to the tries of each."""

console = Console(
    highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE
)


@dataclass(frozen=True)
class Stack:
    """What the demo has started."""

    client: Client
    address: str
    web_ui: str
    insyz: Insyz
    portal: Path


async def demonstrate(state: Path, *, gateway: str, stay: bool) -> int:
    """The demo, its files in the folder `state`; 0 when the three reports ended as they should."""
    leave_on_signals()
    started = time.monotonic()
    async with started_stack(state, gateway) as stack:
        outcomes = await follow(stack, await submit_samples(stack))
        console.print(outcome_table(outcomes, stack.portal))
        console.print(f"{time.monotonic() - started:.1f} s from start to table")
        console.print(f"Web UI: {stack.web_ui}/namespaces/default/workflows")
        if stay:
            console.print(
                f"Try it: TEMPORAL_ADDRESS={stack.address} .venv/bin/insyz status "
                f"{outcomes[0].id_zp}\nEverything stays up until Ctrl-C."
            )
            await asyncio.Event().wait()
    expected = [State.SUBMITTED, State.REJECTED, State.SUBMITTED]
    return 0 if [outcome.state for outcome in outcomes] == expected else 1


def leave_on_signals() -> None:
    """Ctrl-C and SIGTERM cancel this task, which ends the children on its way out.

    Through the loop, which they wake: Python's own handling may miss one that arrives just before
    the loop begins to wait.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 (called from one)

    def leave() -> None:
        for number in SIGNALS:
            loop.add_signal_handler(number, lambda: None)  # once is enough
        task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, leave)


@asynccontextmanager
async def started_stack(
    state: Path, gateway: str = "http", *, codec_url: str | None = None
) -> AsyncIterator[Stack]:
    """Temporal, INSYZ's simulator and a worker; all of them gone at the end of the block."""
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    async with AsyncExitStack() as children:
        temporal_port, ui_port = port(DEFAULT_PORT), port(DEFAULT_UI_PORT)
        address = f"127.0.0.1:{temporal_port}"
        os.environ["TEMPORAL_ADDRESS"] = address
        command = server_command(
            db_file=state / "temporal.db",
            port=temporal_port,
            ui_port=ui_port,
            http_port=port(DEFAULT_HTTP_PORT),
            codec_url=codec_url,
        )
        server = await children.enter_async_context(running(command, log=state / "temporal.log"))
        client = await when_up(server, state / "temporal.log")
        await prepare(client, state / "temporal.db")
        console.print(f"Temporal    {address}, state in {shown(state / 'temporal.db')}")
        portal = state / "portal.db"
        os.environ["REPORTS_DATABASE_URL"] = database_url(portal)
        console.print(f"portal      {shown(portal)} (its table of reports)")
        insyz = await start_insyz(children, state, gateway=gateway)
        console.print(f"INSYZ       {insyz.url} (simulator)")
        await start_worker(children, state)
        console.print(f"worker      log in {shown(state / 'worker.log')}\n")
        yield Stack(client, address, f"http://127.0.0.1:{ui_port}", insyz, portal)


async def start_worker(children: AsyncExitStack, state: Path) -> None:
    command = [sys.executable, str(ROOT / "worker.py")]
    await children.enter_async_context(running(command, log=state / "worker.log"))


async def when_up(server: asyncio.subprocess.Process, log: Path) -> Client:
    while server.returncode is None:
        try:
            return await connect()
        except TemporalUnreachableError:
            await asyncio.sleep(0.05)
    raise SystemExit(f"the Temporal server did not start, see {shown(log)}")


async def submit_samples(stack: Stack) -> list[Status]:
    """Hands the samples over, their faults scripted before."""
    submitted = []
    async with portal_store() as store, httpx.AsyncClient(trust_env=False) as insyz:
        await store.check()
        for name, faults in SAMPLES.items():
            report = json.loads((ROOT / "samples" / name).read_text(encoding="utf-8"))
            order = {"script": {str(report["id_zp"]): faults(stack.insyz)}}
            (await insyz.post(f"{stack.insyz.control}/_sim/faults", json=order)).raise_for_status()
            report_id = add_report(stack.portal, report)
            started = await submit_stored(store, report_id, client=stack.client)
            say(started.status, f"samples/{name} handed to Temporal")
            submitted.append(started.status)
    return submitted


async def follow(stack: Stack, submitted: list[Status]) -> list[Status]:
    """Tells what happens to the reports while it happens; their ends."""
    return await asyncio.gather(*(follow_one(stack, one) for one in submitted))


async def follow_one(stack: Stack, last: Status) -> Status:
    assert last.id_zp is not None  # noqa: S101 (a submitted report has one)
    while last.state is State.SEND:
        now = await status(last.id_zp, client=stack.client)
        if happened(now) != happened(last):
            say(now, happened(now))
        last = now
        await asyncio.sleep(POLL_SECS)
    return last


def happened(now: Status) -> str:
    if now.phase is Phase.SENDING and now.error:
        return f"try {now.attempt}: the one before met {now.error.type}: {now.error.message}"
    if now.error:
        return f"{now.phase} after {tries(now)}: {now.error.type}: {now.error.message}"
    if now.receipt:
        return f"{now.phase} after {tries(now)}: {receipt_text(now.receipt)}"
    return str(now.phase)


def tries(status: Status) -> str:
    return f"{status.attempt} {'try' if status.attempt == 1 else 'tries'}"


def say(about: Status, text: str) -> None:
    console.print(f"{time.strftime('%H:%M:%S')}  {about.cislo_zp:14}  {text}", markup=False)


def outcome_table(outcomes: list[Status], portal: Path) -> Table:
    table = Table("report", "state", "tries", "INSYZ receipt or reason", "portal's table")
    for outcome in outcomes:
        assert outcome.id_zp is not None  # noqa: S101 (a submitted report has one)
        reason = outcome.error.message if outcome.error else receipt_text(outcome.receipt)
        state = f"{outcome.state} ({LABELS[outcome.state]})"
        in_portal = state_of(portal, outcome.id_zp)
        table.add_row(outcome.cislo_zp, state, str(outcome.attempt), reason, in_portal)
    return table


def shown(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--wait", type=int, default=1, help="0: stop after the table")
    parser.add_argument("--state", type=Path, default=ROOT / ".var" / "demo", help="made anew")
    parser.add_argument("--gateway", choices=["http", "sqlserver"], default="http")
    options = parser.parse_args()
    stay = bool(options.wait) and sys.stdout.isatty()
    try:
        return asyncio.run(demonstrate(options.state, gateway=options.gateway, stay=stay))
    except asyncio.CancelledError:
        console.print("stopped")
        return 0 if stay else 130


if __name__ == "__main__":
    run_and_exit(main)
