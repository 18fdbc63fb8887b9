"""INSYZ's three endpoints, in the three kinds of gateway there are."""

import asyncio
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from json import dumps, loads

from aiohttp import web

from simulator import document
from simulator.book import Book, KeyReusedError, Record, Submission
from simulator.exchange import Answer, Exchange, RefuseConnections, Work
from simulator.faults import Fault
from simulator.order import Target
from simulator.plan import FaultPlan
from simulator.traffic import PLAYED, Traffic

# RFC 9651: a string item, printable ASCII in quotes. No backslashes: keys have no use for them.
_QUOTED = re.compile(r'"([\x20\x21\x23-\x5b\x5d-\x7e]+)"')


class Delivery(StrEnum):
    """What a gateway offers against sending a report twice."""

    IDEMPOTENT = "idempotent"
    """A known key makes no second record; there is a look-up."""
    LOOKUP = "lookup"
    """Every submission makes a record; there is a look-up."""
    BLIND = "blind"
    """Every submission makes a record; there is no look-up."""


@dataclass(frozen=True)
class Terms:
    """How a gateway is set up.

    Attributes:
        token: the bearer token it wants; None lets everybody in.
        latency: seconds that INSYZ works on a submission; the record is made at their end.
        blind_answer: the status a blind gateway answers a look-up with: 404, 405 or 501.
    """

    delivery: Delivery = Delivery.LOOKUP
    token: str | None = None
    latency: float = 0.0
    blind_answer: int = 404


class Gateway:
    """Answers for INSYZ, or lets a fault answer."""

    def __init__(
        self,
        terms: Terms,
        book: Book,
        plan: FaultPlan[Fault],
        traffic: Traffic,
        refuse_connections: RefuseConnections,
    ) -> None:
        self._terms = terms
        self._book = book
        self._plan = plan
        self._traffic = traffic
        self._refuse_connections = refuse_connections
        self._subjects: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        """What to add to the application."""
        return [
            web.post("/api/insyz/submit-report", self._submit),
            web.get("/api/insyz/submissions/{key}", self._look_up),
            web.get("/api/insyz/health", self._health),
        ]

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        await self._traffic.note(Target.SUBMIT, request)
        self._check_token(request)
        submission = await _read_submission(request)
        subject = str(submission.id_zp)
        self._subjects[submission.key] = subject
        return await self._play(request, Target.SUBMIT, subject, partial(self._take, submission))

    async def _look_up(self, request: web.Request) -> web.StreamResponse:
        await self._traffic.note(Target.LOOKUP, request)
        self._check_token(request)
        key = request.match_info["key"]
        # The plan counts by report. A key that was never submitted here stands for itself.
        subject = self._subjects.get(key, key)
        return await self._play(request, Target.LOOKUP, subject, partial(self._find, key))

    async def _health(self, request: web.Request) -> web.StreamResponse:
        await self._traffic.note(Target.HEALTH, request)
        return await self._play(request, Target.HEALTH, Target.HEALTH, _healthy)

    async def _play(
        self, request: web.Request, target: Target, subject: str, work: Work
    ) -> web.StreamResponse:
        fault = self._plan.next_for(target, subject)
        request[PLAYED] = f"{subject} {fault!r}"
        return await fault.play(Exchange(request, work, self._refuse_connections))

    def _check_token(self, request: web.Request) -> None:
        if self._terms.token is None:
            return
        given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if not hmac.compare_digest(given, f"Bearer {self._terms.token}".encode()):
            raise _error(web.HTTPUnauthorized, "Authentication failed: wrong or missing token")

    async def _take(self, submission: Submission) -> Answer:
        await asyncio.sleep(self._terms.latency)
        try:
            record = self._book.take(submission)
        except KeyReusedError:
            return Answer(422, {"error": "This key was used for another document"})
        return _accepted(record)

    async def _find(self, key: str) -> Answer:
        if self._terms.delivery is Delivery.BLIND:
            return Answer(self._terms.blind_answer, "<h1>No such page</h1>\n")
        record = self._book.find(key)
        if record is None:
            return Answer(404, {"error": "No submission under this key", "key": key})
        return Answer(200, _reference(record))


async def _healthy() -> Answer:
    return Answer(200, {"status": "ok"})


def _accepted(record: Record) -> Answer:
    result = _reference(record)
    return Answer(200, {"success": True, "message": "Hlášení přijato", "result": result})


def _reference(record: Record) -> dict[str, str | int]:
    return {
        "key": record.key,
        "id_zp": record.id_zp,
        "submitted_at": record.submitted_at,
        "receipt": record.receipt,
    }


async def _read_submission(request: web.Request) -> Submission:
    key = _idempotency_key(request)
    xml, uzivatel = await _body_fields(request)
    try:
        return document.admit(key=key, xml=xml, uzivatel=uzivatel)
    except document.RefusedError as refused:
        raise _error(web.HTTPUnprocessableEntity, str(refused)) from refused


def _idempotency_key(request: web.Request) -> str:
    given = request.headers.getall("Idempotency-Key", [])
    quoted = _QUOTED.fullmatch(given[0]) if len(given) == 1 else None
    if quoted is None:
        raise _error(web.HTTPBadRequest, "Idempotency-Key must be given once, as a quoted string")
    return quoted[1]


async def _body_fields(request: web.Request) -> tuple[str, str]:
    try:
        body = loads(await request.read())
    except ValueError as error:
        raise _error(web.HTTPBadRequest, f"The body is not JSON: {error}") from error
    fields = body if isinstance(body, dict) else {}
    xml, uzivatel = fields.get("xml_data"), fields.get("uzivatel")
    if not isinstance(xml, str) or not isinstance(uzivatel, str):
        raise _error(web.HTTPUnprocessableEntity, "xml_data and uzivatel must be there, as text")
    return xml, uzivatel


def _error(kind: type[web.HTTPClientError], message: str) -> web.HTTPClientError:
    return kind(text=dumps({"error": message}), content_type="application/json")
