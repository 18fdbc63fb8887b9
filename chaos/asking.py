"""Handing reports to Temporal until it has acknowledged each of them, whatever dies meanwhile."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError

from starter.connection import TemporalUnreachableError
from starter.submission import AlreadySubmittedError, submit

CONCURRENT = 50
RETRY_SECS = 0.3
MAX_TRIES = 200
PASSING = (
    TemporalUnreachableError,
    RPCError,
    # The run that was joined failed between two questions about it.
    WorkflowFailureError,
)


class Asking:
    """Submits the reports of a run; `asked` are the ids that Temporal acknowledged, in order."""

    def __init__(self, client: Client, reports: Sequence[Mapping[str, Any]]) -> None:
        self.client = client
        self.asked: dict[int, None] = {}
        self._reports = {int(report["id_zp"]): report for report in reports}
        self._places = asyncio.Semaphore(CONCURRENT)

    async def all(self, *, per_second: float) -> None:
        """Submits every report, not more than so many a second."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for number, id_zp in enumerate(self._reports):
                await asyncio.sleep(started + number / per_second - loop.time())
                await self._places.acquire()
                tasks.create_task(self.one(id_zp)).add_done_callback(
                    lambda _: self._places.release()
                )

    async def one(self, id_zp: int) -> None:
        """Submits one report, again and again until Temporal has it."""
        for _ in range(MAX_TRIES):
            try:
                await submit(self._reports[id_zp], client=self.client)
            except AlreadySubmittedError:
                break
            except PASSING:
                await asyncio.sleep(RETRY_SECS)
            else:
                break
        else:
            raise RuntimeError(f"report {id_zp}: Temporal never acknowledged it")
        self.asked[id_zp] = None
