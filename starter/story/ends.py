"""How a run ended, and what keeps it from going on."""

import json

from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent

from starter.output import receipt_text
from starter.story.decoding import Decoding
from starter.story.event import Event, Kind, bounded, of_event
from workflows.contract import Phase, Status
from workflows.visibility import PHASE


async def completed(decoding: Decoding, event: HistoryEvent) -> list[Event]:
    payloads = event.workflow_execution_completed_event_attributes.result.payloads
    status = await decoding.first(payloads, Status)
    words = f"{status.phase}, {receipt_text(status.receipt)}" if status else "completed"
    return [of_event(event, Kind.ENDED, words)]


async def failed(decoding: Decoding, event: HistoryEvent) -> list[Event]:
    failure = event.workflow_execution_failed_event_attributes.failure
    _, message, _ = await decoding.failure(failure)  # it begins with its type
    return [of_event(event, Kind.ENDED, f"failed: {bounded(message)}")]


async def terminated(_decoding: Decoding, event: HistoryEvent) -> list[Event]:
    attributes = event.workflow_execution_terminated_event_attributes
    by, why = attributes.identity, attributes.reason
    return [of_event(event, Kind.ENDED, "terminated", by=by, why=why)]


async def timed_out(_decoding: Decoding, event: HistoryEvent) -> list[Event]:
    return [of_event(event, Kind.ENDED, "timed out")]


async def canceled(_decoding: Decoding, event: HistoryEvent) -> list[Event]:
    return [of_event(event, Kind.ENDED, "cancelled")]


async def task_failed(decoding: Decoding, event: HistoryEvent) -> list[Event]:
    attributes = event.workflow_task_failed_event_attributes
    _, message, _ = await decoding.failure(attributes.failure)
    words = bounded(message)
    if attributes.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
        return [of_event(event, Kind.RESET, "goes on from here anew", why=words)]
    return [of_event(event, Kind.TROUBLE, f"the worker cannot go on: {words}")]


async def phase_changed(_decoding: Decoding, event: HistoryEvent) -> list[Event]:
    """Of the phases only one leaves no other trace."""
    attributes = event.upsert_workflow_search_attributes_event_attributes
    shown = attributes.search_attributes.indexed_fields
    if PHASE.name not in shown or json.loads(shown[PHASE.name].data) != Phase.NEEDS_DECISION:
        return []
    return [of_event(event, Kind.WAIT, "only a person can find out whether INSYZ has it")]
