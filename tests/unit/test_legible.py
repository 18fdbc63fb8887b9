"""What others wrote, in logs and on terminals: one record one line, and nothing that rules them."""

import json
import logging

import pytest

from insyz.legible import legible, legible_json, legible_lines
from insyz.logs import set_up_logging
from starter.cli import main
from starter.output import answer_table, status_lines, tell
from workflows.contract import Decision, Failure, Phase, State, Status

DIRECTIONS = [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"]
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
BREAKS = ["\u2028", "\u2029", "\ufeff", "\u200b", "\ud83d", "\U000e0041"]
HOSTILE = "a\x1b[2J\r\n12:00:00 INFO    forged\x9b31m \u202etxet\u2069 b"
SHOWN = r"a\x1b[2J\r\n12:00:00 INFO    forged\x9b31m \u202etxet\u2069 b"
EVERY = "".join([*DIRECTIONS, *CONTROLS, *BREAKS])


@pytest.fixture
def _logging_as_it_was() -> object:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield None
    root.handlers[:], level = before
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.parametrize("character", EVERY, ids=lambda one: f"U+{ord(one):04X}")
def test_what_is_not_printable_is_shown_as_an_escape(character: str) -> None:
    assert legible(f"a{character}b").isprintable()
    assert legible_json(json.dumps(character, ensure_ascii=False)).isprintable()


@pytest.mark.parametrize(
    "text", ["Příliš žluťoučký kůň", "→ 1 000 Kč", "hezký\N{NO-BREAK SPACE}den"]
)
def test_what_people_write_stays(text: str) -> None:
    assert (legible(text), legible_json(text)) == (text, text)


def test_json_keeps_its_value() -> None:
    assert json.loads(legible_json(json.dumps(EVERY, ensure_ascii=False))) == EVERY


def test_only_our_own_line_breaks_break_lines() -> None:
    assert legible_lines("one\ntwo\x1b") == "one\ntwo\\x1b"


@pytest.mark.usefixtures("_logging_as_it_was")
def test_a_record_is_one_line_of_the_log_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("text", "INFO")
    logging.getLogger("insyz").info("INSYZ said: %s", HOSTILE, extra={"key": HOSTILE})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"INFO    INSYZ said: {SHOWN} key={SHOWN}")


@pytest.mark.usefixtures("_logging_as_it_was")
def test_a_traceback_cannot_be_taken_for_records(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("text", "INFO")
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("insyz").exception("it broke", stack_info=True)
    first, *rest = capsys.readouterr().err.removesuffix("\n").split("\n")
    assert first.endswith("it broke")
    assert all(line.startswith("  | ") and line.isprintable() for line in rest)
    assert any("forged" in line for line in rest)


@pytest.mark.usefixtures("_logging_as_it_was")
def test_a_record_is_one_line_of_the_json_log_and_keeps_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging("json", "INFO")
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("insyz").exception("%s", HOSTILE, extra={"key": HOSTILE})
    (line,) = capsys.readouterr().err.removesuffix("\n").split("\n")
    assert line.isprintable()
    record = json.loads(line)
    assert (record["message"], record["key"]) == (HOSTILE, HOSTILE)
    assert HOSTILE in record["exc_info"]


def test_words_for_people_stay_on_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    tell(HOSTILE, "second")
    assert capsys.readouterr().err == f"{SHOWN}\nsecond\n"


def test_a_cell_of_a_table_stays_in_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    answer_table(("error", "who"), [(HOSTILE, "x")])
    (row,) = [line for line in capsys.readouterr().out.split("\n") if "forged" in line]
    assert row.isprintable()
    assert SHOWN in row


def test_a_status_has_no_lines_but_its_own() -> None:
    plain, hostile = (
        status_lines(
            Status(
                id_zp=1,
                cislo_zp=text,
                state=State.SEND,
                phase=Phase.WAITING,
                message="",
                error=Failure(type="InsyzUnavailable", message=text),
                receipt={"receipt": text},
                warnings=[text],
                decision=Decision(decision="submitted", by=text, why=text),
            )
        )
        for text in ("x", HOSTILE)
    )
    assert len(hostile.split("\n")) == len(plain.split("\n"))
    assert all(line.isprintable() for line in hostile.split("\n"))


@pytest.mark.parametrize(
    "argv",
    [
        ["status", HOSTILE],
        ["no\x1b[2Jsuch"],
        ["status", "1", f"--{HOSTILE}"],
        ["xml", f"/no/such/{HOSTILE}"],
        ["submit", "/no/such/\udcff\x1b", "--json"],
    ],
)
def test_a_wrong_command_line_is_repeated_harmlessly(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(argv)
    except SystemExit as left:
        code = left.code
    assert code == 2
    said = capsys.readouterr()
    assert all(line.isprintable() for line in (said.out + said.err).split("\n"))
    if "--json" in argv:
        assert json.loads(said.out)["error"]["type"] == "InvalidReportError"
