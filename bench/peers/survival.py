"""What a tool makes of INSYZ's faults while its workers are killed: the books of `chaos`."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx

from bench.peers.peer import Caller, Peer
from bench.peers.servers import insyz
from bench.peers.workers import Worker
from chaos.books import Books, compare
from chaos.faults import LATENCY_SECS, SCALED_DOWN, Played, orders
from chaos.reports import make_reports
from chaos.stack import Insyz, Workers
from workflows.contract import Phase, State, Status

PER_SECOND = 10.0
KILL_AFTER_SECS = (2.0, 5.0)
KILLING_GOES_ON_SECS = 5.0
DRAIN_SECS = 120.0
"""For all that comes back by a time-out; the longest of the scaled ones is 15 s."""
QUIET_SECS = 25.0
"""So long INSYZ must have heard nothing: what ended well may still be sent once more."""
LOOK_SECS = 0.5


@dataclass(frozen=True, slots=True)
class Survival:
    """Counts of reports, but for `kills`.

    `wrongly_failed`: INSYZ has it and the tool says that it failed. `given_up`: the tool says that
    it failed although INSYZ never refused it, nor has it.
    """

    asked: int
    kills: int
    lost: int
    doubled: int
    wrongly_failed: int
    given_up: int
    still_open: int
    seconds: float


async def survival(peer: Peer, folder: Path, *, reports: int, seed: int, delivery: str) -> Survival:
    began = time.monotonic()
    made = {report["id_zp"]: report for report in make_reports(reports, seed)}
    options = ("--delivery", delivery, "--latency", str(LATENCY_SECS))
    async with insyz(folder / f"insyz-{seed}.log", *options) as there:
        await there.order(orders(made, seed))
        env = SCALED_DOWN | {"INSYZ_DELIVERY": delivery}
        async with Worker(peer, folder, 1, env) as one, Worker(peer, folder, 2, env) as two:
            tending = asyncio.create_task(Workers([one, two]).tend())
            try:
                kills = await _drive(peer.caller, made.values(), [one, two], seed)
                ends = await _ends(peer.caller, made)
                await _quiet(there)
                records = await there.records()
            finally:
                tending.cancel()
        played = Played.read(there.log)
    found = compare(Books(made, records, ends, played.refused, played.doubted))
    wrongly_failed = [id_zp for id_zp in found.wrongly_rejected if records[id_zp]]
    return Survival(
        asked=len(made),
        kills=kills,
        lost=len(found.lost),
        doubled=len(found.doubled),
        wrongly_failed=len(wrongly_failed),
        given_up=len(found.wrongly_rejected) - len(wrongly_failed),
        still_open=len(found.still_open),
        seconds=time.monotonic() - began,
    )


async def _drive(
    caller: Caller, reports: Iterable[Mapping[str, Any]], workers: list[Worker], seed: int
) -> int:
    """Hands all reports in while workers die; how many did."""
    async with asyncio.TaskGroup() as tasks:
        over = asyncio.Event()
        killing = tasks.create_task(_kill(workers, Random(seed), over))  # noqa: S311 (repeatable)
        for report in reports:
            await caller.submit(report)
            await asyncio.sleep(1 / PER_SECOND)
        await asyncio.sleep(KILLING_GOES_ON_SECS)
        over.set()
    return killing.result()


async def _kill(workers: list[Worker], random: Random, over: asyncio.Event) -> int:
    kills = 0
    while not over.is_set():
        await asyncio.sleep(random.uniform(*KILL_AFTER_SECS))
        worker = random.choice(workers)
        kills += worker.runs
        await worker.kill()
    return kills


async def _ends(caller: Caller, ids: Iterable[int]) -> dict[int, Status]:
    """What the tool says of each, in the words of the books; open for good is `stopped`."""
    deadline = time.monotonic() + DRAIN_SECS
    ends = {}
    for id_zp in ids:
        state = await caller.end_of(id_zp, max(0.0, deadline - time.monotonic()))
        phase = Phase.STOPPED if state is State.SEND else Phase.PREPARING
        ends[id_zp] = Status(id_zp=id_zp, state=state, phase=phase)
    return ends


async def _quiet(there: Insyz) -> None:
    """Returns once INSYZ has had no submission for a while, or when it has no end."""
    async with httpx.AsyncClient(trust_env=False, base_url=there.control) as http:
        last, since = -1, time.monotonic()
        async with asyncio.timeout(DRAIN_SECS):
            while time.monotonic() - since < QUIET_SECS:
                stats = (await http.get("/_sim/stats")).json()
                if stats["requests"]["submit"] != last:
                    last, since = stats["requests"]["submit"], time.monotonic()
                await asyncio.sleep(LOOK_SECS)
