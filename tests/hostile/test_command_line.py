"""Any command line and any file: exit code 2 and a line about it, never a traceback."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from starter.cli import COMMANDS, main, parser
from starter.output import answer_table, receipt_text, status_lines, tell
from tests.hostile.strategies import anything, json_values, texts
from tests.support import a_report
from workflows.contract import Failure, Phase, State, Status

OPTIONS = [
    *("--json", "--wait", "--resend", "--why", "--by", "--since", "--type", "--limit", "--port"),
    *("--pending", "--report-id", "--submitted-by", "--until-idle", "--all", "--dry-run", "--only"),
]

words = st.one_of(
    texts.map(lambda text: text.replace("\x00", "")),  # no command line can hold it
    st.sampled_from(OPTIONS),
    st.sampled_from(["1", "-1", "0", "nan", "inf", "-", "--", "1e999", "9" * 5_000, "٣", "24h"]),
    st.sampled_from(["@f", "retry", "dismiss", "0001-01-01", "9999-12-31", "99999w", "", " "]),
)  # fmt: skip
command_lines = st.builds(
    lambda name, rest: [name.replace("_", "-"), *rest],
    st.one_of(st.sampled_from(COMMANDS), texts.filter(lambda text: "\x00" not in text)),
    st.lists(words, max_size=5),
)


def left_with(argv: list[str]) -> Any:
    """The exit code, of wrong usage as of a failure; anything else that is raised is a bug."""
    try:
        return main(argv)
    except SystemExit as left:
        return left.code


@given(command_lines)
@example(["submit", "-", "--wait", "nan"])
@example(["failed", "--since", "0001-01-01"])
@example(["open", "--limit", "9" * 5_000])
def test_any_command_line_is_understood_or_refused(argv: list[str]) -> None:
    try:
        args = parser().parse_args(argv)
    except SystemExit as left:
        code = left.code
    else:
        assert args.run is not None
        return
    assert code == 2


@pytest.mark.parametrize(
    "argv",
    [
        *(["submit", "-", "--wait", seconds] for seconds in ("nan", "inf", "-1", "1e999", "")),
        *(["worker", "--time-limit", seconds] for seconds in ("nan", "inf", "0")),
        *(["server", "--port", port] for port in ("-1", "0", "65536", "x")),
        *(["status", id_zp] for id_zp in ("0", "-1", "2147483648", "1.0", "9" * 5_000)),
        ["submit", "--report-id", "9223372036854775808"],
        ["open", "--limit", "0"],
    ],
)
def test_a_number_that_means_nothing_is_refused(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert left_with(argv) == 2
    assert len(capsys.readouterr().err.splitlines()[-1]) < 200


contents = st.one_of(
    st.binary(max_size=60),
    anything.map(lambda value: json.dumps(value, default=str, skipkeys=True).encode()),
    json_values.map(lambda value: json.dumps(a_report(data_b={"a": value})).encode()[:-9]),
    st.sampled_from([b"", b"[]", b"null", b"\xef\xbb\xbf{}", b"{" * 5_000, b'{"id_zp": 1e999}']),
)


@given(contents, st.sampled_from([["xml"], ["submit"], ["submit", "--json"], ["submit", "--wait"]]))
def test_a_file_of_garbage_is_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, command: list[str]
) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(content)
    assert left_with([command[0], str(file), *command[1:]]) == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert all(line.isprintable() or "\xa0" in line for line in said.err.split("\n"))
    if "--json" in command:
        assert json.loads(said.out)["error"]["type"] == "InvalidReportError"


@given(st.lists(contents.map(lambda one: one.replace(b"\n", b" ")), min_size=1, max_size=5))
def test_a_batch_of_garbage_is_listed_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], contents: list[bytes]
) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_bytes(b"\n".join(contents))
    given = [line for line in batch.read_bytes().split(b"\n") if line.strip()]
    code = left_with(["submit-many", str(batch), "--dry-run"])
    assert code == (2 if given else 0)
    assert "Traceback" not in capsys.readouterr().err


def test_a_name_that_no_file_can_have_is_an_unreadable_file() -> None:
    for command in ("xml", "submit", "submit-many"):
        assert left_with([command, "\x00"]) == 2
        assert left_with([command, "a" * 5_000]) == 2


@given(texts, st.dictionaries(texts, json_values, max_size=2))
def test_whatever_insyz_said_can_be_printed(
    capsys: pytest.CaptureFixture[str], text: str, receipt: dict[str, Any]
) -> None:
    status = Status.model_construct(
        id_zp=1,
        cislo_zp=text,
        state=State.REJECTED,
        phase=Phase.FAILED,
        attempt=1,
        receipt=receipt,
        error=Failure.model_construct(type=text, message=text),
        warnings=[text],
        message=text,
        next_try=None,
        decision=None,
    )
    plain = status.model_copy(
        update={"cislo_zp": "x", "receipt": {"receipt": "x"}, "warnings": ["x"], "message": "x"}
    ).model_copy(update={"error": Failure(type="x", message="x")})
    assert len(status_lines(status).split("\n")) == len(status_lines(plain).split("\n"))
    tell(text)
    answer_table(("a", "b"), [(text, receipt_text(receipt))])
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    (said.out + said.err).encode()
