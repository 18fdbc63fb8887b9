"""Handing a report to Temporal, and waiting for what becomes of it."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from insyz.report import Report, check_writable, submission_key
from insyz.resend import Resend
from starter.connection import bounded, connect
from starter.payloads import encrypts
from starter.statuses import ended_status
from workflows.contract import (
    MEMO_FIRST_RUN,
    MEMO_KEY,
    MEMO_PREVIOUS_RUN,
    MEMO_RESEND,
    MEMO_RESEND_DECISION,
    SUBMIT_REPORT,
    TASK_QUEUE,
    Phase,
    Status,
    workflow_id,
)
from workflows.messages import message_for
from workflows.visibility import attributes_at_start, summary_of

log = logging.getLogger("insyz.starter")

LOOK_SECS = 5.0
"""Before the first look at a run whose end may have been missed; then doubling: hundreds who wait
at once would keep the server busy with their looks."""


@dataclass(frozen=True, slots=True)
class Started:
    """A submission that Temporal has. `joined`: it was running before this call."""

    status: Status
    workflow_id: str
    run_id: str
    joined: bool
    client: Client = field(repr=False)


class AlreadySubmittedError(Exception):
    """INSYZ has the report; `status` is the outcome of the run that submitted it."""

    def __init__(self, status: Status) -> None:
        self.status = status
        super().__init__(
            f"report {status.id_zp} is already submitted; to send it once more on purpose, "
            "use --resend"
        )


class OtherContentError(Exception):
    """Another version of the report is on its way; it has to end first."""


async def submit(
    report: Mapping[str, Any],
    *,
    client: Client | None = None,
    submitted_by: int | None = None,
    resend: Resend | None = None,
) -> Started:
    """Starts the submission of `report` (the JSON object of insyz.report.Report), or joins it.

    Returns as soon as Temporal has it. `resend`: who wants it sent although INSYZ has it. Raises
    InvalidReportError, AlreadySubmittedError, OtherContentError or TemporalUnreachableError.
    """
    given = dict(report) | ({} if submitted_by is None else {"submitted_by": submitted_by})
    checked = Report.parse(given)
    check_writable(given)
    client = client or await connect()
    if resend:
        # What Temporal has forgotten, the portal's history may know (insyz.store).
        known = await _resends_so_far(client, checked.id_zp) + 1
        given["resend"] = max(known, checked.resend)
        checked = Report.parse(given)
    noted: dict[str, Any] = {MEMO_KEY: submission_key(checked), MEMO_RESEND: checked.resend}
    if resend:
        noted[MEMO_RESEND_DECISION] = resend
    # Mostly no run is there, and what Temporal itself makes sure of the worker need not look for.
    policy = WorkflowIDReusePolicy.REJECT_DUPLICATE
    before: dict[str, Any] = {MEMO_FIRST_RUN: True}
    while True:
        try:
            return await _start(client, given, checked, policy, noted | before)
        except WorkflowAlreadyStartedError as there:
            if joined := await _join(client, checked, there.run_id, resend=resend is not None):
                return joined
            policy = (
                WorkflowIDReusePolicy.ALLOW_DUPLICATE
                if resend
                else WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
            )
            before = {MEMO_PREVIOUS_RUN: there.run_id}


async def wait_for_result(started: Started, seconds: float) -> Status | None:
    """The outcome of a submission, or None when it is still open after `seconds`."""
    handle = started.client.get_workflow_handle(
        started.workflow_id, run_id=started.run_id, result_type=Status
    )
    try:
        return await asyncio.wait_for(_result(handle), seconds)
    except TimeoutError:
        return None
    except WorkflowFailureError as error:
        return ended_status(started.status, error)


async def _result(handle: WorkflowHandle[Any, Status]) -> Status:
    """The result, as soon as there is one.

    The server's long poll alone will not do: once in some thousand runs it missed the end and
    answered 20 s later. So the run is looked at besides, now and then.
    """
    look_secs = LOOK_SECS
    while True:
        result = asyncio.create_task(handle.result())
        try:
            while not result.done():
                await asyncio.wait({result}, timeout=look_secs)
                look_secs *= 2
                if not result.done() and await _has_ended(handle):
                    break
            else:
                return await result
        finally:
            result.cancel()


async def _has_ended(handle: WorkflowHandle[Any, Status]) -> bool:
    return (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING


async def _start(
    client: Client,
    given: dict[str, Any],
    report: Report,
    policy: WorkflowIDReusePolicy,
    noted: Mapping[str, Any],
) -> Started:
    start = partial(
        client.start_workflow,
        SUBMIT_REPORT,
        given,
        id=workflow_id(report.id_zp),
        task_queue=TASK_QUEUE,
        id_reuse_policy=policy,
        memo=noted,
        static_summary=summary_of(report, named=not encrypts(client.data_converter)),
    )
    try:
        handle = await bounded(
            start(search_attributes=attributes_at_start(report, datetime.now(UTC)))
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT or "search attribute" not in str(
            error
        ):
            raise
        _warn_of_missing_search_attributes()
        handle = await bounded(start())
    run_id = handle.first_execution_run_id
    assert run_id is not None  # noqa: S101 (set by start_workflow)
    return Started(_just_started(report), handle.id, run_id, joined=False, client=client)


@cache
def _warn_of_missing_search_attributes() -> None:
    """Once in a process: it concerns the server, not the report."""
    log.warning("this server does not know our search attributes; see: insyz setup")


async def _join(
    client: Client, report: Report, run_id: str | None, *, resend: bool
) -> Started | None:
    """The run that is there; None when it is over, so that a new one may start."""
    handle = client.get_workflow_handle(
        workflow_id(report.id_zp), run_id=run_id, result_type=Status
    )
    there = await bounded(handle.describe())
    if there.status is WorkflowExecutionStatus.COMPLETED and not resend:
        raise AlreadySubmittedError(await bounded(handle.result()))
    if there.status is not WorkflowExecutionStatus.RUNNING:
        return None
    memo = await there.memo()
    if memo.get(MEMO_KEY, submission_key(report)) != submission_key(report):
        raise OtherContentError(
            f"another version of report {report.id_zp} is being submitted; "
            f"wait for its end, see: insyz status {report.id_zp}"
        )
    return Started(_just_started(report), handle.id, there.run_id, joined=True, client=client)


async def _resends_so_far(client: Client, id_zp: int) -> int:
    try:
        there = await bounded(client.get_workflow_handle(workflow_id(id_zp)).describe())
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return 0
        raise
    return int((await there.memo()).get(MEMO_RESEND, 0))


def _just_started(report: Report) -> Status:
    status = Status(
        id_zp=report.id_zp,
        cislo_zp=report.cislo_zp,
        phase=Phase.PREPARING,
        submission_key=submission_key(report),
    )
    return status.model_copy(update={"message": message_for(status)})
