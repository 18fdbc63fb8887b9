"""What each answer of INSYZ means, over a real socket: the rows of insyz-gateway's table."""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from insyz.answers import MAX_RECEIPT_BYTES
from insyz.errors import (
    AuthenticationError,
    InsyzError,
    InsyzUnavailable,
    InvalidReportError,
    OutcomeUnknownError,
)
from insyz.gateway import Submission
from insyz.http_gateway import MAX_ANSWER_BYTES, HttpGateway
from insyz.transport import BROKEN
from simulator.faults import fault
from simulator.server import Simulator
from tests.conftest import TOKEN
from tests.support import free_port

XML = '<ZP id_zp="53773" cislo_zp="S/BN/O/26012"/>'
SUBMISSION = Submission(key="zp-53773-abc", xml=XML, uzivatel="1955")


@pytest.fixture
async def gateway(insyz: Simulator) -> AsyncIterator[HttpGateway]:
    async with a_gateway(insyz.url) as gateway:
        yield gateway


def a_gateway(url: str, *, token: str = TOKEN, request_secs: float = 0.5) -> HttpGateway:
    return HttpGateway(url, SecretStr(token), connect_secs=0.3, request_secs=request_secs)


def status(code: int, message: str | None = None, **parameters: Any) -> Any:
    return fault("status", code=code, message=message, **parameters)


REFUSALS = [400, 404, 405, 410, 411, 413, 414, 415, 422, 418, 451]

ROWS: list[tuple[Any, type[InsyzError]]] = [
    *((status(code), InsyzUnavailable) for code in (429, 503)),
    *((status(code), AuthenticationError) for code in (401, 403, 407)),
    (status(500, "Authentication failed for user"), AuthenticationError),
    (status(500, "Authorization required"), AuthenticationError),
    *((status(code), InvalidReportError) for code in REFUSALS),
    (status(500, "Invalid XML"), InvalidReportError),
    (status(500, "malformed document"), InvalidReportError),
    (status(500, "XML parse error at line 1"), InvalidReportError),
    (status(500, "znak nelze převést do cílové kolace"), InvalidReportError),
    (fault("redirect"), InvalidReportError),
    (fault("conflict_pending"), OutcomeUnknownError),
    *((status(code), OutcomeUnknownError) for code in (408, 500, 502, 504, 507, 599)),
    (status(500, "Invalid state: connection to the database lost"), OutcomeUnknownError),
    (status(500, "timeout while parsing, invalid lock"), OutcomeUnknownError),
    (status(502, "received an invalid response from upstream", html=True), OutcomeUnknownError),
    (status(201), OutcomeUnknownError),
    (status(204), OutcomeUnknownError),
    (fault("refused", message="příkaz je již vyúčtován"), InvalidReportError),
    (fault("refused", message="temporary lock"), OutcomeUnknownError),
    (fault("no_verdict"), OutcomeUnknownError),
    (fault("html_200"), OutcomeUnknownError),
    (fault("truncated"), OutcomeUnknownError),
    (fault("huge"), OutcomeUnknownError),
    (fault("reset_before"), OutcomeUnknownError),
    (fault("reset_after"), OutcomeUnknownError),
    (fault("stall_before", seconds=0.8), OutcomeUnknownError),
    (fault("stall_after", seconds=0.8), OutcomeUnknownError),
    (fault("drip", seconds=2, interval=0.01), OutcomeUnknownError),
]


@pytest.mark.parametrize(("answer", "meaning"), ROWS, ids=repr)
async def test_an_answer_means_what_the_table_says(
    insyz: Simulator, gateway: HttpGateway, answer: Any, meaning: type[InsyzError]
) -> None:
    insyz.script(53773, answer)
    with pytest.raises(meaning):
        await gateway.submit(SUBMISSION)


async def test_success_is_a_receipt(insyz: Simulator, gateway: HttpGateway) -> None:
    receipt = await gateway.submit(SUBMISSION)
    assert receipt.data["receipt"] == insyz.book.submissions()[0].receipt


async def test_a_conflict_that_proves_the_taking_is_a_success(
    insyz: Simulator, gateway: HttpGateway
) -> None:
    insyz.script(53773, "conflict_taken")
    assert (await gateway.submit(SUBMISSION)).data["key"] == SUBMISSION.key


async def test_the_request_is_the_one_of_the_contract(
    insyz: Simulator, gateway: HttpGateway
) -> None:
    await gateway.submit(SUBMISSION)
    (request,) = insyz.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert (request.method, request.path) == ("POST", "/api/insyz/submit-report")
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["idempotency-key"] == f'"{SUBMISSION.key}"'
    assert headers["content-type"] == "application/json"
    assert httpx.Response(200, content=request.body).json() == {
        "xml_data": XML,
        "uzivatel": "1955",
    }


async def test_a_refused_connection_was_never_written_to() -> None:
    async with a_gateway(f"http://127.0.0.1:{free_port()}") as gateway:
        with pytest.raises(InsyzUnavailable, match="cannot reach INSYZ"):
            await gateway.submit(SUBMISSION)


async def test_an_unknown_host_was_never_written_to() -> None:
    async with a_gateway("http://insyz.invalid") as gateway:
        with pytest.raises(InsyzUnavailable):
            await gateway.submit(SUBMISSION)


@asynccontextmanager
async def mute_server() -> AsyncIterator[str]:
    """Accepts connections and says nothing."""

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.8)
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_tls_handshake_that_never_ends_was_never_written_to() -> None:
    async with mute_server() as address, a_gateway(f"https://{address}") as gateway:
        with pytest.raises(InsyzUnavailable):
            await gateway.submit(SUBMISSION)


