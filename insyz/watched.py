"""A Gateway whose every request is watched, whoever makes it and however it ends."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from insyz.gateway import Delivery, Gateway, Receipt, Submission


@dataclass(slots=True)
class Exchange:
    """One request about a report, without its content.

    `operation` is `submit` or `find`, `uzivatel` in whose name, `document_bytes` the size of the
    document as it is sent (None in a look-up). `outcome`, known in the end: `taken`, `found`,
    `not there`, or the name of the class of what was raised.
    """

    operation: str
    key: str
    id_zp: int | None
    uzivatel: str | None
    document_bytes: int | None = None
    outcome: str = ""


Watch = Callable[[Exchange], AbstractContextManager[object]]
"""Entered before the request, left after it, when `outcome` is set."""

_report: ContextVar[tuple[int | None, str | None]] = ContextVar("report", default=(None, None))


@contextmanager
def on_behalf_of(id_zp: int, uzivatel: str) -> Iterator[None]:
    """Whose requests those of this block are: a look-up itself names only a key."""
    token = _report.set((id_zp, uzivatel))
    try:
        yield
    finally:
        _report.reset(token)


class WatchedGateway:
    """Passes all on to `gateway`. A health check is about no report and is not watched."""

    def __init__(self, gateway: Gateway, watch: Watch) -> None:
        self._gateway = gateway
        self._watch = watch

    @property
    def delivery(self) -> Delivery:
        return self._gateway.delivery

    @property
    def settle_secs(self) -> float:
        return self._gateway.settle_secs

    async def submit(self, submission: Submission) -> Receipt:
        id_zp, _ = _report.get()
        size = len(submission.xml.encode())
        exchange = Exchange("submit", submission.key, id_zp, submission.uzivatel, size)
        with self._watched(exchange):
            receipt = await self._gateway.submit(submission)
            exchange.outcome = "taken"
            return receipt

    async def find(self, key: str) -> Receipt | None:
        exchange = Exchange("find", key, *_report.get())
        with self._watched(exchange):
            receipt = await self._gateway.find(key)
            exchange.outcome = "found" if receipt else "not there"
            return receipt

    async def health(self) -> None:
        await self._gateway.health()

    @contextmanager
    def _watched(self, exchange: Exchange) -> Iterator[None]:
        with self._watch(exchange):
            try:
                yield
            except BaseException as error:
                # A cancellation and a bug too: the request may have been written.
                exchange.outcome = type(error).__name__
                raise
