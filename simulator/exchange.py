"""One request being answered, as a fault sees it: the work INSYZ would do, and ways to spoil it."""

import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

_LINGER_ZERO = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: an object goes out as JSON, text as an HTML page."""

    status: int
    content: Mapping[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The content as UTF-8."""
        if isinstance(self.content, str):
            return self.content.encode()
        return json.dumps(self.content, ensure_ascii=False).encode()

    @property
    def all_headers(self) -> dict[str, str]:
        """`headers` and the content's type."""
        kind = "text/html" if isinstance(self.content, str) else "application/json"
        return {"Content-Type": f"{kind}; charset=utf-8", **self.headers}


Work = Callable[[], Awaitable[Answer]]
"""Does what was asked (takes the report, looks it up) and says how INSYZ answers."""

RefuseConnections = Callable[[float], Awaitable[None]]
"""Lets nobody connect for so many seconds. Returns once that holds."""


class Exchange:
    """A request whose answer is not decided yet.

    Args:
        request: what came in, already read whole.
        work: what INSYZ would do.
        refuse_connections: starts an outage.
    """

    def __init__(
        self, request: web.Request, work: Work, refuse_connections: RefuseConnections
    ) -> None:
        self._request = request
        self.work = work
        self.refuse_connections = refuse_connections

    def answer(self, answer: Answer) -> web.StreamResponse:
        """Send `answer` as it is."""
        return web.Response(status=answer.status, body=answer.body, headers=answer.all_headers)

    async def stream(
        self, answer: Answer, pieces: AsyncIterator[bytes], *, length: int | None = None
    ) -> web.StreamResponse:
        """Send the head of `answer`, then `pieces` until they end.

        Chunked, unless `length` is given: the Content-Length to announce, true or not, in bytes.

        Raises:
            ConnectionError: the client left meanwhile.
        """
        response = web.StreamResponse(status=answer.status, headers=answer.all_headers)
        response.content_length = length
        await response.prepare(self._request)
        async for piece in pieces:
            await response.write(piece)
        return response

    def reset(self) -> web.StreamResponse:
        """Drop the connection so that the client's kernel reports a reset."""
        transport = self._request.transport
        if transport is not None:
            # Closing a socket that must not linger sends RST where a plain close sends FIN.
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            transport.abort()
        return _never_sent()

    def hang_up(self) -> web.StreamResponse:
        """Close the connection in order, after what was written so far."""
        if self._request.transport is not None:
            self._request.transport.close()
        return _never_sent()


def _never_sent() -> web.StreamResponse:
    """What a handler must return to aiohttp although the connection is gone."""
    return web.Response()
