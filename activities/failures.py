"""The one place where domain errors become Temporal's."""

from datetime import timedelta

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from insyz.errors import InsyzError, InsyzUnavailable, OutcomeUnknownError
from workflows.activity_contract import FailedTry, Stage, Tried

LONG_WAIT_SECS = 10.0
"""A longer `Retry-After` is the workflow's to wait out: there it can be seen and cut short."""


def application_error(error: InsyzError, *details: object) -> ApplicationError:
    """`error` as the workflow and Temporal's retry policy see it.

    Only "nothing was sent" may be repeated by the retry policy. The permanent ones are named in
    the policy; an unknown outcome is marked here, because what to do about it is the workflow's
    decision.
    """
    wait = retry_after(error)
    repeatable = isinstance(error, InsyzUnavailable) and (wait is None or wait <= LONG_WAIT_SECS)
    return ApplicationError(
        str(error),
        *details,
        type=type(error).__name__,
        non_retryable=not repeatable,
        next_retry_delay=timedelta(seconds=wait) if repeatable and wait is not None else None,
        category=ApplicationErrorCategory.BENIGN,
    )


def failed_try(
    error: InsyzError, *, attempt: int, stage: Stage, asked: bool, tries: list[Tried]
) -> FailedTry:
    """What the workflow needs to know of a failed try besides the error itself."""
    return FailedTry(
        attempt=attempt, stage=stage, asked=asked, retry_after=retry_after(error), tries=tries
    )


def retry_after(error: InsyzError) -> float | None:
    """Seconds that INSYZ asked to wait."""
    return error.retry_after if isinstance(error, InsyzUnavailable | OutcomeUnknownError) else None
