"""One thing that happened to a report."""

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from temporalio.api.history.v1 import HistoryEvent

from workflows.activity_contract import MAX_TRIED_CHARS, Stage, Tried

AT_STAGE = {Stage.ASK: "asking INSYZ", Stage.SEND: "sending"}


class Kind(StrEnum):
    """What kind of thing it is."""

    STARTED = "started"
    TRY = "try"
    WAIT = "wait"
    ASKED = "asked"
    """A person asked to try at once, or to stop."""
    DECISION = "decision"
    PORTAL = "portal"
    TROUBLE = "trouble"
    RESET = "reset"
    ENDED = "ended"


class Event(BaseModel):
    """`run` counts the runs of the report from 1 (None: not of a run). `by` is who did it: a name,
    an INT_ADR, or Temporal's identity of a process. The rest is known of tries only; `attempt`
    counts those of a run from 1, and `outcome` is None while the try is not over.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    kind: Kind
    text: str
    run: int | None = None
    by: str | None = None
    why: str | None = None
    attempt: int | None = None
    stage: Stage | None = None
    outcome: str | None = None
    duration_ms: int | None = None


def of_try(tried: Tried) -> Event:
    """A try that ended."""
    words = f"{tried.outcome} after {tried.duration_ms} ms"
    place = "" if tried.outcome in {"taken", "found"} else f" of {AT_STAGE[tried.stage]}"
    return Event(
        at=tried.at,
        kind=Kind.TRY,
        text=f"{words}{place}" + (f": {bounded(tried.message)}" if tried.message else ""),
        attempt=tried.attempt,
        stage=tried.stage,
        outcome=tried.outcome,
        duration_ms=tried.duration_ms,
    )


def of_event(event: HistoryEvent, kind: Kind, text: str, *, by: str = "", why: str = "") -> Event:
    """Something that Temporal recorded."""
    return Event(at=time_of(event), kind=kind, text=text, by=by or None, why=why or None)


def time_of(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime(tzinfo=UTC)


def bounded(text: str) -> str:
    """One line of a length that a table bears."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_TRIED_CHARS else f"{line[: MAX_TRIED_CHARS - 1]}…"
