"""What a caller, the workflow and the activities agree on: names, shapes and the status object."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from insyz.report import Report

TASK_QUEUE = "insyz"
SUBMIT_REPORT = "SubmitReport"
STATUS_QUERY = "status"

GENERATE_XML = "generate_xml"
SUBMIT_TO_INSYZ = "submit_to_insyz"

WORKFLOW_ID_PREFIX = "submit-report-"


def workflow_id(id_zp: int) -> str:
    """One id for all runs of a report: at most one of them is open at a time."""
    return f"{WORKFLOW_ID_PREFIX}{id_zp}"


class State(StrEnum):
    """The portal's states of a report that this project deals with (`reports.state`)."""

    SEND = "send"
    SUBMITTED = "submitted"
    REJECTED = "rejected"


class Phase(StrEnum):
    """Where a submission is; finer than `State`."""

    PREPARING = "preparing"
    SENDING = "sending"
    TAKEN = "taken"
    FAILED = "failed"
    STOPPED = "stopped"
    """The workflow was terminated from outside: what became of the report is not recorded."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Failure(_Shape):
    """Why a submission failed, or what its last try met. `type` is the name of an error class."""

    type: str
    message: str


class Status(_Shape):
    """The portal's view of a submission: what the query `status` returns, and the result.

    `attempt` counts the tries to send, `receipt` is what INSYZ said of a report that it has,
    `message` a Czech sentence for the portal's user.
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


class XmlRequest(_Shape):
    """What `generate_xml` is given; `submitted_at` is the moment of submission, with its zone."""

    report: Report
    submitted_at: datetime


class GeneratedXml(_Shape):
    xml: str
    warnings: list[str]


class InsyzRequest(_Shape):
    """What `submit_to_insyz` is given; the fields of `insyz.gateway.Submission`."""

    id_zp: int
    key: str
    xml: str
    uzivatel: str


class InsyzResult(_Shape):
    """INSYZ has the report; `attempt` is the try that found out, counted from 1."""

    receipt: dict[str, Any]
    attempt: int


class FailedTry(_Shape):
    """Details of a failure of `submit_to_insyz`: which try it was."""

    attempt: int
