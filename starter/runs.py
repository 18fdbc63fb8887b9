"""One run of a report: the latest, and what a run was started with."""

from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.common import RawValue
from temporalio.service import RPCError, RPCStatusCode

from insyz.errors import InvalidReportError
from starter.connection import bounded
from starter.reading import report_in
from starter.statuses import UnknownReportError


async def latest_run(client: Client, workflow_id: str) -> WorkflowExecutionDescription:
    """Raises UnknownReportError or TemporalUnreachableError."""
    try:
        return await bounded(client.get_workflow_handle(workflow_id).describe())
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise UnknownReportError(f"no submission {workflow_id} is known") from None
        raise


async def input_of(client: Client, run: WorkflowExecutionDescription) -> dict[str, Any]:
    """The report that a run was started with.

    Raises InvalidReportError when it was no JSON object, and TemporalUnreachableError.
    """
    # The first event holds it; the rest of a history may be long.
    request = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=run.id, run_id=run.run_id),
        maximum_page_size=1,
    )
    page = await bounded(client.workflow_service.get_workflow_execution_history(request))
    given = page.history.events[0].workflow_execution_started_event_attributes.input.payloads
    if len(given) != 1:
        raise InvalidReportError(f"expected one input, the report; that run got {len(given)}")
    (raw,) = await client.data_converter.decode(given, [RawValue])
    return report_in(raw.payload.data)
