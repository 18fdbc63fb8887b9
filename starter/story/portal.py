"""How the portal was told, and what its own table says of the report."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent

from starter.story.decoding import Decoding
from starter.story.event import Event, Kind, bounded, of_event
from workflows.activity_contract import Recorded
from workflows.contract import NOTIFY_PORTAL, RECORD_OUTCOME

LOCAL_ACTIVITY = "core_local_activity"
"""The SDK's own name of the marker that a local activity leaves."""


async def local_activity(decoding: Decoding, event: HistoryEvent) -> list[Event]:
    """Of a marker: only `record_outcome` is told of."""
    attributes = event.marker_recorded_event_attributes
    if attributes.marker_name != LOCAL_ACTIVITY:
        return []
    data = await decoding.first(attributes.details["data"].payloads, dict[str, Any]) or {}
    if data.get("activity_type") != RECORD_OUTCOME:
        return []
    if attributes.HasField("failure"):
        error_type, message, _ = await decoding.failure(attributes.failure)
        return [of_event(event, Kind.PORTAL, f"not told: {error_type}: {bounded(message)}")]
    return await told(decoding, event, RECORD_OUTCOME, attributes.details["result"].payloads)


async def told(
    decoding: Decoding, event: HistoryEvent, activity: str, result: Sequence[Payload]
) -> list[Event]:
    """Of an activity that came to its end."""
    if activity == NOTIFY_PORTAL:
        return [of_event(event, Kind.PORTAL, "its webhook was told")]
    recorded = await decoding.first(result, Recorded)
    if recorded is None or not (recorded.table or recorded.warning):
        return []  # it has no table that we know of
    return [of_event(event, Kind.PORTAL, recorded.warning or "its table was told")]


def of_table(history: Iterable[Mapping[str, Any]]) -> list[Event]:
    """The portal's own history entries (domain.md); one without a time stays behind the last."""
    events: list[Event] = []
    for entry in history:
        at = _time(entry.get("timestamp")) or (events[-1].at if events else _LONG_AGO)
        words = f"{entry.get('state') or '?'}: {entry.get('details') or entry.get('action') or ''}"
        user = entry.get("user")
        by = str(user) if user is not None else None
        events.append(Event(at=at, kind=Kind.PORTAL, text=bounded(words), by=by))
    return events


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def _time(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