async def test_a_connection_that_stays_mute_leaves_the_outcome_unknown() -> None:
    async with mute_server() as address, a_gateway(f"http://{address}") as gateway:
        with pytest.raises(OutcomeUnknownError, match="after the request was sent"):
            await gateway.submit(SUBMISSION)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("7", 7),
        (timedelta(seconds=3_000), 3_000),
        (timedelta(hours=-1), 0),
        ("999999999999", 86_400),
    ],
    ids=["seconds", "date", "date in the past", "very long"],
)
@pytest.mark.parametrize("code", [429, 503])
async def test_retry_after_is_honoured_in_seconds_and_as_a_date(
    insyz: Simulator,
    gateway: HttpGateway,
    code: int,
    retry_after: str | timedelta,
    seconds: float,
) -> None:
    if isinstance(retry_after, timedelta):
        retry_after = format_datetime(datetime.now(UTC) + retry_after, usegmt=True)
    insyz.script(53773, status(code, retry_after=retry_after))
    with pytest.raises(InsyzUnavailable) as refused:
        await gateway.submit(SUBMISSION)
    assert refused.value.retry_after == pytest.approx(seconds, abs=120)


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1e9", "", "٣"])
async def test_a_retry_after_that_makes_no_sense_is_ignored(
    insyz: Simulator, gateway: HttpGateway, nonsense: str
) -> None:
    insyz.script(53773, status(503, retry_after=nonsense.encode().decode("latin-1")))
    with pytest.raises(InsyzUnavailable) as refused:
        await gateway.submit(SUBMISSION)
    assert refused.value.retry_after is None


async def test_a_huge_answer_is_cut_off_and_not_read(
    insyz: Simulator, gateway: HttpGateway
) -> None:
    insyz.script(53773, "huge")
    with pytest.raises(OutcomeUnknownError):
        await gateway.submit(SUBMISSION)
    assert MAX_ANSWER_BYTES == 1_000_000


async def test_a_huge_receipt_is_cut_to_what_a_history_bears(
    insyz: Simulator, gateway: HttpGateway
) -> None:
    receipt = await gateway.submit(SUBMISSION)
    assert len(repr(receipt.data)) < MAX_RECEIPT_BYTES


async def test_a_look_up_and_a_submission_share_one_connection(
    insyz: Simulator, gateway: HttpGateway
) -> None:
    assert await gateway.find(SUBMISSION.key) is None
    await gateway.submit(SUBMISSION)
    assert (await gateway.find(SUBMISSION.key)) is not None
    assert len({request.client_port for request in insyz.requests}) == 1


@pytest.mark.parametrize("blind_answer", [404, 405, 501])
async def test_a_gateway_without_a_look_up_is_recognised(blind_answer: int) -> None:
    blind = Simulator(delivery="blind", token=TOKEN, blind_answer=blind_answer)
    async with blind as insyz, a_gateway(insyz.url) as gateway:
        with pytest.raises(OutcomeUnknownError, match="no look-up"):
            await gateway.find(SUBMISSION.key)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (status(401), AuthenticationError),
        (status(500), InsyzUnavailable),
        (status(503), InsyzUnavailable),
        (fault("html_200"), InsyzUnavailable),
        (fault("reset_before"), InsyzUnavailable),
        (fault("stall_never", seconds=0.8), InsyzUnavailable),
    ],
    ids=repr,
)
async def test_a_look_up_that_got_no_answer_never_says_that_nothing_is_there(
    insyz: Simulator, gateway: HttpGateway, answer: Any, meaning: type[InsyzError]
) -> None:
    insyz.script("*", answer, target="lookup")
    with pytest.raises(meaning):
        await gateway.find(SUBMISSION.key)


async def test_health_says_whether_insyz_is_there(insyz: Simulator, gateway: HttpGateway) -> None:
    await gateway.health()
    insyz.script("*", status(500), target="health")
    with pytest.raises(InsyzUnavailable):
        await gateway.health()
    async with a_gateway(f"http://127.0.0.1:{free_port()}") as nobody:
        with pytest.raises(InsyzUnavailable):
            await nobody.health()


async def test_the_token_is_in_no_error_and_no_log_even_when_insyz_echoes_it(
    insyz: Simulator, gateway: HttpGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    insyz.script(53773, status(422, f"bad header Authorization: Bearer {TOKEN}"))
    with pytest.raises(InvalidReportError) as refused:
        await gateway.submit(SUBMISSION)
    assert "Bearer ***" in str(refused.value)
    ours = [line.getMessage() for line in caplog.records if line.name != "simulator.requests"]
    assert TOKEN not in repr((ours, gateway, refused.value))


async def test_insyz_words_are_one_bounded_line_without_control_characters(
    insyz: Simulator, gateway: HttpGateway
) -> None:
    insyz.script(53773, status(422, "a\nb\x1b[31mc\u202ed" + "x" * 5_000))
    with pytest.raises(InvalidReportError) as refused:
        await gateway.submit(SUBMISSION)
    assert "a b[31mcd" in str(refused.value)
    assert len(str(refused.value)) < 600


def test_every_error_of_httpx_is_translated() -> None:
    is_error: Callable[[object], bool] = lambda value: (  # noqa: E731
        inspect.isclass(value) and issubclass(value, Exception)
    )
    misuse = {httpx.CookieConflict}
    for _, error in inspect.getmembers(httpx, is_error):
        assert error in misuse or issubclass(error, BROKEN), error
