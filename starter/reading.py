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
        value = parse_json(_read(name))
    except InvalidReportError as error:
        raise InvalidReportError(f"{'stdin' if name == STDIN else name}: {error}") from None
    if not isinstance(value, dict):
        raise InvalidReportError(f"{name}: expected one JSON object, the report")
    return value


def _read(name: str) -> bytes:
    # One byte over the limit is enough to know; an endless stream must not fill the memory.
    if name == STDIN:
        return sys.stdin.buffer.read(MAX_REPORT_BYTES + 1)
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_REPORT_BYTES + 1)
    except OSError as error:
        raise InvalidReportError(f"cannot be read: {error.strerror}") from None
