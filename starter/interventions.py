"""What people ask of a running submission: to try at once, to stop, and what they decide."""

from collections.abc import Awaitable
from typing import TypeVar

from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from starter.connection import NoAnswerError, bounded, connect
from workflows.contract import (
    CANCEL_SIGNAL,
    RESOLVE_UPDATE,
    RETRY_SIGNAL,
    CancelRequest,
    Decision,
    Status,
    workflow_id,
)

DECISION_SECS = 10.0
"""A decision is answered by a worker; without one it would wait for ever."""

T = TypeVar("T")


class NotOpenError(Exception):
    """No submission of this report is open."""


class NothingToDecideError(Exception):
    """The submission does not wait for a decision; the text says what it does."""


class NoWorkerError(Exception):
    """No worker answered; the text says what to do."""


async def retry(id_zp: int, *, client: Client | None = None) -> None:
    """Makes a waiting submission try at once, and one whose try is under way right after it, if
    that fails. Raises NotOpenError or TemporalUnreachableError.
    """
    client = client or await connect()
    handle = client.get_workflow_handle(workflow_id(id_zp))
    await _of_an_open_one(id_zp, handle.signal(RETRY_SIGNAL))


async def cancel(id_zp: int, request: CancelRequest, *, client: Client | None = None) -> None:
    """Asks a submission to stop. One that may be on its way first finds out, and ends in the state
    that is true. Raises NotOpenError or TemporalUnreachableError.
    """
    client = client or await connect()
    handle = client.get_workflow_handle(workflow_id(id_zp))
    await _of_an_open_one(id_zp, handle.signal(CANCEL_SIGNAL, request))


async def resolve(id_zp: int, decision: Decision, *, client: Client | None = None) -> Status:
    """Decides about a report whose fate nothing else can tell; its status just before.

    Raises NothingToDecideError, NotOpenError, NoWorkerError or TemporalUnreachableError.
    """
    client = client or await connect()
    handle = client.get_workflow_handle(workflow_id(id_zp))
    update = handle.execute_update(RESOLVE_UPDATE, decision, result_type=Status)
    try:
        return await _of_an_open_one(id_zp, update, seconds=DECISION_SECS)
    except WorkflowUpdateFailedError as refused:
        cause = refused.cause
        words = cause.message if isinstance(cause, ApplicationError) else str(cause)
        raise NothingToDecideError(f"report {id_zp}: {words}") from None
    except (WorkflowUpdateRPCTimeoutOrCancelledError, NoAnswerError):
        raise NoWorkerError(
            f"no worker took the decision within {DECISION_SECS:g} s; "
            "start one (insyz ensure-worker) and decide again"
        ) from None


async def _of_an_open_one(id_zp: int, call: Awaitable[T], *, seconds: float | None = None) -> T:
    try:
        return await (bounded(call) if seconds is None else bounded(call, seconds=seconds))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise NotOpenError(f"no submission of report {id_zp} is open") from None
        raise
