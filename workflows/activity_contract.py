"""What the workflow and its activities hand to each other; callers never see it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from insyz.outcome import Outcome
from insyz.report import Report
from workflows.contract import Shape, State, Status


class XmlRequest(Shape):
    """What `generate_xml` is given; `submitted_at` is the moment of submission, with its zone."""

    report: Report
    submitted_at: datetime


class GeneratedXml(Shape):
    xml: str
    warnings: list[str]


class InsyzRequest(Shape):
    """What `submit_to_insyz` is given; the fields of `insyz.gateway.Submission`, and how far to go.

    `send` False: only find out whether INSYZ has it. `decided`: a person decided to send it, so a
    look-up that cannot be answered is no reason not to. `first_run`: no earlier run can have sent
    it. `previous_run`: the id of one that may have, where one is known.
    """

    id_zp: int
    key: str
    xml: str
    uzivatel: str
    send: bool = True
    decided: bool = False
    first_run: bool = False
    previous_run: str | None = None


class Stage(StrEnum):
    """How far a try came: the question whether INSYZ has the report, or its sending."""

    ASK = "ask"
    SEND = "send"


MAX_TRIES = 10
MAX_TRIED_CHARS = 200
"""Bounds of what is kept of tries for people to see."""


class Tried(Shape):
    """One try and its end, for people to see: nothing else may depend on it.

    `outcome` is taken, found, not there, or the name of an error class.
    """

    attempt: int
    stage: Stage
    outcome: str
    at: datetime
    duration_ms: int
    message: str = Field(default="", max_length=MAX_TRIED_CHARS)


class InsyzResult(Shape):
    """What `submit_to_insyz` knows in the end.

    `receipt` is None when INSYZ does not have the report and nothing was to be sent; `found` when
    it had it before this try. `attempt` counts the tries of this activity from 1, `tries` tells of
    those that left word.
    """

    receipt: dict[str, Any] | None
    found: bool
    attempt: int
    tries: list[Tried] = Field(default_factory=list)


class FailedTry(Shape):
    """Details of a failure of `submit_to_insyz`.

    `attempt` is the try, counted from 1; `asked`: a look-up made in time had found nothing before;
    `retry_after` are the seconds before which another try makes no sense; `tries` tells of this one
    and of those before it that left word.
    """

    attempt: int
    stage: Stage
    asked: bool
    retry_after: float | None = None
    tries: list[Tried] = Field(default_factory=list)


class DeliveryTerms(Shape):
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


class OutcomeRecord(Shape):
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


class Recorded(Shape):
    """What `record_outcome` did: a `warning` when the portal's table was left as it is; `webhook`
    when the portal is to be told by one as well; `table` when its table has the outcome."""

    warning: str | None = None
    webhook: bool = False
    table: bool = False
