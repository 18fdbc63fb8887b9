"""The simulator's own endpoints: what INSYZ took, and which faults come next."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, NonNegativeFloat, ValidationError

from simulator.book import Book
from simulator.exchange import RefuseConnections
from simulator.order import FaultOrder, describe
from simulator.plan import FaultPlan

_ID_ZP = re.compile(r"[0-9]{1,18}")


class _OutageOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    seconds: NonNegativeFloat


class Control:
    """Reads the book and sets the plan, over HTTP.

    `counts` says how many requests came to each target since the start.
    """

    def __init__(
        self,
        book: Book,
        plan: FaultPlan[Any],
        counts: Callable[[], Mapping[str, int]],
        refuse_connections: RefuseConnections,
    ) -> None:
        self._book = book
        self._plan = plan
        self._counts = counts
        self._refuse_connections = refuse_connections

    def routes(self) -> list[web.RouteDef]:
        """What to add to the application."""
        return [
            web.get("/_sim/submissions", self._submissions),
            web.get("/_sim/stats", self._stats),
            web.post("/_sim/faults", self._order_faults),
            web.delete("/_sim/faults", self._clear_faults),
            web.post("/_sim/outage", self._outage),
        ]

    async def _submissions(self, request: web.Request) -> web.Response:
        id_zp = request.query.get("id_zp")
        if id_zp is not None and not _ID_ZP.fullmatch(id_zp):
            return _bad_request("id_zp: not a number")
        records = self._book.submissions(int(id_zp) if id_zp else None)
        if request.query.get("xml") != "1":
            return web.json_response([record.as_json() for record in records])
        whole = [{**record.as_json(), "xml": self._book.xml_of(record)} for record in records]
        return web.json_response(whole)

    async def _stats(self, _request: web.Request) -> web.Response:
        return web.json_response({**self._book.stats(), "requests": self._counts()})

    async def _order_faults(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
            order = FaultOrder.model_validate_json(body, context=self._plan.context)
        except ValidationError as error:
            return _bad_request(describe(error))
        self._plan.obey(order)
        return web.Response(status=204)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._plan.clear()
        return web.Response(status=204)

    async def _outage(self, request: web.Request) -> web.Response:
        try:
            order = _OutageOrder.model_validate_json(await request.read())
        except ValidationError as error:
            return _bad_request(describe(error))
        await self._refuse_connections(order.seconds)
        return web.Response(status=204, headers={"Connection": "close"})


def _bad_request(problem: str) -> web.Response:
    return web.json_response({"error": problem}, status=400)
