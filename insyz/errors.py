"""What can go wrong with a submission, named for what is known afterwards.

InsyzError
├── InsyzUnavailable       nothing was sent: trying again is safe
├── AuthenticationError    INSYZ refused the credentials: a person must mend them
├── InvalidReportError     the report cannot be taken: a person must mend it
└── OutcomeUnknownError    something was sent and no verdict came: ask before trying again

The classes are final: Temporal compares the names of error types as exact strings, so a subclass
would slip through the retry policy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a report: where (`data_b.Stavy_Tim`) and what."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class InsyzError(Exception):
    """Base of the family; never raised itself."""


@final
class InsyzUnavailable(InsyzError):  # noqa: N818 (named for what is known)
    """INSYZ cannot be reached or asks for patience; the report was not sent.

    `retry_after`: seconds that INSYZ asked to wait, if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@final
class AuthenticationError(InsyzError):
    """INSYZ refused the credentials; the report was not taken."""


@final
class InvalidReportError(InsyzError):
    """The report cannot be submitted as it is; it was not taken.

    `problems` names every wrong field where they are known; the text names the first
    `MAX_NAMED` of them, in `MAX_CHARS` at most: it is kept in histories and tables.
    """

    MAX_NAMED = 50
    MAX_CHARS = 20_000

    def __init__(self, message: str = "", *, problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        words = message or self._named()
        super().__init__(words if len(words) <= self.MAX_CHARS else f"{words[: self.MAX_CHARS]}…")

    def _named(self) -> str:
        named = "; ".join(str(problem) for problem in self.problems[: self.MAX_NAMED])
        more = len(self.problems) - self.MAX_NAMED
        return f"{named}; and {more} more" if more > 0 else named


@final
class OutcomeUnknownError(InsyzError):
    """The report was sent, wholly or in part, and whether INSYZ took it is not known.

    `retry_after`: seconds that INSYZ asked to wait, if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


PERMANENT_ERRORS: tuple[type[InsyzError], ...] = (AuthenticationError, InvalidReportError)
"""The failures that no retry mends (insyz-gateway: "no retry")."""
