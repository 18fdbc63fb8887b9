"""Small inputs that ask for much: each is refused, or written, at once and in little memory."""

import json
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from insyz.document import build_xml
from insyz.errors import InvalidReportError
from insyz.report import MAX_REPORT_BYTES, Report, parse_json, submission_key
from insyz.text import to_windows_1250
from starter.connection import _in_plain_words
from tests.support import a_report

SECONDS = 4.0
"""Measured: 0.5 s for the slowest. A generous bound, because the machine has other work too."""
MEGABYTES = 100
NOW = datetime(2026, 7, 5, 10, tzinfo=UTC)


def as_json(**changes: Any) -> bytes:
    return json.dumps(a_report(**changes), ensure_ascii=False, separators=(",", ":")).encode()


def nested(depth: int, inside: Any, name: str = "k") -> dict[str, Any]:
    value = inside
    for _ in range(depth):
        value = {name: value}
    return {name: value}


def attachment(url: str = "https://portal.example/1", **more: Any) -> dict[str, Any]:
    return {"id": 1, "url": url, **more}


LONG = "k" * 255
TOO_MUCH: dict[str, Callable[[], bytes]] = {
    "10 MB": lambda: as_json(data_b={"a": "x" * 10_000_000}),
    "depth 101": lambda: as_json(data_b=nested(99, 1)),
    "depth 100,000, in lists": lambda: b"[" * 100_000,
    "depth 100,000, in objects": lambda: b'{"a":' * 100_000,
    "100,001 fields": lambda: as_json(data_b={f"k{number}": 1 for number in range(100_001)}),
    "100,001 items": lambda: as_json(data_b={"a": [1] * 100_001}),
    "an integer of a million digits": lambda: b'{"a":' + b"1" * 1_000_000 + b"}",
    "a float of a million digits": lambda: b'{"a":1.' + b"1" * 1_000_000 + b"e999999999}",
    "an integer of 4,300 digits": lambda: as_json(data_b={"a": 10**4_299}),
    "an infinite number": lambda: as_json(data_b={"a": 1}).replace(b'"a":1', b'"a":1e400'),
    "a name that is written 80,000 times": lambda: as_json(data_b={"k" * 500_000: [1] * 80_000}),
    "a person's number that is written 40,000 times": lambda: as_json(
        calculation={"1" * 500_000: {"Jizdne": [{"a": 1}] * 40_000}}
    ),
    "a type of file that is written 20,000 times": lambda: as_json(
        attachments=[attachment(fileType="a" * 500_000)],
        data_b={"a": [{"Prilohy": [1]}] * 20_000},
    ),
    "an address that is written 30,000 times": lambda: as_json(
        attachments=[attachment("https://" + "a" * 8_000)],
        data_b={"a": [{"Prilohy": [1]}] * 30_000},
    ),
    "a number plate that is written 250 times": lambda: as_json(
        data_a={"Skupiny_Cest": [{"Ridic": 1, "SPZ": "a" * 500_000}]},
        calculation={"_" * count + "1": {} for count in range(250)},
    ),
    "a deep place and many values": lambda: as_json(data_b=nested(98, [1] * 80_000 + [[[]]], LONG)),
    "90,000 problems": lambda: as_json(znackari=[{}] * 90_000),
    "90,000 unknown attachments": lambda: as_json(data_b={"Prilohy": [*range(90_000)]}),
    "30,000 fields with unknown attachments": lambda: as_json(
        data_b=nested(95, [{"Prilohy": [9]}] * 30_000, LONG)
    ),
}

MUCH: dict[str, Callable[[], bytes]] = {
    "90,000 fields": lambda: as_json(data_b={f"k{number}": 1 for number in range(90_000)}),
    "50,000 numbers for names": lambda: as_json(
        data_b={str(number * (2**61 - 1)): 1 for number in range(50_000)}
    ),
    "one name 200,000 times": lambda: as_json(data_b={"a": 1}).replace(
        b'"a":1', b",".join([b'"a":1'] * 200_000)
    ),
    "a text of 1.8 MB": lambda: as_json(data_b={"a": "<&>'" * 450_000}),
    "marks in no order": lambda: as_json(data_b={"a": "e" + "\u0301\u0316" * 400_000}),
    "emoji": lambda: as_json(data_b={"a": "\U0001f600" * 400_000}),
    "40,000 changed texts at a deep place": lambda: as_json(
        data_b=nested(95, ["\U0001f600"] * 40_000, LONG)
    ),
    "one item with many attachments, and many lines that refer to it": lambda: as_json(
        attachments=[attachment()],
        data_a={"Noclezne": [{"id": 1, "Prilohy": [1] * 40_000}]},
        calculation={"1": {"Noclezne": [{"id": 1}] * 20_000}},
    ),
}


@pytest.fixture(autouse=True)
def _measured() -> Any:
    """Each test in its time. Tracing memory multiplies it, so that memory has tests of its own."""
    started = time.thread_time()
    yield
    assert time.thread_time() - started < SECONDS


def document_of(data: bytes) -> str:
    report = Report.parse(parse_json(data))
    submission_key(report)
    return build_xml(report, submitted_at=NOW).xml


@pytest.mark.parametrize("what", TOO_MUCH)
def test_too_much_is_refused_at_once_and_in_few_words(what: str) -> None:
    with pytest.raises(InvalidReportError) as refused:
        document_of(TOO_MUCH[what]())
    assert len(str(refused.value)) <= InvalidReportError.MAX_CHARS + 1
    assert len(refused.value.problems) <= 90_000


@pytest.mark.parametrize("what", MUCH)
def test_much_is_written_at_once(what: str) -> None:
    data = MUCH[what]()
    assert len(data) <= MAX_REPORT_BYTES
    assert len(document_of(data)) < 10 * MAX_REPORT_BYTES


@pytest.mark.parametrize(
    "what",
    [
        "a name that is written 80,000 times",
        "a type of file that is written 20,000 times",
        "a deep place and many values",
        "30,000 fields with unknown attachments",
    ],
)
def test_too_much_is_refused_in_little_memory(what: str) -> None:
    data = TOO_MUCH[what]()
    tracemalloc.start()
    try:
        with pytest.raises(InvalidReportError):
            document_of(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEGABYTES * 1_000_000


def test_a_value_that_holds_itself_many_times_over_is_refused() -> None:
    """No JSON text does; a caller's object may."""
    much: list[Any] = []
    for _ in range(60):
        much = [much, much]
    with pytest.raises(InvalidReportError, match="fields"):
        Report.parse(a_report(data_b={"a": much}))
    much.append(much)
    with pytest.raises(InvalidReportError):
        Report.parse(a_report(data_b={"a": much}))


@pytest.mark.parametrize("unit", ["a", "é", "½", " \t", "\u0301", "'\"", 'error: "'])
def test_patterns_do_not_backtrack(unit: str) -> None:
    text = unit * 200_000
    to_windows_1250(text)
    _in_plain_words(RuntimeError(text))
