"""The rule that this project replaces, as a worker of its own: `python -m chaos.old_rule`.

One activity builds the XML and sends it. Whatever fails is sent again, 3 times, except refused
credentials and an invalid report; nobody asks INSYZ what became of the try before. It answers to
the same task queue and workflow name, so that the same callers drive it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

with workflow.unsafe.imports_passed_through():
    from insyz.document import build_xml
    from insyz.errors import PERMANENT_ERRORS, InsyzError
    from insyz.gateway import Gateway, Submission
    from insyz.report import Report, submission_key
    from insyz.settings import Settings
    from starter.connection import connect
    from starter.process import run_and_exit
    from worker import gateway_for
    from workflows.contract import (
        STATUS_QUERY,
        SUBMIT_REPORT,
        TASK_QUEUE,
        Failure,
        Phase,
        State,
        Status,
    )

SEND_REPORT = "send_report"
TRY_SECS = 3.0
"""As ours is scaled down (chaos.faults)."""


class SendReport:
    """The activity and the gateway that it sends through."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    @activity.defn(name=SEND_REPORT)
    async def send_report(self, given: dict[str, Any]) -> dict[str, Any]:
        report = Report.parse(given)
        document = build_xml(report, submitted_at=datetime.now(UTC))
        submission = Submission(
            key=submission_key(report), xml=document.xml, uzivatel=str(report.owner)
        )
        try:
            return (await self._gateway.submit(submission)).data
        except InsyzError as error:
            raise ApplicationError(str(error), type=type(error).__name__) from error


@workflow.defn(name=SUBMIT_REPORT)
class OldSubmitReport:
    """Ends as ours does: with a status, or with a failure that holds one."""

    def __init__(self) -> None:
        self._status = Status(phase=Phase.SENDING)

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> Status:
        return self._status

    @workflow.run
    async def run(self, given: dict[str, Any]) -> Status:
        try:
            receipt = await workflow.execute_activity(
                SEND_REPORT,
                given,
                result_type=dict[str, Any],
                start_to_close_timeout=timedelta(seconds=TRY_SECS),
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(seconds=1),
                    backoff_coefficient=2,
                    maximum_attempts=4,
                    non_retryable_error_types=[error.__name__ for error in PERMANENT_ERRORS],
                ),
            )
        except ActivityError as error:
            raise _rejection(self._status, error) from error
        return self._status.model_copy(
            update={"state": State.SUBMITTED, "phase": Phase.TAKEN, "receipt": receipt}
        )


def _rejection(status: Status, error: ActivityError) -> ApplicationError:
    cause = error.cause
    name = cause.type if isinstance(cause, ApplicationError) and cause.type else "TimeoutError"
    reason = Failure(type=name, message=str(cause))
    rejected = status.model_copy(
        update={"state": State.REJECTED, "phase": Phase.FAILED, "error": reason}
    )
    return ApplicationError(f"{name}: {cause}", rejected, type=name, non_retryable=True)


async def _work() -> int:
    settings = Settings.load()
    client = await connect()
    async with (
        gateway_for(settings) as gateway,
        Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[OldSubmitReport],
            activities=[SendReport(gateway).send_report],
            max_concurrent_activities=settings.insyz_max_concurrent,
            workflow_runner=UnsandboxedWorkflowRunner(),
        ),
    ):
        await asyncio.Event().wait()
    return 0


if __name__ == "__main__":
    run_and_exit(lambda: asyncio.run(_work()))
