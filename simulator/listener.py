"""The listening socket, which an outage takes away and gives back on the same port."""

import asyncio
import socket

from aiohttp import web

from simulator.in_flight import InFlight


class Listener:
    """Accepts connections for `runner`.

    Args:
        runner: set up by the time of `open`.
        in_flight: tells the connections in use from the idle ones.
        host: an IPv4 address or a name for one.
        port: 0 for a free one; `port` tells which it became.
    """

    def __init__(self, runner: web.AppRunner, in_flight: InFlight, host: str, port: int) -> None:
        self._runner = runner
        self._in_flight = in_flight
        self._host = host
        self.port = port
        self._site: web.SockSite | None = None
        self._bound: socket.socket | None = None
        self._refuse_until = 0.0
        self._outage: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start to listen. Raises OSError when the port is taken."""
        self._bound = self._bind()
        await self._listen(self._bound)

    async def close(self) -> None:
        """Stop to listen, for good."""
        if self._outage is not None:
            self._outage.cancel()
            await asyncio.wait([self._outage])
        if self._site is not None:
            await self._stop_listening(self._site)
        if self._bound is not None:
            self._bound.close()

    async def refuse_connections(self, seconds: float) -> None:
        """From now on refuse new connections, and drop the idle ones, for at least `seconds`."""
        until = asyncio.get_running_loop().time() + seconds
        self._refuse_until = max(self._refuse_until, until)
        if self._site is None:
            return
        listening, self._site = self._site, None
        await self._stop_listening(listening)
        self._bound = self._bind()
        self._drop_connections()
        self._outage = asyncio.create_task(self._come_back(self._bound))

    def _drop_connections(self) -> None:
        """Kept alive, they would carry a client through the outage unharmed."""
        server = self._runner.server
        for connection in server.connections if server else ():
            if self._in_flight.uses(connection.transport):
                connection.close()  # as soon as the answer is out
            elif connection.transport is not None:
                connection.transport.close()

    async def _come_back(self, bound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        # The end moves when another outage is ordered meanwhile.
        while (left := self._refuse_until - loop.time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)
        await self._listen(bound)

    def _bind(self) -> socket.socket:
        """Hold the port. Until the socket listens, the kernel refuses connections to it."""
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((self._host, self.port))
        except OSError:
            bound.close()
            raise
        self.port = bound.getsockname()[1]
        return bound

    async def _listen(self, bound: socket.socket) -> None:
        self._site = web.SockSite(self._runner, bound)
        await self._site.start()

    async def _stop_listening(self, site: web.SockSite) -> None:
        if self._bound is not None:
            # asyncio leaks a connection that it has accepted but not set up when the server
            # closes. So accept no more, and give the last ones the turns of the loop they need.
            asyncio.get_running_loop().remove_reader(self._bound)
            for _ in range(3):
                await asyncio.sleep(0)
        await site.stop()
