"""What became of a report: the same status object, whoever can tell."""

import asyncio
from contextlib import suppress
from typing import Any

from temporalio.api.failure.v1 import Failure as EncodedFailure
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from starter.connection import bounded, connect
from workflows.contract import (
    STATUS_QUERY,
    SUBMIT_TO_INSYZ,
    Failure,
    Phase,
    State,
    Status,
    workflow_id,
)
from workflows.messages import message_for
from workflows.visibility import CISLO_ZP, PHASE

QUERY_SECS = 3.0
"""A query waits for a worker; without one, what Temporal itself knows has to do."""


class UnknownReportError(Exception):
    """No submission of this report is known."""


async def status(id_zp: int, *, client: Client | None = None, ask: bool = True) -> Status:
    """The status of report `id_zp`; without `ask` as far as Temporal knows it without a worker.

    Raises UnknownReportError, TemporalUnreachableError or UnreadablePayloadError.
    """
    client = client or await connect()
    handle = client.get_workflow_handle(workflow_id(id_zp), result_type=Status)
    try:
        there = await bounded(handle.describe())
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise UnknownReportError(f"no submission of report {id_zp} is known") from None
        raise
    if there.status is WorkflowExecutionStatus.RUNNING:
        return await _running(handle, there, id_zp, ask=ask)
    try:
        return await bounded(handle.result())
    except WorkflowFailureError as error:
        return ended_status(Status(id_zp=id_zp), error)


def ended_status(known: Status, error: WorkflowFailureError) -> Status:
    """The status behind a run that ended without a result; `known` fills what it doesn't say."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.details:
        return Status.model_validate(cause.details[0])
    if isinstance(cause, ApplicationError):
        failed = Failure(type=cause.type or "ApplicationError", message=cause.message)
        known = known.model_copy(
            update={"phase": Phase.FAILED, "state": State.REJECTED, "error": failed}
        )
    else:
        stopped = Failure(type=type(cause).__name__, message=str(cause))
        known = known.model_copy(update={"phase": Phase.STOPPED, "error": stopped})
    return known.model_copy(update={"message": message_for(known)})


async def _running(
    handle: WorkflowHandle[Any, Status],
    there: WorkflowExecutionDescription,
    id_zp: int,
    *,
    ask: bool,
) -> Status:
    known = _listed(there, id_zp)
    if ask:
        with suppress(TimeoutError, RPCError, WorkflowQueryFailedError):
            query = handle.query(STATUS_QUERY, result_type=Status)
            known = await asyncio.wait_for(query, QUERY_SECS)
    if known.phase in {Phase.PREPARING, Phase.SENDING}:
        known = known.model_copy(update=await _pending_try(there))
    return known.model_copy(update={"message": known.message or message_for(known)})


def _listed(there: WorkflowExecutionDescription, id_zp: int) -> Status:
    """As the search attributes have it, for when no worker answers."""
    attributes = there.typed_search_attributes
    phase = Phase(attributes.get(PHASE, Phase.PREPARING))
    return Status(id_zp=id_zp, cislo_zp=attributes.get(CISLO_ZP), phase=phase)


async def _pending_try(there: WorkflowExecutionDescription) -> dict[str, Any]:
    """The try under way and what the last one met: the workflow hears of them when all is over."""
    for pending in there.raw_description.pending_activities:
        if pending.activity_type.name == SUBMIT_TO_INSYZ:
            update: dict[str, Any] = {"attempt": pending.attempt, "phase": Phase.SENDING}
            if pending.HasField("last_failure"):
                update["error"] = await _last_failure(there.data_converter, pending.last_failure)
            return update
    return {}


async def _last_failure(converter: DataConverter, failure: EncodedFailure) -> Failure:
    """What a try met; its words may be encrypted."""
    error = await converter.decode_failure(failure)
    error_type = error.type if isinstance(error, ApplicationError) else None
    return Failure(type=error_type or "TimeoutError", message=getattr(error, "message", str(error)))
