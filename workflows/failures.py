"""How a workflow of ours fails."""

from typing import Any

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory


def failure(error_type: str, message: str, *details: Any) -> ApplicationError:
    """The error that ends a run. Its text begins with the type: the CLI shows only the text.

    Benign for Temporal's metrics and logs: it is the report that failed, not the worker.
    """
    return ApplicationError(
        f"{error_type}: {message}",
        *details,
        type=error_type,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )
