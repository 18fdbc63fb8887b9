"""What a caller, the workflow and the activities agree on: names, shapes and the status object."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from insyz.outcome import Outcome
from insyz.report import Report

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
MEMO_FIRST_RUN = "first_run"
"""Noted on a run that Temporal was asked to start only if it knew no other one of this report."""
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


class _Shape(BaseModel):
    # Built at its first use: a starter needs two or three of them, and is a process of its own.
    model_config = ConfigDict(extra="ignore", defer_build=True)


class Failure(_Shape):
    """Why a submission failed, or what its last try met. `type` is the name of an error class."""

    type: str
    message: str


class Verdict(StrEnum):
    """What a person may decide about a report whose fate is unknown."""

    SUBMITTED = "submitted"
    RESEND = "resend"
    REJECT = "reject"


class Decision(_Shape):
    """Input of the update `resolve`: what, who, why; `receipt` for `submitted`, if there is one."""

    decision: Verdict
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=2_000)
    receipt: str | None = Field(default=None, max_length=200)


class CancelRequest(_Shape):
    """Input of the signal `cancel_submission`: who and why."""

    by: str = Field(min_length=1, max_length=200)
    why: str = Field(default="", max_length=2_000)


class DismissalRequest(_Shape):
    """Input and result of `DismissFailure`: which failed run is done with, who says so and why."""

    workflow_id: str = Field(min_length=1)
    run_id: str = Field(min_length=1)
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=2_000)


class Status(_Shape):
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


class XmlRequest(_Shape):
    """What `generate_xml` is given; `submitted_at` is the moment of submission, with its zone."""

    report: Report
    submitted_at: datetime


class GeneratedXml(_Shape):
    xml: str
    warnings: list[str]


class InsyzRequest(_Shape):
    """What `submit_to_insyz` is given; the fields of `insyz.gateway.Submission`, and how far to go.

    `send` False: only find out whether INSYZ has it. `decided`: a person decided to send it, so a
    look-up that cannot be answered is no reason not to. `first_run`: no earlier run can have sent
    it.
    """

    id_zp: int
    key: str
    xml: str
    uzivatel: str
    send: bool = True
    decided: bool = False
    first_run: bool = False


class Stage(StrEnum):
    """How far a try came: the question whether INSYZ has the report, or its sending."""

    ASK = "ask"
    SEND = "send"


MAX_TRIES = 10
MAX_TRIED_CHARS = 200
"""Bounds of what is kept of tries for people to see."""


class Tried(_Shape):
    """One try and its end, for people to see: nothing else may depend on it.

    `outcome` is taken, found, not there, or the name of an error class.
    """

    attempt: int
    stage: Stage
    outcome: str
    at: datetime
    duration_ms: int
    message: str = Field(default="", max_length=MAX_TRIED_CHARS)


class InsyzResult(_Shape):
    """What `submit_to_insyz` knows in the end.

    `receipt` is None when INSYZ does not have the report and nothing was to be sent; `found` when
    it had it before this try. `attempt` counts the tries of this activity from 1, `tries` tells of
    those that left word.
    """

    receipt: dict[str, Any] | None
    found: bool
    attempt: int
    tries: list[Tried] = []


class FailedTry(_Shape):
    """Details of a failure of `submit_to_insyz`.

    `attempt` is the try, counted from 1; `asked`: a look-up made in time had found nothing before;
    `retry_after` are the seconds before which another try makes no sense; `tries` tells of this one
    and of those before it that left word.
    """

    attempt: int
    stage: Stage
    asked: bool
    retry_after: float | None = None
    tries: list[Tried] = []


class DeliveryTerms(_Shape):
    """What the worker's gateway and settings say about trying again. Durations in seconds.

    `can_repeat`: sending twice does no harm. `can_ask`: there is a look-up; one that finds nothing
    counts `settle_secs` after the last send has ended. Patient retries come `patience_first_secs`
    apart, doubling up to `patience_max_secs`, for `patience_secs` in all.
    """

    can_repeat: bool
    can_ask: bool
    settle_secs: float
    patience_first_secs: float
    patience_max_secs: float
    patience_secs: float


class OutcomeRecord(_Shape):
    """What `record_outcome` and `notify_portal` are given: the end of a submission.

    `user` is the INT_ADR that the portal's history names, `run_id` the run that found out, `at` the
    moment it did.
    """

    status: Status
    user: int | None
    run_id: str
    at: datetime

    def outcome(self) -> Outcome:
        """The same in the words of the report store; of a submission whose report is known."""
        status = self.status
        assert status.id_zp is not None  # noqa: S101 (without one there is nothing to record)
        return Outcome(
            id_zp=status.id_zp,
            state="submitted" if status.state is State.SUBMITTED else "rejected",
            user=self.user,
            submission_key=status.submission_key,
            run_id=self.run_id,
            at=self.at,
            attempt=status.attempt,
            receipt=status.receipt,
            error_type=status.error.type if status.error else None,
            reason=status.error.message if status.error else None,
            decision=status.decision.model_dump(mode="json") if status.decision else None,
            warnings=status.warnings,
        )


class Recorded(_Shape):
    """What `record_outcome` did: a `warning` when the portal's table was left as it is; `webhook`
    when the portal is to be told by one as well; `table` when its table has the outcome."""

    warning: str | None = None
    webhook: bool = False
    table: bool = False
