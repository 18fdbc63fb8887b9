"""What people asked for: to submit a report, to try at once, to stop, and what they decided."""

from typing import Any

from temporalio.api.history.v1 import HistoryEvent

from insyz.resend import Resend
from starter.story.decoding import Decoding
from starter.story.event import Event, Kind, of_event
from workflows.contract import (
    CANCEL_SIGNAL,
    MEMO_RESEND_DECISION,
    RESOLVE_UPDATE,
    RETRY_SIGNAL,
    CancelRequest,
    Decision,
)


async def started(decoding: Decoding, event: HistoryEvent) -> list[Event]:
    """By the INT_ADR of who pressed the button, from the process that told Temporal; of one that is
    sent once more, by whoever decided it."""
    attributes = event.workflow_execution_started_event_attributes
    payloads = attributes.input.payloads
    given = await decoding.first(payloads, dict[str, Any]) or {}
    words = [
        str(given.get("cislo_zp") or "a report without an order number"),
        f"{sum(len(payload.data) for payload in payloads):,} bytes",
        f"resend {given['resend']}" if given.get("resend") else "",
        f"from {attributes.identity}" if attributes.identity else "",
    ]
    user = str(given.get("submitted_by") or given.get("int_adr") or "")
    noted = attributes.memo.fields.get(MEMO_RESEND_DECISION)
    decided = await decoding.first([noted], Resend) if noted else None
    by, why = (decided.by, decided.why) if decided else (user, "")
    return [of_event(event, Kind.STARTED, ", ".join(filter(None, words)), by=by, why=why)]


async def signal(decoding: Decoding, event: HistoryEvent) -> list[Event]:
    attributes = event.workflow_execution_signaled_event_attributes
    if attributes.signal_name == RETRY_SIGNAL:
        return [of_event(event, Kind.ASKED, "to try at once", by=attributes.identity)]
    if attributes.signal_name != CANCEL_SIGNAL:
        return []
    request = await decoding.first(attributes.input.payloads, CancelRequest)
    by, why = (request.by, request.why) if request else (attributes.identity, "")
    return [of_event(event, Kind.ASKED, "not to send it any more", by=by, why=why)]


async def cancel(_decoding: Decoding, event: HistoryEvent) -> list[Event]:
    """Temporal's own cancel, which tells no name."""
    attributes = event.workflow_execution_cancel_requested_event_attributes
    words = "not to send it any more (Temporal's own cancel)"
    return [of_event(event, Kind.ASKED, words, by=attributes.identity, why=attributes.cause)]


async def update(decoding: Decoding, event: HistoryEvent) -> list[Event]:
    """Only what was accepted is in a history."""
    request = event.workflow_execution_update_accepted_event_attributes.accepted_request
    decision = await decoding.first(request.input.args.payloads, Decision)
    if request.input.name != RESOLVE_UPDATE or decision is None:
        return []
    words = f"{decision.decision}" + (f", receipt {decision.receipt}" if decision.receipt else "")
    return [of_event(event, Kind.DECISION, words, by=decision.by, why=decision.why)]
