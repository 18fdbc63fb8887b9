"""What became of a report, as the portal is told."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a submission.

    `user` is the INT_ADR that the portal's history names, `run_id` the run that found out: with the
    submission key it makes the entry recognisable. `at` is fixed by the caller, so that a
    repetition writes the same.
    """

    id_zp: int
    state: Literal["submitted", "rejected"]
    user: int | None
    submission_key: str | None
    run_id: str
    at: datetime
    attempt: int = 0
    receipt: dict[str, Any] | None = None
    error_type: str | None = None
    reason: str | None = None
    decision: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)
