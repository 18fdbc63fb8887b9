"""The simulator in the current event loop, on a real socket."""

import logging
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from simulator.book import Book
from simulator.control import Control
from simulator.faults import FAULTS, Fault
from simulator.gateway import Delivery, Gateway, Terms
from simulator.in_flight import InFlight
from simulator.listener import Listener
from simulator.order import FaultOrder, Target
from simulator.plan import FaultPlan
from simulator.traffic import RequestLine, SeenRequest, Traffic

REQUEST_LOG = logging.getLogger("simulator.requests")

# A report of 300 kB has some 2 MB as JSON with every Czech letter escaped.
_MAX_BODY_BYTES = 16 * 2**20
_GRACE_SECS = 0.2


class Simulator:
    """INSYZ behind one kind of gateway, as long as the `async with` block lasts.

    Args:
        delivery: the kind of gateway: `idempotent`, `lookup` or `blind`.
        token: the bearer token INSYZ wants; None lets everybody in.
        db: the SQLite file of what was taken; by default nothing is kept.
        host: the IPv4 address to listen on.
        port: the port to listen on; 0 for a free one.
        latency: seconds that INSYZ works on a submission.
        blind_answer: the status of a look-up at a blind gateway: 404, 405 or 501.
        keep_requests: whether `requests` remembers them, with their bodies.

    Attributes:
        book: what INSYZ took.
        plan: the faults ordered so far.
    """

    def __init__(
        self,
        *,
        delivery: Delivery | str = Delivery.LOOKUP,
        token: str | None = None,
        db: Path | str = ":memory:",
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        blind_answer: int = 404,
        keep_requests: bool = True,
    ) -> None:
        self._terms = Terms(Delivery(delivery), token, latency, blind_answer)
        self._host = host
        self._in_flight = InFlight()
        self._traffic = Traffic(keep=keep_requests)
        self.plan = FaultPlan(FAULTS)
        self.book = Book(db, deduplicates=self._terms.delivery is Delivery.IDEMPOTENT)
        self._runner = web.AppRunner(
            self._application(), access_log_class=RequestLine, access_log=REQUEST_LOG
        )
        self._listener = Listener(self._runner, self._in_flight, host, port)

    async def __aenter__(self) -> Self:
        try:
            await self._runner.setup()
            await self._listener.open()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self._listener.close()
        await self._in_flight.end(_GRACE_SECS)
        await self._runner.cleanup()
        self.book.close()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{self._host}:{self._listener.port}"

    @property
    def requests(self) -> list[SeenRequest]:
        """The requests INSYZ saw, in the order of their arrival; those to `/_sim` are not."""
        return self._traffic.requests

    def script(
        self, id_zp: int | str, *faults: Fault | str, target: Target | str = Target.SUBMIT
    ) -> None:
        """The faults of the report's next requests, one each; afterwards all is normal.

        Args:
            id_zp: the report, or `"*"` for every report that has no script of its own.
            faults: names, or what `simulator.faults.fault` makes.
            target: what to spoil: `submit`, `lookup` or `health`.

        Raises:
            pydantic.ValidationError: no such fault, or no such target.
        """
        self.order(target=target, script={str(id_zp): list(faults)})

    def random(
        self,
        seed: int,
        mix: Mapping[str, object],
        *,
        max_faults_per_report: int | None = None,
        target: Target | str = Target.SUBMIT,
    ) -> None:
        """Faults at random for reports without a script, the same whenever the seed is.

        Args:
            seed: with id_zp and the number of its request it decides everything.
            mix: probability by fault; or an object of `probability` and the fault's parameters.
            max_faults_per_report: all is normal after so many.
            target: what to spoil: `submit`, `lookup` or `health`.

        Raises:
            pydantic.ValidationError: a fault, a parameter or a probability is wrong.
        """
        self.order(target=target, seed=seed, mix=mix, max_faults_per_report=max_faults_per_report)

    def order(self, **fields: Any) -> None:
        """What `POST /_sim/faults` does with these fields."""
        self.plan.obey(FaultOrder.model_validate(fields))

    def clear_faults(self) -> None:
        """Forget all scripts and mixes."""
        self.plan.clear()

    async def refuse_connections(self, seconds: float) -> None:
        """An outage: no connection is accepted for so many seconds. Returns once that holds."""
        await self._listener.refuse_connections(seconds)

    def stats(self) -> dict[str, Any]:
        """What `GET /_sim/stats` answers; `duplicates` has integers as keys."""
        return {**self.book.stats(), "requests": self._traffic.counts()}

    def _application(self) -> web.Application:
        gateway = Gateway(self._terms, self.book, self.plan, self._traffic, self.refuse_connections)
        control = Control(self.book, self.plan, self._traffic.counts, self.refuse_connections)
        application = web.Application(
            middlewares=[self._in_flight.track], client_max_size=_MAX_BODY_BYTES
        )
        application.add_routes(gateway.routes())
        application.add_routes(control.routes())
        return application
