"""What INSYZ or a proxy may answer: always a receipt or one of the four errors."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from insyz.answers import (
    MAX_REASON_CHARS,
    MAX_RETRY_AFTER_SECS,
    Answer,
    check_health,
    found_receipt,
    submission_receipt,
)
from insyz.errors import InsyzError, InsyzUnavailable, OutcomeUnknownError
from insyz.gateway import Receipt
from tests.hostile.strategies import json_values, texts, unicode_texts

KEY = "zp-1-abc"
statuses = st.one_of(
    st.integers(100, 999),
    st.sampled_from([200, 201, 204, 301, 400, 401, 404, 408, 409, 422, 429, 500, 501, 502, 503]),
)
words = st.one_of(
    texts, st.sampled_from(["timeout", "Authorization", "INVALID", "cílové kolace", "ano"])
)
bodies = st.one_of(
    st.binary(max_size=80),
    st.dictionaries(
        st.sampled_from(["success", "error", "message", "result", "key", "submitted_at", "status"]),
        st.one_of(json_values, words, st.booleans(), st.just(KEY), st.just("ok")),
    ).map(lambda body: json.dumps(body).encode()),
    st.sampled_from([b"[" * 5_000, b'{"success":true,"result":{"a":NaN,"b":1e999}}', b"\xff\xfe{"]),
)
dates = st.one_of(
    texts,
    st.from_regex(r"-?[0-9]{1,40}(\.[0-9])?", fullmatch=True),
    st.from_regex(
        r"[A-Z][a-z]{2}, [0-9]{1,25} (Jan|Feb|XXX) [0-9]{1,25} [0-9]{1,12}:[0-9]{2}:[0-9]{1,9}"
        r" (GMT|[+-][0-9]{1,25})",
        fullmatch=True,
    ),
)
answers = st.builds(
    Answer, statuses, st.dictionaries(st.just("retry-after"), dates), st.one_of(bodies)
)
questions: list[Callable[[Answer], object]] = [
    lambda answer: submission_receipt(answer, KEY),
    lambda answer: found_receipt(answer, KEY),
    check_health,
]


def outcome(ask: Callable[[Answer], object], answer: Answer) -> object:
    """What was returned or raised; anything but an InsyzError is a bug."""
    try:
        return ask(answer)
    except InsyzError as error:
        return error


@given(answers, st.sampled_from(questions))
@example(Answer(503, {"retry-after": "Mon, 1 Jan 99999999999 00:00:00 GMT"}, b""), questions[0])
@example(Answer(503, {"retry-after": "Mon, 1 Jan 2026 00:00:00 +9999999999"}, b""), questions[0])
def test_any_answer_means_something(answer: Answer, ask: Callable[[Answer], object]) -> None:
    said = outcome(ask, answer)
    if not isinstance(said, InsyzError):
        assert said is None or isinstance(said, Receipt)
        return
    assert type(said) is not InsyzError
    assert str(said).isprintable()
    assert len(str(said)) < MAX_REASON_CHARS + 200
    wait = getattr(said, "retry_after", None)
    assert wait is None or 0 <= wait <= MAX_RETRY_AFTER_SECS


@given(st.builds(Answer, statuses, st.just({}), st.binary(max_size=60)))
def test_garbage_is_never_a_success(answer: Answer) -> None:
    """Nor is it ever the word that INSYZ has nothing."""
    assert all(isinstance(outcome(ask, answer), InsyzError) for ask in questions)


@given(st.integers(500, 599), st.binary(max_size=40).filter(lambda body: b'"' not in body))
def test_a_failure_without_words_is_never_final(status: int, body: bytes) -> None:
    """A report is not given up, nor sent again, for what a proxy said."""
    expected = InsyzUnavailable if status == 503 else OutcomeUnknownError
    assert isinstance(outcome(questions[0], Answer(status, {}, body)), expected)


@given(st.dictionaries(unicode_texts, json_values, max_size=4))
def test_a_receipt_is_bounded_and_json(result: dict[str, Any]) -> None:
    body = json.dumps({"success": True, "result": result | {"x": "č" * 9_000}}).encode()
    said = outcome(questions[0], Answer(200, {}, body))
    if isinstance(said, Receipt):
        assert len(json.dumps(said.data, ensure_ascii=False).encode()) < 10_000
    else:
        assert b"\\ud" in body
        assert isinstance(said, OutcomeUnknownError)
