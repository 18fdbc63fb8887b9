"""What an error number means, in each phase: the rows of the table, one by one."""

import pytest

from insyz.errors import (
    AuthenticationError,
    InsyzUnavailable,
    InvalidReportError,
    OutcomeUnknownError,
)
from insyz.sql_answers import (
    MEANINGS,
    BrokenError,
    Meaning,
    Phase,
    ServerError,
    ServerMessage,
    TlsError,
    failure,
)

UNAVAILABLE = [1205, 1222, 3960, 3961, 41301, 41302, 41305, 41325, 701, 802, 8645, 8651, 1105, 9002,
               3906, 921, 922, 924, 927, 976, 978, 983, 6005, 17142, 18401, 18461, 40197, 40501,
               40613, 10928, 10929, 49918, 49919, 49920, 208, 201, 2812, 8144, 8145, 8146,
               51000, 51001, 51002]  # fmt: skip
AUTHENTICATION = [18456, 18452, 18470, 18486, 18487, 18488, 4060, 4064, 916, 229, 230, 297, 300]
INVALID = [6355, *range(9400, 9500), 547, 515, 2601, 2627, 220, 241, 242, 245, 248, 2628, 8114,
           8115, 8152, 51005, 51006]  # fmt: skip
UNKNOWN = [266, 3902, 3903, 3998, 51004]
TABLE: dict[int, Meaning] = (
    dict.fromkeys(UNAVAILABLE, InsyzUnavailable)
    | dict.fromkeys(AUTHENTICATION, AuthenticationError)
    | dict.fromkeys(INVALID, InvalidReportError)
    | dict.fromkeys(UNKNOWN, OutcomeUnknownError)
)


def error(*numbers: int, severity: int = 16, text: str = "Zápis se nezdařil") -> ServerError:
    return ServerError([ServerMessage(number, severity, text) for number in numbers])


def test_the_table_holds_these_rows_and_no_others() -> None:
    assert dict(MEANINGS) == TABLE


@pytest.mark.parametrize("number", TABLE)
@pytest.mark.parametrize("phase", [Phase.UNDOABLE, Phase.DECISIVE])
def test_a_number_means_what_the_table_says(number: int, phase: Phase) -> None:
    assert type(failure(error(number), phase)) is TABLE[number]


@pytest.mark.parametrize("text", ["Uživatel nemá právo: timeout", "invalid login, access denied"])
@pytest.mark.parametrize("number", [1205, 229, 547, 51004])
def test_the_language_of_the_text_changes_nothing(number: int, text: str) -> None:
    assert type(failure(error(number, text=text), Phase.DECISIVE)) is TABLE[number]


@pytest.mark.parametrize("number", [50000, 50001, 60000, 1_000_000, 102, 1785, 8134])
def test_an_error_of_the_request_that_no_row_knows_is_for_a_person(number: int) -> None:
    assert type(failure(error(number), Phase.DECISIVE)) is InvalidReportError


@pytest.mark.parametrize("severity", [17, 18, 19])
def test_an_error_of_the_server_that_no_row_knows_is_tried_again(severity: int) -> None:
    refused = error(845, severity=severity)
    assert type(failure(refused, Phase.DECISIVE)) is InsyzUnavailable


@pytest.mark.parametrize("severity", range(20, 26))
@pytest.mark.parametrize("number", [596, 1205, 50000])
def test_an_error_that_ends_the_connection_says_nothing_of_the_work(
    number: int, severity: int
) -> None:
    ended = error(number, severity=severity)
    assert type(failure(ended, Phase.DECISIVE)) is OutcomeUnknownError
    assert type(failure(ended, Phase.UNDOABLE)) is InsyzUnavailable


@pytest.mark.parametrize("number", TABLE)
def test_a_question_that_was_refused_says_nothing_of_the_report(number: int) -> None:
    refused = type(failure(error(number), Phase.ASKING))
    expected = AuthenticationError if number in AUTHENTICATION else InsyzUnavailable
    assert refused is expected


@pytest.mark.parametrize("number", TABLE)
def test_of_a_commit_only_a_known_conflict_is_believed_to_have_written_nothing(
    number: int,
) -> None:
    refused = type(failure(error(number), Phase.COMMITTING))
    assert refused is (InsyzUnavailable if number in UNAVAILABLE else OutcomeUnknownError)


@pytest.mark.parametrize(
    ("numbers", "meaning"),
    [
        ((547, 50000), InvalidReportError),
        ((50000, 266), InvalidReportError),
        ((6355, 3998), InvalidReportError),
        ((1205, 50000), InsyzUnavailable),
        ((50000, 1205), InsyzUnavailable),
        ((229, 50000), AuthenticationError),
        ((50000, 51004), OutcomeUnknownError),
        ((266, 3998), OutcomeUnknownError),
    ],
)
def test_of_several_errors_doubt_counts_first_and_consequences_last(
    numbers: tuple[int, ...], meaning: Meaning
) -> None:
    assert type(failure(error(*numbers), Phase.DECISIVE)) is meaning


@pytest.mark.parametrize(
    ("phase", "meaning"),
    [
        (Phase.ASKING, InsyzUnavailable),
        (Phase.UNDOABLE, InsyzUnavailable),
        (Phase.DECISIVE, OutcomeUnknownError),
        (Phase.COMMITTING, OutcomeUnknownError),
    ],
)
def test_a_connection_that_breaks_means_what_the_phase_says(phase: Phase, meaning: Meaning) -> None:
    assert type(failure(BrokenError("reset"), phase)) is meaning


def test_a_server_that_cannot_be_trusted_is_for_a_person() -> None:
    assert type(failure(TlsError("unknown authority"), Phase.ASKING)) is AuthenticationError


def test_the_servers_words_are_one_bounded_line_after_the_number() -> None:
    refused = failure(error(50000, text="a\nb\x1b[31mc\u202ed" + "x" * 5_000), Phase.DECISIVE)
    assert str(refused).startswith("SQL Server error 50000: a b[31mcd")
    assert len(str(refused)) < 600
