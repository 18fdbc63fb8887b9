"""The one place where domain errors become Temporal's."""

from datetime import timedelta

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from insyz.errors import InsyzError, InsyzUnavailable
from workflows.contract import FailedTry


def application_error(error: InsyzError, *, attempt: int) -> ApplicationError:
    """`error` as the workflow and Temporal's retry policy see it.

    Only "nothing was sent" may be repeated by the retry policy. The permanent ones are named in
    the policy; an unknown outcome is marked here, because what to do about it is the workflow's
    decision.
    """
    unavailable = isinstance(error, InsyzUnavailable)
    retry_after = error.retry_after if isinstance(error, InsyzUnavailable) else None
    return ApplicationError(
        str(error),
        FailedTry(attempt=attempt),
        type=type(error).__name__,
        non_retryable=not unavailable,
        next_retry_delay=None if retry_after is None else timedelta(seconds=retry_after),
        category=ApplicationErrorCategory.BENIGN,
    )
