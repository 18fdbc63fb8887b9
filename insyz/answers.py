"""What an answer of the HTTP gateway means (insyz-gateway, "What an answer means").

Pure: an answer in, a receipt or one of the domain's errors out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Never

from pydantic_core import from_json, to_json

from insyz.errors import (
    AuthenticationError,
    InsyzUnavailable,
    InvalidReportError,
    OutcomeUnknownError,
)
from insyz.gateway import Receipt

MAX_REASON_CHARS = 500
MAX_RECEIPT_BYTES = 8_192
MAX_RETRY_AFTER_SECS = 86_400.0

UNAVAILABLE = frozenset({429, 503})
AUTHENTICATION = frozenset({401, 403, 407})
NO_LOOK_UP = frozenset({404, 405, 501})

TRANSIENT_WORDS = ("timeout", "connection", "network", "temporary", "unavailable")
AUTHENTICATION_WORDS = ("authentication", "authorization")
INVALID_WORDS = ("invalid", "malformed", "parse error", "cílové kolace")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `headers` with names in lower case; `body` may have been cut off."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object in the body; an empty one when there is none."""
        try:
            value = from_json(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def message(self) -> str:
        """INSYZ's own words, "" when the body has none (a proxy's page says nothing of INSYZ)."""
        body = self.json
        words = body.get("error") or body.get("message")
        return one_line(words) if isinstance(words, str) else ""

    @property
    def reason(self) -> str:
        """For people: the status and INSYZ's words."""
        try:
            phrase = f" {HTTPStatus(self.status).phrase}"
        except ValueError:
            phrase = ""
        return f"HTTP {self.status}{phrase}" + (f": {self.message}" if self.message else "")

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from a `Retry-After` in seconds or as a date."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return min(float(value), MAX_RETRY_AFTER_SECS)
        try:
            until = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), MAX_RETRY_AFTER_SECS)


def submission_receipt(answer: Answer, key: str) -> Receipt:
    """The receipt for a submission under `key`, or the error that the answer means."""
    if answer.status == HTTPStatus.OK:
        return _from_success(answer)
    if answer.status == HTTPStatus.CONFLICT:
        return _from_conflict(answer, key)
    if answer.status in UNAVAILABLE:
        raise InsyzUnavailable(answer.reason, retry_after=answer.retry_after)
    if answer.status in AUTHENTICATION:
        raise AuthenticationError(answer.reason)
    if answer.status >= 500:
        _raise_by_words(answer, otherwise=OutcomeUnknownError)
    if answer.status == HTTPStatus.REQUEST_TIMEOUT or answer.status < 300:
        raise OutcomeUnknownError(answer.reason, retry_after=answer.retry_after)
    raise InvalidReportError(_with_advice(answer))


def found_receipt(answer: Answer, key: str) -> Receipt | None:
    """What the look-up of `key` answered: a receipt, None (not taken), or an error."""
    body = answer.json
    if answer.status == HTTPStatus.OK and body.get("key") == key:
        return Receipt(_bounded(body))
    if answer.status == HTTPStatus.NOT_FOUND and body.get("key") == key and "error" in body:
        return None
    if answer.status in NO_LOOK_UP:
        raise OutcomeUnknownError(f"this gateway has no look-up ({answer.reason})")
    if answer.status in AUTHENTICATION:
        raise AuthenticationError(answer.reason)
    raise InsyzUnavailable(f"the look-up failed: {answer.reason}", retry_after=answer.retry_after)


def check_health(answer: Answer) -> None:
    """Raises InsyzUnavailable or AuthenticationError unless INSYZ said that it is well."""
    if answer.status in AUTHENTICATION:
        raise AuthenticationError(answer.reason)
    if answer.status != HTTPStatus.OK or answer.json.get("status") != "ok":
        raise InsyzUnavailable(answer.reason, retry_after=answer.retry_after)


def _from_success(answer: Answer) -> Receipt:
    body = answer.json
    if body.get("success") is True:
        result = body.get("result")
        return Receipt(_bounded(result if isinstance(result, dict) else {}))
    if body.get("success") is False and answer.message:
        _raise_by_words(answer, otherwise=InvalidReportError)
    raise OutcomeUnknownError(f"{answer.reason}: the answer holds no verdict")


def _from_conflict(answer: Answer, key: str) -> Receipt:
    body = answer.json
    if body.get("key") == key and body.get("submitted_at"):
        return Receipt(_bounded(body))
    raise OutcomeUnknownError(answer.reason, retry_after=answer.retry_after)


def _raise_by_words(
    answer: Answer, *, otherwise: type[OutcomeUnknownError] | type[InvalidReportError]
) -> Never:
    """Decides by INSYZ's words where the status does not; doubt comes before refusal."""
    words = answer.message.casefold()
    if any(word in words for word in TRANSIENT_WORDS):
        raise OutcomeUnknownError(answer.reason, retry_after=answer.retry_after)
    if any(word in words for word in AUTHENTICATION_WORDS):
        raise AuthenticationError(answer.reason)
    if any(word in words for word in INVALID_WORDS):
        raise InvalidReportError(answer.reason)
    raise otherwise(answer.reason)


def _with_advice(answer: Answer) -> str:
    if answer.status < 400:
        return f"{answer.reason}: redirects are not followed, check the address in INSYZ_URL"
    if answer.status in {404, 405, 410} and not answer.message:
        return f"{answer.reason}: check the address in INSYZ_URL"
    return answer.reason


def _bounded(data: dict[str, Any]) -> dict[str, Any]:
    """A receipt is kept in histories and tables: what is too large for these is cut."""
    text = to_json(data)
    if len(text) <= MAX_RECEIPT_BYTES:
        return data
    return {"cut_off": text[: MAX_RECEIPT_BYTES // 2].decode(errors="ignore")}


def one_line(text: str) -> str:
    """One line of printable characters: it goes to logs, tables and terminals."""
    words = text[: 2 * MAX_REASON_CHARS].split()
    line = " ".join("".join(filter(str.isprintable, word)) for word in words)
    return line[:MAX_REASON_CHARS]
