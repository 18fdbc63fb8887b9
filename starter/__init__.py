"""Everything a caller runs: the `insyz` command, and the same as a small Python API.

from starter import connect, submit, status

client = await connect()
started = await submit(report, client=client)
now = await status(report["id_zp"], client=client)
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from insyz.resend import Resend
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
    "Resend",
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

ROOMS = ("connection", "interventions", "statuses", "submission")


def __getattr__(name: str) -> object:
    """Loaded when it is asked for: the command's processes are short, and need little of it."""
    if name in __all__:
        for room in ROOMS:
            module = import_module(f"starter.{room}")
            if name in vars(module):
                return vars(module)[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
