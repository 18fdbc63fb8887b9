"""As much of an HTTP server as the codec server needs: one small request a connection, bounded."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias

import h11

MAX_BODY_BYTES = 8 * 1024 * 1024
"""One event of a history has 4 MiB at most, in base64 a third more."""
MAX_HEADER_BYTES = 32_768
CHUNK_BYTES = 65_536
EXCHANGE_SECS = 30.0
MAX_AT_A_TIME = 32


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` with names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is JSON."""

    status: HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class _BodyTooLargeError(Exception):
    pass


class HttpServer:
    """Answers with what `handle` returns."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._slots = asyncio.Semaphore(MAX_AT_A_TIME)

    async def exchange(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serves one connection, as `asyncio.start_server` calls it."""
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEADER_BYTES)
        # The last of them: to HEAD there is no answer of ours that fits.
        with suppress(OSError, TimeoutError, h11.LocalProtocolError):
            async with self._slots, asyncio.timeout(EXCHANGE_SECS):
                if response := await self._answer(connection, reader):
                    writer.write(_on_the_wire(connection, response))
                    await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _answer(self, connection: h11.Connection, reader: StreamReader) -> Response | None:
        """None when there is nobody to answer."""
        try:
            request = await _request(connection, reader)
            return await self._handle(request) if request else None
        except h11.RemoteProtocolError as error:
            return problem(HTTPStatus(error.error_status_hint), "not a request in HTTP/1.1")
        except _BodyTooLargeError:
            words = f"the body has more than {MAX_BODY_BYTES:,} bytes"
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words)


def problem(status: HTTPStatus, words: str, **headers: str) -> Response:
    """An answer that says what is wrong."""
    return Response(status, json.dumps({"message": words}).encode(), headers)


async def _request(connection: h11.Connection, reader: StreamReader) -> Request | None:
    head, body, size = None, bytearray(), 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(CHUNK_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            # What is too much is read and forgotten: who is cut off in the middle hears no reason.
            size += len(event.data)
            body += event.data if size <= MAX_BODY_BYTES else b""
        elif isinstance(event, h11.EndOfMessage) and head:
            if size > MAX_BODY_BYTES:
                raise _BodyTooLargeError
            return _put_together(head, bytes(body))
        else:
            return None


def _put_together(head: h11.Request, body: bytes) -> Request:
    headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
    path = head.target.decode("latin-1").partition("?")[0]
    return Request(head.method.decode(), path, headers, body)


def _on_the_wire(connection: h11.Connection, response: Response) -> bytes:
    headers = {
        "content-type": "application/json",
        "content-length": str(len(response.body)),
        "cache-control": "no-store",
        "connection": "close",
    }
    head = h11.Response(
        status_code=response.status,
        reason=response.status.phrase,
        headers=[*(headers | dict(response.headers)).items()],
    )
    parts = [connection.send(head)]
    if response.body:
        parts.append(connection.send(h11.Data(data=response.body)))
    return b"".join(filter(None, [*parts, connection.send(h11.EndOfMessage())]))
