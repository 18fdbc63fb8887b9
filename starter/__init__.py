"""Everything a caller runs: the `insyz` command, and the same as a small Python API.

from starter import connect, submit, status

client = await connect()
started = await submit(report, client=client)
now = await status(report["id_zp"], client=client)
"""

from starter.connection import TemporalUnreachableError, connect
from starter.interventions import (
    NothingToDecideError,
    NotOpenError,
    NoWorkerError,
    cancel,
    resolve,
    retry,
)
from starter.statuses import UnknownReportError, status
from starter.submission import (
    AlreadySubmittedError,
    OtherContentError,
    Started,
    submit,
    wait_for_result,
)

__all__ = [
    "AlreadySubmittedError",
    "NoWorkerError",
    "NotOpenError",
    "NothingToDecideError",
    "OtherContentError",
    "Started",
    "TemporalUnreachableError",
    "UnknownReportError",
    "cancel",
    "connect",
    "resolve",
    "retry",
    "status",
    "submit",
    "wait_for_result",
]
