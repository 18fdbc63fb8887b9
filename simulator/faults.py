"""The faults: each says what INSYZ does with a request, and how it spoils the answer.

"Work" is what was asked for: taking the report, looking it up. A fault that works first leaves a
record behind whatever the client gets to see.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from email.utils import formatdate
from http import HTTPStatus
from time import time
from typing import Annotated, Any

from aiohttp import web
from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

from simulator.exchange import Answer, Exchange
from simulator.fault import AnyFault, named_fault

_HTML_PAGE = (
    "<!doctype html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
)
_CHUNK = b"x" * 65536


class Fault(AnyFault, ABC):
    """One way for an HTTP request to go."""

    @abstractmethod
    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Answer the request, or fail to."""


class Normal(Fault):
    """No fault: a place in a script where all goes well."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        return exchange.answer(await exchange.work())


class Status(Fault):
    """Answer with `code` and an error, as INSYZ (JSON) or a proxy before it (HTML) does.

    `retry_after` is in seconds, sent as a date when `retry_after_as_date`; text goes out as it is.
    With `taken` the work is done all the same.
    """

    code: Annotated[int, Field(ge=200, le=599)]
    message: str | None = None
    retry_after: NonNegativeInt | str | None = None
    retry_after_as_date: bool = False
    html: bool = False
    taken: bool = False

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        if self.taken:
            await exchange.work()
        return exchange.answer(Answer(self.code, self._content(), self._headers()))

    def _content(self) -> Mapping[str, Any] | str:
        message = self.message or _phrase(self.code)
        return _HTML_PAGE.format(message) if self.html else {"error": message}

    def _headers(self) -> dict[str, str]:
        if self.retry_after is None:
            return {}
        if self.retry_after_as_date and isinstance(self.retry_after, int):
            return {"Retry-After": formatdate(time() + self.retry_after, usegmt=True)}
        return {"Retry-After": str(self.retry_after)}


class Verdict(Fault):
    """Answer 200 with `success: false`, and the reason when there is one."""

    message: str | None = None
    taken: bool = False

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        if self.taken:
            await exchange.work()
        reason = {"message": self.message} if self.message else {}
        return exchange.answer(Answer(200, {"success": False, **reason}))


class ConflictTaken(Fault):
    """Work, then answer 409 with the record: this key's report is in INSYZ already."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        done = await exchange.work()
        if isinstance(done.content, str) or "result" not in done.content:
            return exchange.answer(done)
        body = {"error": "This submission was already taken", **done.content["result"]}
        return exchange.answer(Answer(409, body))


class Redirect(Fault):
    """Send the client elsewhere, as a proxy that wants a login does."""

    location: str = "/login"
    code: Annotated[int, Field(ge=300, le=399)] = 302

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        page = _HTML_PAGE.format(_phrase(self.code))
        return exchange.answer(Answer(self.code, page, {"Location": self.location}))


class Reset(Fault):
    """Reset the connection (RST) instead of answering; with `taken`, once the work is done."""

    taken: bool = False

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        if self.taken:
            await exchange.work()
        return exchange.reset()


class StallBefore(Fault):
    """Wait, then work and answer.

    The work is done even when the client gave up meanwhile: a stored procedure goes on too.
    """

    seconds: NonNegativeFloat = 5.0

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        await asyncio.sleep(self.seconds)
        return exchange.answer(await exchange.work())


class StallAfter(Fault):
    """Work at once, answer late."""

    seconds: NonNegativeFloat = 5.0

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        done = await exchange.work()
        await asyncio.sleep(self.seconds)
        return exchange.answer(done)


class StallNever(Fault):
    """Wait, then close the connection without work or answer."""

    seconds: NonNegativeFloat = 5.0

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        await asyncio.sleep(self.seconds)
        return exchange.hang_up()


class Drip(Fault):
    """Work, then send a byte every `interval` seconds, and the answer itself only after `seconds`.

    Blanks before JSON are legal: whoever waits long enough gets a good answer, and no time-out
    for a single read ever fires.
    """

    seconds: NonNegativeFloat = 10.0
    interval: PositiveFloat = 0.2

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        done = await exchange.work()
        return await exchange.stream(done, self._drops(done.body))

    async def _drops(self, body: bytes) -> AsyncIterator[bytes]:
        for _ in range(int(self.seconds / self.interval)):
            yield b" "
            await asyncio.sleep(self.interval)
        yield body


class Truncated(Fault):
    """Work, then send half of the answer.

    The connection breaks before the announced length, or with `whole_http` the message is whole
    and only the JSON in it is not.
    """

    whole_http: bool = False

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        done = await exchange.work()
        half = done.body[: len(done.body) // 2]
        announced = len(half) if self.whole_http else len(done.body)
        response = await exchange.stream(done, _once(half), length=announced)
        if not self.whole_http:
            exchange.hang_up()
        return response


class Huge(Fault):
    """Work, then answer with a success whose message has so many MiB."""

    megabytes: PositiveInt = 32

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        done = await exchange.work()
        return await exchange.stream(done, self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield b'{"success": true, "message": "'
        for _ in range(self.megabytes * 2**20 // len(_CHUNK)):
            yield _CHUNK
        yield b'"}'


class Outage(Fault):
    """Answer 503, and refuse every new connection for so many seconds."""

    seconds: NonNegativeFloat = 2.0

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        await exchange.refuse_connections(self.seconds)
        # Or the client's next request might come before it has noticed that it was hung up on.
        return exchange.answer(
            Answer(503, {"error": _phrase(503)}, headers={"Connection": "close"})
        )


FAULTS: Mapping[str, Fault] = {
    "normal": Normal(),
    "status": Status(code=500),
    "unauthorized": Status(code=401),
    "forbidden": Status(code=403),
    "unprocessable": Status(code=422),
    "too_many_requests": Status(code=429),
    "unavailable": Status(code=503),
    # The same message for both: only INSYZ knows which of the two it was.
    "error_before": Status(code=500, message="ZP_Zapis_XML failed"),
    "error_after": Status(code=500, message="ZP_Zapis_XML failed", taken=True),
    "html_200": Status(code=200, message="Přihlášení", html=True, taken=True),
    "no_verdict": Verdict(taken=True),
    "refused": Verdict(message="Hlášení nebylo přijato"),
    "conflict_pending": Status(code=409, message="This submission is still being processed"),
    "conflict_taken": ConflictTaken(),
    "redirect": Redirect(),
    "reset_before": Reset(),
    "reset_after": Reset(taken=True),
    "stall_before": StallBefore(),
    "stall_after": StallAfter(),
    "stall_never": StallNever(),
    "drip": Drip(),
    "truncated": Truncated(),
    "huge": Huge(),
    "outage": Outage(),
}
"""Every fault by name, with the parameters it has unless told otherwise."""


def fault(name: str, **parameters: Any) -> Fault:
    """The fault of that name, as `named_fault` finds it."""
    return named_fault(FAULTS, name, **parameters)


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return f"Status {code}"


async def _once(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
