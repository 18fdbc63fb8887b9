"""A report's history: what this project writes into it, and how it knows its own entries again."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from insyz.outcome import Outcome
from insyz.report import Report
from insyz.resend import Resend
from insyz.store_errors import StoreMisconfiguredError

DISPATCHED = "dispatch_to_insyz"
SUBMITTED = "insyz_submitted"
FAILED = "insyz_error"

Entry = dict[str, Any]
"""`{"timestamp", "action", "user", "state", "details", "data"}` (domain.md, "Life of a report")."""


def entries_of(history: Any, id_zp: int) -> list[Any]:
    """The entries in the column `history`; PHP writes a list with gaps as an object.

    Raises StoreMisconfiguredError for anything else: what is not understood is not overwritten.
    """
    if isinstance(history, dict):
        return list(history.values())
    if history is not None and not isinstance(history, list):
        raise StoreMisconfiguredError(f"the history of report {id_zp} is no list: left as it is")
    return history or []


def dispatch_entry(
    at: datetime, report: Report, submission_key: str, again: Resend | None
) -> Entry:
    """`again`: who decided it, where it is sent once more."""
    data: dict[str, Any] = {"submission_key": submission_key}
    if report.resend:
        data["resend"] = report.resend
    if again:
        data |= again.model_dump()
    details = "Hlášení předáno k odeslání do INSYZ"
    return _entry(at, DISPATCHED, report.submitter, "send", details, data)


def outcome_entry(outcome: Outcome) -> Entry:
    """`data` has what is known of: submission_key, run_id, attempt, receipt, error, …"""
    error = {"type": outcome.error_type, "message": outcome.reason} if outcome.error_type else None
    data = {
        "submission_key": outcome.submission_key,
        "run_id": outcome.run_id,
        "attempt": outcome.attempt,
        "receipt": outcome.receipt,
        "error": error,
        "decision": outcome.decision,
        "warnings": outcome.warnings or None,
    }
    known = {name: value for name, value in data.items() if value is not None}
    if outcome.state == "submitted":
        action, details = SUBMITTED, "Hlášení úspěšně přijato systémem INSYZ"
    else:
        reason = outcome.reason or outcome.error_type or "důvod není znám"
        action, details = FAILED, f"Chyba při odesílání do INSYZ: {reason}"
    return _entry(outcome.at, action, outcome.user, outcome.state, details, known)


def has_outcome(entries: Sequence[Any], outcome: Outcome) -> bool:
    """Whether the run has told its outcome already, whatever happened to the report since."""
    return any(
        _action(entry) in {SUBMITTED, FAILED}
        and data_of(entry).get("run_id") == outcome.run_id
        and data_of(entry).get("submission_key") == outcome.submission_key
        for entry in entries
    )


def is_dispatched(entries: Sequence[Any], submission_key: str) -> bool:
    """Whether the last thing that happened is the dispatch of the same content."""
    return (
        bool(entries)
        and _action(entries[-1]) == DISPATCHED
        and data_of(entries[-1]).get("submission_key") == submission_key
    )


def last_dispatch(entries: Sequence[Any]) -> Mapping[str, Any]:
    """The newest dispatch; empty when there is none, as after a portal that marks by itself."""
    return next((entry for entry in reversed(entries) if _action(entry) == DISPATCHED), {})


def data_of(entry: Any) -> Mapping[str, Any]:
    """`data` of an entry that the portal may have written: anything can be there."""
    data = entry.get("data") if isinstance(entry, dict) else None
    return data if isinstance(data, dict) else {}


def _action(entry: Any) -> Any:
    return entry.get("action") if isinstance(entry, dict) else None


def _entry(
    at: datetime, action: str, user: int | None, state: str, details: str, data: dict[str, Any]
) -> Entry:
    return {
        "timestamp": at.astimezone(UTC).isoformat(timespec="seconds"),
        "action": action,
        "user": user,
        "state": state,
        "details": details,
        "data": data,
    }
