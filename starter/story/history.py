"""A run's history, told as a list of events."""

from collections.abc import Awaitable, Callable, Sequence

from temporalio.api.enums.v1 import EventType as E
from temporalio.api.history.v1 import HistoryEvent

from starter.periods import moment
from starter.story import asked, ends, portal, tries
from starter.story.decoding import Decoding
from starter.story.event import Event, Kind, of_event, time_of
from workflows.contract import NOTIFY_PORTAL, RECORD_OUTCOME, SUBMIT_TO_INSYZ

TELL: dict[int, Callable[[Decoding, HistoryEvent], Awaitable[list[Event]]]] = {
    E.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: asked.started,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: asked.signal,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED: asked.cancel,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: asked.update,
    E.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: ends.phase_changed,
    E.EVENT_TYPE_MARKER_RECORDED: portal.local_activity,
    E.EVENT_TYPE_WORKFLOW_TASK_FAILED: ends.task_failed,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: ends.completed,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: ends.failed,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: ends.terminated,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: ends.timed_out,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: ends.canceled,
}
"""What can be told of an event by itself."""


class RunHistory:
    """`events` of one run, oldest first."""

    def __init__(self, events: Sequence[HistoryEvent], decoding: Decoding) -> None:
        self._events = events
        self._decoding = decoding
        self._by_id = {event.event_id: event for event in events}
        self._ends_of_timers = {
            _timer_of(event): event
            for event in events
            if event.event_type in {E.EVENT_TYPE_TIMER_FIRED, E.EVENT_TYPE_TIMER_CANCELED}
        }

    async def told(self) -> list[Event]:
        told: list[Event] = []
        for event in self._events:
            if tell := TELL.get(event.event_type):
                told += await tell(self._decoding, event)
            elif event.event_type == E.EVENT_TYPE_TIMER_STARTED:
                told += await self._wait(event)
            else:
                told += await self._activity(event)
        return told

    async def _wait(self, event: HistoryEvent) -> list[Event]:
        summary = await self._decoding.summary(event.user_metadata.summary)
        if not summary:
            return []  # between the tries of a local activity
        timer = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
        words = f"{summary}, {timer.total_seconds():g} s"
        end = self._ends_of_timers.get(event.event_id)
        if end is None:
            words += f", until {moment(time_of(event) + timer)}"
        elif end.event_type == E.EVENT_TYPE_TIMER_CANCELED:
            waited = (time_of(end) - time_of(event)).total_seconds()
            words += f", cut short after {waited:.1f} s"
        return [of_event(event, Kind.WAIT, words)]

    async def _activity(self, event: HistoryEvent) -> list[Event]:
        """How an activity ended."""
        decoding = self._decoding
        if event.event_type == E.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            done = event.activity_task_completed_event_attributes
            name = self._name(done.scheduled_event_id)
            if name == SUBMIT_TO_INSYZ:
                return await tries.ended_well(decoding, self._by_id[done.started_event_id], event)
            if name in {RECORD_OUTCOME, NOTIFY_PORTAL}:
                return await portal.told(decoding, event, name, done.result.payloads)
        elif event.event_type == E.EVENT_TYPE_ACTIVITY_TASK_FAILED:
            failed = event.activity_task_failed_event_attributes
            if self._name(failed.scheduled_event_id) == SUBMIT_TO_INSYZ:
                return await tries.failed(decoding, self._by_id[failed.started_event_id], event)
        elif event.event_type == E.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
            late = event.activity_task_timed_out_event_attributes
            if self._name(late.scheduled_event_id) == SUBMIT_TO_INSYZ:
                return await tries.died(decoding, self._by_id[late.started_event_id], event)
        return []

    def _name(self, scheduled_event_id: int) -> str:
        scheduled = self._by_id[scheduled_event_id].activity_task_scheduled_event_attributes
        return scheduled.activity_type.name


def _timer_of(event: HistoryEvent) -> int:
    if event.event_type == E.EVENT_TYPE_TIMER_FIRED:
        return event.timer_fired_event_attributes.started_event_id
    return event.timer_canceled_event_attributes.started_event_id
