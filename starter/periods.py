"""Periods and times as people write and read them."""

import re
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,5})([mhdw])")


def since(text: str, *, now: datetime | None = None) -> datetime:
    """When a period began: `30m`, `24h`, `7d`, `2w` ago, or at a date or time (ISO 8601).

    In UTC; what has no zone is local time. Raises ArgumentTypeError, so that it may be the `type`
    of an argument.
    """
    now = now or datetime.now(UTC)
    if ago := _AGO.fullmatch(text.strip().lower()):
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(
            f"{text!r} is no period: 30m, 24h, 7d, 2w, or a date such as 2026-06-20"
        ) from None


def moment(at: datetime | None) -> str:
    """Local time with its date; empty when there is none."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else ""
