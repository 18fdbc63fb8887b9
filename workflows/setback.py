"""What a failed try means."""

from dataclasses import dataclass
from typing import Self

from temporalio.exceptions import ActivityError, ApplicationError

from insyz.errors import PERMANENT_ERRORS, OutcomeUnknownError
from workflows.activity_contract import FailedTry, Stage
from workflows.contract import Failure

PERMANENT = frozenset(error.__name__ for error in PERMANENT_ERRORS)


@dataclass(frozen=True, slots=True)
class Setback:
    """A try that did not end with a receipt; the fields are those of contract.FailedTry,
    but for what only people read."""

    failure: Failure
    attempt: int
    stage: Stage
    asked: bool = False
    retry_after: float | None = None

    @classmethod
    def behind(cls, error: ActivityError) -> Self:
        """The setback behind a failed `submit_to_insyz`."""
        cause = error.cause
        if isinstance(cause, ApplicationError) and cause.details:
            tried = FailedTry.model_validate(cause.details[0])
            failure = Failure(type=cause.type or "", message=cause.message)
            return cls(failure, **tried.model_dump(exclude={"tries"}))
        # A try that nobody reported back, its worker died or froze; or a bug of ours. Either may
        # have happened in the middle of sending.
        failure = Failure(
            type=OutcomeUnknownError.__name__, message=f"the try ended without a report: {cause}"
        )
        return cls(failure, attempt=1, stage=Stage.SEND)

    @property
    def permanent(self) -> bool:
        """A person must act before another try makes sense."""
        return self.failure.type in PERMANENT

    @property
    def unknown(self) -> bool:
        """INSYZ may have the report."""
        return self.failure.type == OutcomeUnknownError.__name__

    @property
    def unanswerable(self) -> bool:
        """The look-up was not merely unanswered: asking again will not help."""
        return self.stage is Stage.ASK and (
            self.permanent or (self.unknown and self.retry_after is None)
        )

    def doubt_after(self, doubt: bool) -> bool:
        """Whether a request of ours may still have been taken, given whether one might before."""
        return self.unknown or (doubt and not self.asked)
