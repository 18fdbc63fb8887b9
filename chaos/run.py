"""One run: reports are submitted, things break, all comes to its end, the books are compared."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from chaos import faults, sql_faults
from chaos.asking import Asking
from chaos.books import Books, Findings, compare
from chaos.disturber import Disturber
from chaos.faults import SETTLE_SECS
from chaos.reports import make_reports
from chaos.stack import Stack, started_stack
from insyz.errors import OutcomeUnknownError
from insyz.gateway import Delivery
from insyz.sql_strategy import SqlStrategy
from starter.connection import TemporalUnreachableError, bounded
from starter.statuses import status
from workflows.contract import (
    RESOLVE_UPDATE,
    WORKFLOW_ID_PREFIX,
    Decision,
    Phase,
    Status,
    Verdict,
    workflow_id,
)

AT_LEAST_SECS = 10.0
"""Things break for so long even when all reports are submitted sooner."""
DRIVE_SECS = 5.0
"""Things go on to break for so long after the last report was submitted."""
DRAIN_SECS = 150.0
"""Afterwards everything has to come to its end within this time."""
LOOK_SECS = 1.0
PROGRESS_SECS = 5.0
ROUNDS_OF_DECISIONS = 8
AT_A_TIME = 25
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
UNANSWERED = (RPCError, TemporalUnreachableError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted of a run. `delivery` is a kind of gateway, or a strategy at a SQL Server."""

    reports: int
    seed: int
    delivery: str
    rule: str = "ours"
    workers: int = 2
    per_second: float = 20.0
    quiet: bool = False

    @property
    def asks_people(self) -> bool:
        """Whether INSYZ can neither deduplicate nor be asked."""
        return self.delivery in {Delivery.BLIND, SqlStrategy.EXECUTE_ONLY}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. `first` are the findings before anybody decided anything, `last` those
    after the truth was told about every report that waited for it."""

    plan: Plan
    asked: int
    first: Findings
    last: Findings
    done: Counter[str]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the claim is true of this run. The old rule claims nothing."""
        return self.plan.rule == "old" or (
            self.asked == self.plan.reports
            and self.first.hold(decisions_allowed=self.plan.asks_people)
            and self.last.hold(decisions_allowed=False)
        )


async def run(plan: Plan, folder: Path) -> Outcome:
    """One run with its files and logs in `folder`."""
    began = time.monotonic()
    async with started_stack(
        folder, delivery=plan.delivery, rule=plan.rule, workers=plan.workers
    ) as stack:
        tending = asyncio.create_task(stack.workers.tend())
        try:
            return await _Run(plan, stack, began).outcome()
        finally:
            tending.cancel()


