"""Validation: whatever is handed over is either a report or refused as one."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, reject
from hypothesis import strategies as st
from pydantic_core import to_json

from insyz.errors import InvalidReportError, Problem
from insyz.report import Report, check_writable, parse_json, submission_key
from starter import submit
from tests.hostile.strategies import anything, json_values, reports
from tests.support import a_report

VALID = a_report()
spoilt = st.builds(
    lambda name, value: VALID | {name: value}, st.sampled_from(sorted(VALID)), anything
)


def parsed(value: Any) -> Report | None:
    """None: it was refused, and it was said why."""
    try:
        return Report.parse(value)
    except InvalidReportError as error:
        refused = error
    assert str(refused)
    assert all(isinstance(problem, Problem) for problem in refused.problems)
    return None


@given(st.one_of(anything, spoilt))
@example({**VALID, "data_b": {"a": {1: 2, "b": 3}}})
@example({**VALID, "data_b": {"a": 10**5_000}})
@example({**VALID, "id_zp": float("nan")})
def test_any_value_is_a_report_or_refused(value: Any) -> None:
    if report := parsed(value):
        json.dumps(report.model_dump(mode="python"), allow_nan=False)
        assert submission_key(report).startswith(f"zp-{report.id_zp}-")


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60)))
@example(b'{"a": "\\ud800"}')
@example(b"\xff\xfe{\x00}\x00")
@example(b'{"a": 1e999}')
@example("[" * 3_000)
def test_any_bytes_are_json_or_refused(data: bytes | str) -> None:
    with suppress(InvalidReportError):
        parsed(parse_json(data))


@given(json_values)
def test_json_texts_are_read_as_they_were_written(value: Any) -> None:
    text = json.dumps(value)
    try:
        read = parse_json(text)
    except InvalidReportError:
        assert "\\ud" in text
    else:
        assert read == json.loads(text)


@given(reports)
def test_the_report_that_temporal_keeps_is_the_one_that_was_checked(
    report: dict[str, Any],
) -> None:
    """What a worker reads from a history has the same submission key."""
    first = parsed(report)
    try:
        check_writable(report)
    except InvalidReportError:
        reject()
    if first:
        again = Report.parse(parse_json(to_json(report)))
        assert submission_key(again) == submission_key(first)
        assert (again.data_b, again.owner) == (first.data_b, first.owner)


async def test_half_a_character_is_refused_before_anything_is_started() -> None:
    """Python reads it from the JSON of a database; nothing can write it."""
    with pytest.raises(InvalidReportError, match="surrogate"):
        await submit(a_report(data_b={"Koment": "p\u016fl \ud83d"}))
