"""The tries of a submission, as its history and the activity under way tell of them."""

from datetime import UTC, datetime

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowExecutionDescription

from starter.story.decoding import Decoding, validated
from starter.story.event import Event, Kind, bounded, of_try, time_of
from workflows.activity_contract import FailedTry, InsyzResult, Stage, Tried
from workflows.contract import SUBMIT_TO_INSYZ


async def ended_well(decoding: Decoding, begun: HistoryEvent, end: HistoryEvent) -> list[Event]:
    """Of the event that an activity completed; `begun` is that of its last start."""
    payloads = end.activity_task_completed_event_attributes.result.payloads
    result = await decoding.first(payloads, InsyzResult)
    if result is None:
        return []
    outcome = "found" if result.found else "taken" if result.receipt is not None else "not there"
    last = _measured(begun, end, Stage.SEND, outcome, "")
    return [of_try(one) for one in _with_the_last(result.tries, last)]


async def failed(decoding: Decoding, begun: HistoryEvent, end: HistoryEvent) -> list[Event]:
    """Of the event that an activity failed."""
    failure = end.activity_task_failed_event_attributes.failure
    error_type, message, detail = await decoding.failure(failure)
    tried = validated(FailedTry, detail)
    stage = tried.stage if tried else Stage.SEND
    last = _measured(begun, end, stage, error_type, bounded(message))
    return [of_try(one) for one in _with_the_last(tried.tries if tried else [], last)]


async def died(decoding: Decoding, begun: HistoryEvent, end: HistoryEvent) -> list[Event]:
    """Of the event that nobody reported a try back."""
    failure = end.activity_task_timed_out_event_attributes.failure
    details = failure.timeout_failure_info.last_heartbeat_details.payloads
    before = [of_try(one) for one in await decoding.tries(details)]
    last = _measured(begun, end, Stage.SEND, "no report", "its worker died, froze, or is cut off")
    return [*before, of_try(last)]


async def under_way(decoding: Decoding, there: WorkflowExecutionDescription) -> list[Event]:
    """Of what is pending, with the tries before it."""
    told: list[Event] = []
    for pending in there.raw_description.pending_activities:
        if pending.activity_type.name == SUBMIT_TO_INSYZ:
            tries = await decoding.tries(pending.heartbeat_details.payloads)
            told += [of_try(one) for one in tries]
            if pending.HasField("last_failure") and pending.attempt - 1 not in {
                one.attempt for one in tries
            }:
                told.append(await _last_failure(decoding, pending))
        told.append(_now(pending))
    return told


async def _last_failure(decoding: Decoding, pending: PendingActivityInfo) -> Event:
    error_type, message, _ = await decoding.failure(pending.last_failure)
    attempt = pending.attempt - 1
    return Event(
        at=_time(pending.last_attempt_complete_time.ToDatetime(tzinfo=UTC)),
        kind=Kind.TRY,
        text=f"{error_type}: {bounded(message)}",
        attempt=attempt,
        outcome=error_type,
    )


def _now(pending: PendingActivityInfo) -> Event:
    if pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED:
        at, words = pending.last_started_time, "is under way"
    elif pending.attempt > 1:
        at, words = pending.next_attempt_schedule_time, "comes then"
    else:
        at, words = pending.scheduled_time, "waits for a worker"
    when = _time(at.ToDatetime(tzinfo=UTC))
    if pending.activity_type.name == SUBMIT_TO_INSYZ:
        return Event(at=when, kind=Kind.TRY, text=words, attempt=pending.attempt)
    return Event(at=when, kind=Kind.PORTAL, text=f"telling it, try {pending.attempt}, {words}")


def numbered_through(events: list[Event]) -> list[Event]:
    """Each activity counts its tries from 1; for people they are the tries of the run."""
    numbered, before, last = [], 0, 0
    for event in events:
        if event.kind is Kind.TRY and event.attempt is not None:
            before += last if event.attempt <= last else 0
            last = event.attempt
            event = event.model_copy(update={"attempt": before + last})
        numbered.append(event)
    return numbered


def _measured(
    begun: HistoryEvent, end: HistoryEvent, stage: Stage, outcome: str, message: str
) -> Tried:
    """The last try as Temporal saw it."""
    at = time_of(begun)
    took = time_of(end) - at
    return Tried(
        attempt=begun.activity_task_started_event_attributes.attempt,
        stage=stage,
        outcome=outcome,
        at=at,
        duration_ms=round(took.total_seconds() * 1000),
        message=message,
    )


def _with_the_last(tries: list[Tried], last: Tried) -> list[Tried]:
    """A worker of an older release told of no tries."""
    return tries or [last]


def _time(at: datetime) -> datetime:
    """Temporal leaves out what it does not know: then it is now."""
    return at if at.year > EPOCH_YEAR else datetime.now(UTC)


EPOCH_YEAR = 1970