class _Run:
    def __init__(self, plan: Plan, stack: Stack, began: float) -> None:
        reports = make_reports(plan.reports, plan.seed)
        self._plan = plan
        self._faults = sql_faults if plan.delivery in {*SqlStrategy} else faults
        self._ids = [report["id_zp"] for report in reports]
        self._client = stack.client
        self._insyz = stack.insyz
        self._workers = stack.workers
        self._asking = Asking(stack.client, reports)
        self._disturber = Disturber(stack, self._asking, plan.seed)
        self._began = began
        self._waiting: set[int] = set()
        self._statuses: dict[int, Status] = {}

    async def outcome(self) -> Outcome:
        await self._insyz.order(self._faults.orders(self._ids, self._plan.seed))
        progress = asyncio.create_task(self._show_progress())
        try:
            await self._drive()
            await self._submit_the_stopped_again()
            await self._drain()
            first = last = await self._findings(self._ids)
            if self._plan.asks_people:
                last = await self._tell_the_truth()
        finally:
            progress.cancel()
        return Outcome(
            plan=self._plan,
            asked=len(self._asking.asked),
            first=first,
            last=last,
            done=self._disturber.done + Counter(left=self._workers.left),
            seconds=time.monotonic() - self._began,
        )

    async def _drive(self) -> None:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._disturber.run(over))
            try:
                least = asyncio.create_task(asyncio.sleep(AT_LEAST_SECS))
                await self._asking.all(per_second=self._plan.per_second)
                await asyncio.sleep(DRIVE_SECS)
                await least
            finally:
                over.set()

    async def _submit_the_stopped_again(self) -> None:
        """As an operator would who reads `insyz failed`: a termination that Temporal did not answer
        may have come after the submission that followed it."""
        ended = await statuses(self._client, self._disturber.broken_off, certain=True)
        await _each(_ids_in(Phase.STOPPED, ended), self._asking.one)

    async def _drain(self) -> None:
        """Until no report is open but those that wait for a decision, or the time is up."""
        deadline = time.monotonic() + DRAIN_SECS
        while time.monotonic() < deadline:
            with suppress(*UNANSWERED):
                undecided = await open_reports(self._client) - self._waiting
                if not undecided:
                    return
                now = await statuses(self._client, undecided)
                self._waiting |= _ids_in(Phase.NEEDS_DECISION, now)
                if undecided <= self._waiting:
                    return
            await asyncio.sleep(LOOK_SECS)

    async def _findings(self, ids: Iterable[int]) -> Findings:
        """After a last moment in which INSYZ might still take something."""
        await asyncio.sleep(SETTLE_SECS)
        self._statuses |= await statuses(self._client, ids, certain=True)
        played = self._faults.Played.read(self._insyz.log)
        return compare(
            Books(
                asked=self._asking.asked,
                taken=await self._insyz.records(),
                ended=self._statuses,
                refused=played.refused,
                doubted=played.doubted | self._disturber.broken_off | _unanswered(self._statuses),
            )
        )

    async def _tell_the_truth(self) -> Findings:
        """Decides about each waiting report as INSYZ's book says; one that is sent again may have
        to be decided again."""
        findings = await self._findings(())
        for _ in range(ROUNDS_OF_DECISIONS):
            waiting, self._waiting = self._waiting, set()
            if not waiting:
                break
            await self._decide(waiting)
            await self._drain()
            findings = await self._findings(waiting)
        return findings

    async def _decide(self, waiting: Iterable[int]) -> None:
        records = await self._insyz.records()

        async def decide(id_zp: int) -> None:
            verdict = Verdict.SUBMITTED if records[id_zp] else Verdict.RESEND
            decision = Decision(decision=verdict, by="chaos", why="INSYZ's book says so")
            handle = self._client.get_workflow_handle(workflow_id(id_zp))
            with suppress(*UNANSWERED):
                await bounded(handle.execute_update(RESOLVE_UPDATE, decision), seconds=15)

        await _each(waiting, decide)

    async def _show_progress(self) -> None:
        while not self._plan.quiet:
            await asyncio.sleep(PROGRESS_SECS)
            with suppress(*UNANSWERED):
                still_open = len(await open_reports(self._client))
                sys.stderr.write(self._progress(still_open) + "\n")
                sys.stderr.flush()

    def _progress(self, still_open: int) -> str:
        plan, asked = self._plan, len(self._asking.asked)
        done = ", ".join(f"{count} {name}" for name, count in self._disturber.done.items())
        seconds = time.monotonic() - self._began
        return (
            f"{plan.delivery} {plan.rule} seed {plan.seed}: {seconds:.0f} s, "
            f"{asked} asked, {asked - still_open} ended; {done or 'nothing broken yet'}"
        )


async def open_reports(client: Client) -> set[int]:
    """The reports with a run that has not ended."""
    prefix = len(WORKFLOW_ID_PREFIX)
    return {
        int(there.id[prefix:]) async for there in client.list_workflows('ExecutionStatus="Running"')
    }


async def statuses(
    client: Client, ids: Iterable[int], *, certain: bool = False
) -> dict[int, Status]:
    """The pipeline's own word on each of the reports.

    An open run tells its phase only when a worker answers the query, and `preparing` stands for
    the silence as well. If `certain`, a run that says so is asked again.
    """
    found: dict[int, Status] = {}

    async def ask(id_zp: int) -> None:
        for pause in PAUSES:
            with suppress(*UNANSWERED):
                found[id_zp] = await status(id_zp, client=client)
                if not certain or found[id_zp].phase is not Phase.PREPARING:
                    return
            await asyncio.sleep(pause)
        if id_zp not in found:
            raise RuntimeError(f"report {id_zp}: Temporal does not tell what became of it")

    await _each(ids, ask)
    return found


async def _each(ids: Iterable[int], act: Callable[[int], Awaitable[None]]) -> None:
    places = asyncio.Semaphore(AT_A_TIME)

    async def one(id_zp: int) -> None:
        async with places:
            await act(id_zp)

    async with asyncio.TaskGroup() as tasks:
        for id_zp in ids:
            tasks.create_task(one(id_zp))


def _ids_in(phase: Phase, found: Mapping[int, Status]) -> set[int]:
    return {id_zp for id_zp, there in found.items() if there.phase is phase}


def _unanswered(found: Mapping[int, Status]) -> set[int]:
    """The reports whose last try ended without an answer of INSYZ: its log cannot tell of these.

    The worker died or froze, or the connection was cut before INSYZ looked at the request.
    """
    return {
        id_zp
        for id_zp, there in found.items()
        if there.error is not None
        and there.error.type == OutcomeUnknownError.__name__
        and not there.error.message.startswith("HTTP ")
    }
