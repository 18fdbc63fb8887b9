"""Periods as people write them."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

import pytest

from starter.periods import since

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        (" 2W ", timedelta(weeks=2)),
    ],
)
def test_so_long_ago(text: str, ago: timedelta) -> None:
    assert since(text, now=NOW) == NOW - ago


def test_a_date_is_its_local_midnight_and_a_zone_is_honoured() -> None:
    assert since("2026-06-19") == datetime(2026, 6, 19).astimezone(UTC)
    assert since("2026-06-19T10:00:00+02:00") == datetime(2026, 6, 19, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "7", "d", "-1d", "7 years", "yesterday", "2026-13-01", "0001-01-01"]
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="24h, 7d"):
        since(text)
