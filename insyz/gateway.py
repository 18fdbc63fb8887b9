"""The way to INSYZ, whatever carries it: what is sent, what comes back, what may go wrong."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Delivery(StrEnum):
    """What a gateway can do against doubling (insyz-gateway, "Three kinds of gateway exist")."""

    IDEMPOTENT = "idempotent"
    """It deduplicates by key: sending again is safe."""
    LOOKUP = "lookup"
    """It can be asked what it took under a key."""
    BLIND = "blind"
    """Neither: what became of an unanswered request only a person can find out."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One report on its way to INSYZ.

    `key` is what INSYZ (or its gateway) can be asked by afterwards, `uzivatel` the INT_ADR in
    whose name the report is booked, as text.
    """

    key: str
    xml: str
    uzivatel: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """INSYZ has the report. `data` is what it said of it, of a bounded size."""

    data: dict[str, Any]


class Gateway(Protocol):
    """INSYZ as the pipeline sees it (insyz-gateway), and what it says of itself."""

    @property
    def delivery(self) -> Delivery:
        """Which kind of gateway it is."""
        ...

    @property
    def settle_secs(self) -> float:
        """A look-up that finds nothing is believed this long after the last send has ended."""
        ...

    async def submit(self, submission: Submission) -> Receipt:
        """Sends once, without any retry of its own.

        Raises InsyzUnavailable, AuthenticationError, InvalidReportError (not taken) or
        OutcomeUnknownError (may have been taken).
        """
        ...

    async def find(self, key: str) -> Receipt | None:
        """What INSYZ took under `key`; None says that it has nothing.

        Raises InsyzUnavailable or AuthenticationError when the question was not answered, and
        OutcomeUnknownError when this gateway cannot answer it at all.
        """
        ...

    async def health(self) -> None:
        """Returns when INSYZ is there. Raises InsyzUnavailable or AuthenticationError."""
        ...
