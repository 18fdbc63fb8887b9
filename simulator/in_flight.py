"""The requests being worked on: also those whose client has gone, which aiohttp forgets."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler


class InFlight:
    """Knows every request from its arrival to its answer."""

    def __init__(self) -> None:
        self._connections: dict[asyncio.Future[Any], asyncio.BaseTransport | None] = {}

    @web.middleware
    async def track(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Run `handler` to its end, whether or not somebody still waits for the answer."""
        work = asyncio.ensure_future(handler(request))
        self._connections[work] = request.transport
        work.add_done_callback(self._connections.pop)
        try:
            return await asyncio.shield(work)
        except ConnectionError:
            return web.Response()  # The client has left, and aiohttp needs something to drop.

    def uses(self, connection: asyncio.BaseTransport | None) -> bool:
        """Whether a request that came over `connection` is still being worked on."""
        return connection in self._connections.values()

    async def end(self, grace: float) -> None:
        """Give the requests `grace` seconds to end by themselves, then cancel them."""
        if not self._connections:
            return
        _, stalled = await asyncio.wait(self._connections, timeout=grace)
        for task in stalled:
            task.cancel()
        await asyncio.gather(*stalled, return_exceptions=True)
