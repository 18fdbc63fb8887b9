"""Reading a report from a file or from stdin."""

import sys
from pathlib import Path
from typing import Any

from insyz.errors import InvalidReportError
from insyz.report import MAX_REPORT_BYTES, parse_json

STDIN = "-"


def read_report(name: str) -> dict[str, Any]:
    """The JSON object in file `name`, `-` for stdin.

    Raises InvalidReportError: unreadable, too large, not JSON (with line and column), no object.
    """
    try:
        return report_in(read_bytes(name))
    except InvalidReportError as error:
        raise InvalidReportError(f"{'stdin' if name == STDIN else name}: {error}") from None


def report_in(text: bytes) -> dict[str, Any]:
    """The JSON object in `text`. Raises InvalidReportError: too large, not JSON, no object."""
    value = parse_json(text)
    if not isinstance(value, dict):
        raise InvalidReportError("expected one JSON object, the report")
    return value


def read_bytes(name: str) -> bytes:
    """What is in file `name`, `-` for stdin, as far as the limit tells that it is too much.

    Raises InvalidReportError when it cannot be read.
    """
    # One byte over the limit is enough to know; an endless stream must not fill the memory.
    if name == STDIN:
        return sys.stdin.buffer.read(MAX_REPORT_BYTES + 1)
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_REPORT_BYTES + 1)
    except (OSError, ValueError) as error:  # the latter for a name that no file can have
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidReportError(f"cannot be read: {why}") from None
