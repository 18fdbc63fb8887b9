"""Telling the portal what became of a report: in its table, by a webhook, or both.

It is told until it has heard: INSYZ's verdict stands, whatever state the portal's database is in.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.portal import PortalActivities
    from workflows.activity_contract import OutcomeRecord, Recorded
    from workflows.contract import Phase, Status
    from workflows.messages import message_for
    from workflows.visibility import Display

UNTIL_IT_HAS_HEARD = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=1),
)
AT_ONCE = timedelta(seconds=5)
ONE_CALL = timedelta(seconds=75)
"""More than what the store allows itself: twice the 30 s of one statement."""


class PortalNotice:
    """The notice of one run's end; `status` is as it will be told, `user` an INT_ADR."""

    def __init__(self, status: Status, user: int | None, display: Display) -> None:
        self._status = status
        self._display = display
        self._record = OutcomeRecord(
            status=status.model_copy(update={"message": message_for(status)}),
            user=user,
            run_id=workflow.info().run_id,
            at=workflow.now(),
        )

    async def give(self) -> None:
        """Returns once the portal has heard."""
        phase = self._status.phase
        self._status.phase = Phase.RECORDING
        try:
            recorded = await self._record_at_once()
        except FailureError:
            # Not always an ActivityError: a local activity may fail with its own error, unwrapped.
            self._display.show(self._status)
            recorded, _ = await asyncio.gather(self._record_patiently(), self._notify())
        else:
            if recorded.webhook:
                await self._notify()
        if recorded.warning:
            self._status.warnings = [*self._status.warnings, recorded.warning]
        self._status.phase = phase

    async def _record_at_once(self) -> Recorded:
        """The usual case, in a millisecond and without a task of its own."""
        return await workflow.execute_local_activity_method(
            PortalActivities.record_outcome,
            self._record,
            start_to_close_timeout=AT_ONCE,
            retry_policy=RetryPolicy(maximum_attempts=1),
        )

    async def _record_patiently(self) -> Recorded:
        return await workflow.execute_activity_method(
            PortalActivities.record_outcome,
            self._record,
            activity_id="record",
            summary="tell the portal's database",
            start_to_close_timeout=ONE_CALL,
            retry_policy=UNTIL_IT_HAS_HEARD,
        )

    async def _notify(self) -> None:
        await workflow.execute_activity_method(
            PortalActivities.notify_portal,
            self._record,
            activity_id="notify",
            summary="tell the portal's webhook",
            start_to_close_timeout=ONE_CALL,
            retry_policy=UNTIL_IT_HAS_HEARD,
        )
