"""What callers, the workflow and the activities agree on: names, and what callers see."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

TASK_QUEUE = "insyz"
SUBMIT_REPORT = "SubmitReport"
DISMISS_FAILURE = "DismissFailure"
STATUS_QUERY = "status"

RESOLVE_UPDATE = "resolve"
RETRY_SIGNAL = "retry"
CANCEL_SIGNAL = "cancel_submission"

GENERATE_XML = "generate_xml"
SUBMIT_TO_INSYZ = "submit_to_insyz"
DELIVERY_TERMS = "delivery_terms"
RECORD_OUTCOME = "record_outcome"
NOTIFY_PORTAL = "notify_portal"

WORKFLOW_ID_PREFIX = "submit-report-"

MEMO_KEY = "submission_key"
MEMO_RESEND = "resend"
"""What a starter notes on a run, so that others can tell what it sends."""
MEMO_RESEND_DECISION = "resend_decision"
"""Who wanted it sent once more, and why (insyz.resend.Resend)."""
MEMO_FIRST_RUN = "first_run"
"""Noted on a run that Temporal was asked to start only if it knew no other one of this report."""
MEMO_PREVIOUS_RUN = "previous_run"
"""Noted on any other: the id of the run that was over when it was asked for."""
MEMO_DISMISSAL = "dismissal"
"""Where a dismissal can be read without a worker."""


def workflow_id(id_zp: int) -> str:
    """One id for all runs of a report: at most one of them is open at a time."""
    return f"{WORKFLOW_ID_PREFIX}{id_zp}"


def dismissal_id(workflow_id: str, run_id: str) -> str:
    """One id for each failed run: what fails anew is not dismissed."""
    return f"dismiss-{workflow_id}-{run_id}"


class State(StrEnum):
    """The portal's states of a report (`reports.state`).

    A submission begins in `send` and ends in `submitted` or `rejected`; the other two are only ever
    shown, for a report that no submission is known of.
    """

    DRAFT = "draft"
    SEND = "send"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    APPROVED = "approved"


class Phase(StrEnum):
    """Where a submission is; finer than `State`."""

    PREPARING = "preparing"
    SENDING = "sending"
    SETTLING = "settling"
    """A request got no verdict: INSYZ will be asked once it can no longer be at it."""
    WAITING = "waiting"
    """INSYZ cannot be reached: the next try comes at `next_try`, or at once on request."""
    NEEDS_DECISION = "needs_decision"
    """Nobody but a person can find out whether INSYZ has the report."""
    RECORDING = "recording"
    """INSYZ's verdict is known; the portal is being told."""
    TAKEN = "taken"
    FOUND = "found"
    """INSYZ had the report already, from a try whose answer was lost."""
    FAILED = "failed"
    STOPPED = "stopped"
    """The workflow was terminated from outside: what became of the report is not recorded."""
    UNTRACKED = "untracked"
    """No workflow is known (none yet, or its retention is over): the portal's table speaks."""


class Shape(BaseModel):
    # Built at its first use: a starter needs two or three of them, and is a process of its own.
    model_config = ConfigDict(extra="ignore", defer_build=True)


class Failure(Shape):
    """Why a submission failed, or what its last try met. `type` is the name of an error class."""

    type: str
    message: str


class Verdict(StrEnum):
    """What a person may decide about a report whose fate is unknown."""

    SUBMITTED = "submitted"
    RESEND = "resend"
    REJECT = "reject"


class Decision(Shape):
    """Input of the update `resolve`: what, who, why; `receipt` for `submitted`, if there is one."""

    decision: Verdict
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=2_000)
    receipt: str | None = Field(default=None, max_length=200)


class CancelRequest(Shape):
    """Input of the signal `cancel_submission`: who and why."""

    by: str = Field(min_length=1, max_length=200)
    why: str = Field(default="", max_length=2_000)


class DismissalRequest(Shape):
    """Input and result of `DismissFailure`: which failed run is done with, who says so and why."""

    workflow_id: str = Field(min_length=1)
    run_id: str = Field(min_length=1)
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=2_000)


class Status(Shape):
    """The portal's view of a submission: what the query `status` returns, and the result.

    `attempt` counts the tries, `receipt` is what INSYZ said of a report that it has, `error` why
    it failed or what the last try met, `message` a Czech sentence for the portal's user,
    `next_try` the time of the next try in phase `waiting`, `decision` what a person decided.
    """

    id_zp: int | None = None
    cislo_zp: str | None = None
    state: State = State.SEND
    phase: Phase = Phase.PREPARING
    attempt: int = 0
    submission_key: str | None = None
    receipt: dict[str, Any] | None = None
    error: Failure | None = None
    warnings: list[str] = []
    message: str = ""
    next_try: datetime | None = None
    decision: Decision | None = None
