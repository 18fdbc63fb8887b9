"""Everything that dies, freezes or is broken off while reports are on their way."""

import asyncio
import signal
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.service import RPCError

from chaos.asking import Asking
from chaos.stack import Stack
from starter.connection import TemporalUnreachableError, bounded
from workflows.contract import workflow_id

FREEZE_SECS = (0.4, 0.8)
"""Less than what the try's limits leave over (chaos.faults.SCALED_DOWN)."""
SERVER_DOWN_SECS = 1.0
RECENT = 400
"""So many reports may be on their way at a time: the youngest have not begun, the oldest ended."""
LOOKED_AT = 10
FIRST_TASK_ENDED = 4
"""The event that ends the first workflow task, after: started, scheduled, task started."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What happens again and again: first after `first` seconds, then `every` so many."""

    name: str
    first: tuple[float, float]
    every: tuple[float, float]
    act: Callable[[Random], Awaitable[bool]]


class Disturber:
    """`done` counts what it did, `broken_off` are the reports whose run it ended or reset."""

    def __init__(self, stack: Stack, asking: Asking, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.broken_off: set[int] = set()
        self._stack = stack
        self._asking = asking
        self._seed = seed
        self._habits = (
            Habit("kills", (1, 3), (2, 5), self._kill_a_worker),
            Habit("freezes", (2, 4), (3, 8), self._freeze_a_worker),
            Habit("restarts", (4, 6), (15, 20), self._restart_temporal),
            Habit("terminated", (1, 2), (1, 3), self._terminate_and_submit_again),
            Habit("reset", (1, 2), (1, 3), self._reset),
        )

    async def run(self, over: asyncio.Event) -> None:
        """Until `over`; what was begun is brought to its end."""
        async with asyncio.TaskGroup() as tasks:
            for habit in self._habits:
                tasks.create_task(self._indulge(habit, over))

    async def _indulge(self, habit: Habit, over: asyncio.Event) -> None:
        # Each habit draws its own numbers: how long the others take must not change them.
        random = Random(f"{self._seed}/{habit.name}")  # noqa: S311 (repeatable, not secret)
        pause = random.uniform(*habit.first)
        while not await _comes_within(over, pause):
            self.done[habit.name] += await habit.act(random)
            pause = random.uniform(*habit.every)

    async def _kill_a_worker(self, random: Random) -> bool:
        worker = random.choice(self._stack.workers.processes)
        was_there = worker.runs
        await worker.kill()
        return was_there

    async def _freeze_a_worker(self, random: Random) -> bool:
        worker = random.choice(self._stack.workers.processes)
        was_there = worker.runs
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(random.uniform(*FREEZE_SECS))
        worker.send(signal.SIGCONT)
        return was_there

    async def _restart_temporal(self, _random: Random) -> bool:
        await self._stack.temporal.kill()
        await asyncio.sleep(SERVER_DOWN_SECS)
        await self._stack.temporal.start()
        return True

    async def _terminate_and_submit_again(self, random: Random) -> bool:
        for id_zp in self._some_recent(random):
            if await self._break_off(id_zp, self._terminate):
                await self._asking.one(id_zp)
                return True
        return False

    async def _reset(self, random: Random) -> bool:
        for id_zp in self._some_recent(random):
            if await self._break_off(id_zp, self._reset_to_first_task):
                return True
        return False

    def _some_recent(self, random: Random) -> list[int]:
        recent = [*self._asking.asked][-RECENT:]
        return random.sample(recent, k=min(LOOKED_AT, len(recent)))

    async def _break_off(self, id_zp: int, how: Callable[[int], Awaitable[bool]]) -> bool:
        """False when the run has ended already, or is too young."""
        try:
            done = await bounded(how(id_zp))
        except TemporalUnreachableError:
            # It may have come through all the same.
            done = True
        except RPCError:
            done = False
        if done:
            self.broken_off.add(id_zp)
        return done

    async def _terminate(self, id_zp: int) -> bool:
        handle = self._asking.client.get_workflow_handle(workflow_id(id_zp))
        await handle.terminate(reason="chaos")
        return True

    async def _reset_to_first_task(self, id_zp: int) -> bool:
        client = self._asking.client
        there = await client.get_workflow_handle(workflow_id(id_zp)).describe()
        if there.close_time is not None:
            # Temporal would reset an ended run too; the claim is about reports on their way.
            return False
        await client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=client.namespace,
                workflow_execution=WorkflowExecution(
                    workflow_id=workflow_id(id_zp), run_id=there.run_id
                ),
                reason="chaos",
                workflow_task_finish_event_id=FIRST_TASK_ENDED,
                request_id=str(uuid.uuid4()),
            )
        )
        return True


async def _comes_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        return await asyncio.wait_for(event.wait(), seconds)
    return False
