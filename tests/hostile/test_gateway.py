"""A peer that answers anything but HTTP as it should be: four errors or a receipt, in time."""

import asyncio
import gzip
import os
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from insyz.errors import InsyzError, InsyzUnavailable, InvalidReportError, OutcomeUnknownError
from insyz.gateway import Receipt, Submission
from insyz.http_gateway import HttpGateway
from insyz.webhook import OutcomeWebhook, WebhookError
from tests.hostile.strategies import HARD

SUBMISSION = Submission(key="zp-1-abc", xml='<ZP id_zp="1" cislo_zp="a"/>', uzivatel="1955")
REQUEST_SECS = 1.0
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n{"success":true,"result":{"a":1}}'
Peer = Callable[[asyncio.StreamWriter], Awaitable[None]]

lines = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda name, value: f"{name}: {value}".encode("utf-8", "replace"),
        st.sampled_from(
            ["Content-Length", "Transfer-Encoding", "Content-Encoding", "Location", "Set-Cookie",
             "Connection", "Retry-After", "Content-Type", "X"]
        ),
        st.one_of(
            st.text(max_size=20),
            st.text(HARD, max_size=8),
            st.sampled_from(
                ["0", "5", "-1", "99999999999999999999", "chunked", "gzip", "close", "//[", "http://",
                 "https://xn--a/", "https://xn--\xff.example/", "http://[::1", "/elsewhere",
                 "file:///etc/passwd", "http://a:99999/", "a=b; Expires=x; Max-Age=9999999999999"]
            ),
        ),
    ),
)  # fmt: skip
answers = st.builds(
    lambda first, headers, body: b"\r\n".join([first, *headers, b"", body]),
    st.one_of(
        st.sampled_from([f"HTTP/1.1 {code} x".encode() for code in (100, 200, 204, 302, 409, 500)]),
        st.binary(max_size=20),
    ),
    st.lists(lines, max_size=4),
    st.one_of(
        st.binary(max_size=60), st.sampled_from([b'{"success":true}', b"5\r\nabc", b"z\r\n"])
    ),
)


@asynccontextmanager
async def listening(peer: Peer) -> AsyncIterator[str]:
    """The address of a server that reads a request and leaves the rest to `peer`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await peer(writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def saying(*parts: bytes) -> Peer:
    """Each part in a packet of its own."""

    async def say(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    return say


def for_ever(beginning: bytes, part: bytes) -> Peer:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while not writer.is_closing():
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    return say


async def outcome_of(peer: Peer, *, ask: bool = False) -> Any:
    """What a submission (or a look-up) at this peer comes to; anything but ours is raised."""
    async with (
        listening(peer) as url,
        HttpGateway(url, SecretStr("only-for-tests"), request_secs=REQUEST_SECS) as gateway,
    ):
        try:
            return await (gateway.find("zp-1-abc") if ask else gateway.submit(SUBMISSION))
        except InsyzError as error:
            return error


@given(answers, st.integers(0, 60), st.booleans())
@example(b"HTTP/1.1 302 x\r\nLocation: https://xn--a/\r\nContent-Length: 0\r\n\r\n", 0, False)
@example(b"HTTP/1.1 302 x\r\nLocation: https://[/\r\nContent-Length: 0\r\n\r\n", 0, False)
def test_any_bytes_are_one_of_the_four_errors_or_a_receipt(
    answer: bytes, cut: int, ask: bool
) -> None:
    outcome = asyncio.run(outcome_of(saying(answer[:cut], answer[cut:]), ask=ask))
    assert outcome is None or isinstance(outcome, Receipt | InsyzError)
    assert type(outcome) is not InsyzError
    if ask:
        assert not isinstance(outcome, InvalidReportError)


@given(st.lists(st.integers(0, len(OK)), max_size=6))
def test_an_answer_in_any_pieces_is_the_same_answer(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(OK)]
    pieces = [OK[start:end] for start, end in pairwise(places)]
    assert asyncio.run(outcome_of(saying(*pieces))) == Receipt({"a": 1})


@given(st.integers(0, len(OK) - 1))
def test_an_answer_that_breaks_off_is_never_a_verdict(end: int) -> None:
    outcome = asyncio.run(outcome_of(saying(OK[:end])))
    assert isinstance(outcome, OutcomeUnknownError)


REDIRECTS = [
    "https://xn--a/",
    "https://xn--\xff/",
    "http://[",
    "//",
    "http://a:99999/",
    "\\",
    "x" * 9_000,
]


@pytest.mark.parametrize("location", REDIRECTS)
async def test_wherever_a_redirect_leads_it_is_a_wrong_address(location: str) -> None:
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    assert isinstance(await outcome_of(saying(head.encode("latin-1"))), InvalidReportError)


ENDLESS = {
    "headers": for_ever(b"HTTP/1.1 200 OK\r\n", b"X-Header: " + b"a" * 1_000 + b"\r\n"),
    "one header": for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 10_000),
    "cookies": for_ever(b"HTTP/1.1 200 OK\r\n", b"Set-Cookie: a=" + b"b" * 1_000 + b"\r\n"),
    "provisional answers": for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "body": for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 65_536),
    "spaces": for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65_536),
    "chunks": for_ever(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 50
    ),
    "size of a chunk": for_ever(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1" * 100
    ),
    "status line": for_ever(b"HTTP/1.1 200 ", b"O" * 10_000),
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_what_has_no_end_is_ended_in_little_memory(what: str) -> None:
    started = time.monotonic()
    tracemalloc.start()
    try:
        outcome = await outcome_of(ENDLESS[what])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(outcome, OutcomeUnknownError)
    assert peak < 30_000_000
    assert time.monotonic() - started < REQUEST_SECS + 5


async def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    tracemalloc.start()
    try:
        outcome = await outcome_of(saying(head.encode(), bomb))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(outcome, OutcomeUnknownError)
    assert peak < 10_000_000


async def test_cookies_of_one_answer_are_not_sent_with_the_next_request() -> None:
    """They would carry over from report to report, and grow."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 503 x\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, HttpGateway(url, SecretStr("only-for-tests")) as gateway:
        for _ in range(2):
            with pytest.raises(InsyzUnavailable):
                await gateway.find("zp-1-abc")
    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()


@settings(max_examples=settings.get_profile(settings.get_current_profile_name()).max_examples // 2)
@given(answers)
@example(b"HTTP/1.1 302 x\r\nLocation: https://xn--a/\r\nContent-Length: 0\r\n\r\n")
def test_the_portals_webhook_takes_it_or_not_whatever_it_answers(answer: bytes) -> None:
    async def told() -> None:
        key = SecretStr("whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
        async with (
            listening(saying(answer)) as url,
            OutcomeWebhook(url, key, request_secs=REQUEST_SECS) as webhook,
        ):
            await webhook.post("run-1", os.urandom(9), timestamp=1)

    with suppress(WebhookError):
        asyncio.run(told())
