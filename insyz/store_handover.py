"""From rows of the portal's tables to the JSON object that domain.md calls "handed over"."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy import Row

from insyz.errors import InvalidReportError, Problem
from insyz.report import Report

PARTS = ("znackari", "data_a", "data_b", "calculation")
_EMPTY: dict[str, Any] = {"znackari": []}


def parts_of(row: Row[Any]) -> dict[str, Any]:
    """The report's own JSON; NULL and PHP's `[]` stand for an empty object."""
    return {name: getattr(row, name) or _EMPTY.get(name, {}) for name in PARTS}


def wire_attachments(
    rows: Iterable[Row[Any]], portal_base_url: str | None
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The attachments as INSYZ gets them, and why some have no address it could fetch them from."""
    attachments = []
    problems = []
    for row in rows:
        url = _address(row, portal_base_url)
        if url is None:
            problems.append(Problem("attachments", _without_address(row)))
            continue
        attachments.append(
            {
                "id": row.id,
                "fileName": row.original_name,
                "fileType": row.mime_type,
                "fileSize": row.size,
                "url": url,
            }
        )
    return attachments, problems


def parse(given: dict[str, Any], problems: list[Problem]) -> Report:
    """The report in `given`; `problems` say more of the attachments that it does not resolve.

    Raises InvalidReportError.
    """
    try:
        return Report.parse(given)
    except InvalidReportError as invalid:
        if not problems:
            raise
        raise InvalidReportError(problems=[*invalid.problems, *problems]) from None


def _address(row: Row[Any], portal_base_url: str | None) -> str | None:
    """`public_url` as it is, or else `path`: a name in a file system, which URLs spell otherwise.

    Either is put after `portal_base_url` when it is relative: INSYZ fetches from outside.
    """
    address: str = row.public_url or quote(row.path or "")
    if urlsplit(address).scheme in {"http", "https"}:
        return address
    if not address or portal_base_url is None:
        return None
    return f"{portal_base_url.rstrip('/')}/{address.lstrip('/')}"


def _without_address(row: Row[Any]) -> str:
    if row.public_url or row.path:
        return f"{row.id} has no absolute address: set PORTAL_BASE_URL"
    return f"{row.id} has neither public_url nor path in file_attachments"
