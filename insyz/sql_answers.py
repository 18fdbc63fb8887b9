"""What a SQL Server's error means: the phase first, the number second, the text never.

The text follows the language of the login. A number is the server's definite word; all else that
goes wrong (a time-out, a reset, a torn reply) says nothing, and means what the phase allows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from insyz.answers import one_line
from insyz.errors import (
    AuthenticationError,
    InsyzError,
    InsyzUnavailable,
    InvalidReportError,
    OutcomeUnknownError,
)

CANCELS_CONNECTION = 20
"""From this severity on the server ends the connection, and what came of the work is open."""
OUT_OF_RESOURCES = 17
"""From this severity on it is the server that is unwell, not the request."""
FIRST_OF_ERRORS = 11
"""Below this severity a message is no error."""

Meaning = type[InsyzUnavailable | AuthenticationError | InvalidReportError | OutcomeUnknownError]

MEANINGS: Mapping[int, Meaning] = {
    number: meaning
    for meaning, numbers in {
        InsyzUnavailable: (
            *(1205, 1222, 3960, 3961),  # victim of a deadlock, lock time-out, snapshot conflicts
            *(41301, 41302, 41305, 41325),  # the same of memory-optimised tables
            *(701, 802, 8645, 8651),  # no memory
            *(1105, 9002, 3906),  # disk or log full, database read-only
            *(921, 922, 924, 927, 976, 978, 983),  # recovering, single user, not the primary
            *(6005, 17142, 18401, 18461),  # shutting down, paused, starting, maintenance
            *(40197, 40501, 40613, 10928, 10929, 49918, 49919, 49920),  # busy, as Azure says it
            *(208, 201, 2812, 8144, 8145, 8146),  # procedures missing, or not those of this release
            51000,  # ledger: called within a transaction
            51001,  # ledger: a try under the same key is at work
            51002,  # ledger: a later round was opened, which ended this one
        ),
        AuthenticationError: (
            *(18456, 18452, 18470, 18486, 18487, 18488),  # login, password, account
            *(4060, 4064, 916),  # database
            *(229, 230, 297, 300),  # rights
        ),
        InvalidReportError: (
            6355,  # a character that the target collation lacks
            *range(9400, 9500),  # not well-formed XML, or in another encoding than it says
            *(547, 515, 2601, 2627),  # constraints
            *(220, 241, 242, 245, 248, 2628, 8114, 8115, 8152),  # conversions, truncation
            51006,  # the procedure returned a code other than 0: rolled back
            51005,  # the procedure left a transaction that cannot be committed: rolled back
        ),
        OutcomeUnknownError: (
            *(266, 3902, 3903, 3998),  # the transaction is not where it was left
            51004,  # the procedure ended our transaction: what it wrote may stand
        ),
    }.items()
    for number in numbers
}
"""What a number means when nothing else was said. insyz-gateway has the classes."""

CONSEQUENCES = frozenset({266, 3998})
"""They follow an error that says why. Whether anything was written, the statements of
`insyz.sql_execute_only` and of deploy/sqlserver look for themselves (51004)."""


class Phase(Enum):
    """How far a request may have gone, whatever it met."""

    ASKING = auto()
    """Nothing of the report was handed over, or the request changes nothing."""
    UNDOABLE = auto()
    """Handed over, in a transaction that only a later request of ours commits."""
    DECISIVE = auto()
    """This request writes and commits."""
    COMMITTING = auto()
    """This request commits what was written before."""


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """An error as the server words it; `severity` from 11 to 25."""

    number: int
    severity: int
    text: str

    def __str__(self) -> str:
        return f"SQL Server error {self.number}: {one_line(self.text)}"


class ServerError(Exception):
    """The server said no; all that it said, in order, at least one message."""

    def __init__(self, messages: Sequence[ServerMessage]) -> None:
        self.messages = tuple(messages)
        super().__init__("; ".join(map(str, self.messages)))

    @property
    def ended_the_connection(self) -> bool:
        return any(message.severity >= CANCELS_CONNECTION for message in self.messages)


class BrokenError(Exception):
    """The connection failed or what came over it was no answer; the text says how."""


class TlsError(BrokenError):
    """The connection cannot be made safe, or the server is not who it should be."""


def failure(error: ServerError | BrokenError, phase: Phase) -> InsyzError:
    """What `error`, met in `phase`, leaves known."""
    if isinstance(error, TlsError):
        return AuthenticationError(str(error))
    if isinstance(error, BrokenError) or error.ended_the_connection:
        return _without_a_word(error, phase)
    meaning = _meaning(error.messages)
    if phase is Phase.ASKING and meaning is not AuthenticationError:
        meaning = InsyzUnavailable
    if phase is Phase.COMMITTING and meaning is not InsyzUnavailable:
        meaning = OutcomeUnknownError
    return meaning(str(error))


def _without_a_word(error: Exception, phase: Phase) -> InsyzError:
    if phase in {Phase.DECISIVE, Phase.COMMITTING}:
        return OutcomeUnknownError(f"{error} after the request was sent")
    if phase is Phase.UNDOABLE:
        return InsyzUnavailable(f"{error} before anything was committed")
    return InsyzUnavailable(str(error))


def _meaning(messages: Sequence[ServerMessage]) -> Meaning:
    """Of several messages doubt counts first, then what a retry or a person mends elsewhere."""
    causes = [message for message in messages if message.number not in CONSEQUENCES]
    meanings = {_of_one(message) for message in causes or messages}
    doubt_first = (OutcomeUnknownError, InsyzUnavailable, AuthenticationError)
    return next((kind for kind in doubt_first if kind in meanings), InvalidReportError)


def _of_one(message: ServerMessage) -> Meaning:
    known = MEANINGS.get(message.number)
    if known is not None:
        return known
    return InsyzUnavailable if message.severity >= OUT_OF_RESOURCES else InvalidReportError
