"""What a worker has done and is at."""

import time
from typing import Any

from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from workflows.run_listener import RunListener


class Workload:
    """Counts since the start of the worker; times are of the monotonic clock."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.reports_ended = 0
        self.tries_under_way = 0
        self.last_work = self.started

    def interceptors(self) -> list[Interceptor]:
        """What has to surround the worker's workflows and activities."""
        return [RunListener(began=self._run_began, ended=self._run_ended), _Tries(self)]

    @property
    def idle_secs(self) -> float:
        """How long ago anything was done; 0 while an activity is under way."""
        return 0.0 if self.tries_under_way else time.monotonic() - self.last_work

    def try_began(self) -> None:
        self.tries_under_way += 1

    def try_ended(self) -> None:
        self.tries_under_way -= 1
        self.last_work = time.monotonic()

    def _run_began(self) -> None:
        self.last_work = time.monotonic()

    def _run_ended(self) -> None:
        self.reports_ended += 1
        self.last_work = time.monotonic()


class _Tries(Interceptor):
    def __init__(self, workload: Workload) -> None:
        self._workload = workload

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Counted(next, self._workload)


class _Counted(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, workload: Workload) -> None:  # noqa: A002
        super().__init__(next)
        self._workload = workload

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        self._workload.try_began()
        try:
            return await super().execute_activity(input)
        finally:
            self._workload.try_ended()
