"""The requests INSYZ saw, for a test to look into and a person to read."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from simulator.order import Target

PLAYED = web.RequestKey("played", str)
"""What was played on a request, for its line in the log."""

ENDPOINTS = (Target.SUBMIT, Target.LOOKUP, Target.HEALTH)


@dataclass(frozen=True)
class SeenRequest:
    """One request as it arrived. Equal `client_port`s mean one connection, kept alive."""

    target: Target
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    client_port: int


class Traffic:
    """Counts the requests to INSYZ's endpoints, and keeps them whole if `keep`."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._counts: Counter[Target] = Counter()
        self.requests: list[SeenRequest] = []

    async def note(self, target: Target, request: web.Request) -> None:
        """Read `request` to its end and remember it.

        Raises:
            ConnectionError: the client left before it had sent everything.
        """
        body = await request.read()
        self._counts[target] += 1
        if self._keep:
            self.requests.append(_seen(target, request, body))

    def counts(self) -> dict[str, int]:
        """How many requests came to each endpoint since the start."""
        return {target.value: self._counts[target] for target in ENDPOINTS}


def _seen(target: Target, request: web.Request, body: bytes) -> SeenRequest:
    # The transport is None when the client has left already.
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return SeenRequest(
        target=target,
        method=request.method,
        path=request.path,
        headers=request.headers,
        body=body,
        client_port=peer[1] if peer else 0,
    )


class RequestLine(AbstractAccessLogger):
    """Logs one line for each request: what it was, what was played on it, how it ended."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Called by aiohttp when the answer is out, or the connection gone; `time` in seconds."""
        played = request.get(PLAYED, "-")
        line = "%s %s %s %s %.0f ms"
        self.logger.info(line, request.method, request.path, response.status, played, time * 1000)

    @property
    def enabled(self) -> bool:
        """Whether anybody reads the lines."""
        return self.logger.isEnabledFor(logging.INFO)
