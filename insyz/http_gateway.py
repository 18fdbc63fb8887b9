"""INSYZ through its HTTP gateway.

One client for the life of the worker, so that a look-up and the submission after it share a
kept-alive connection. It retries nothing: Temporal owns the retries.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Self
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from insyz.answers import Answer, check_health, found_receipt, submission_receipt
from insyz.errors import InsyzUnavailable, OutcomeUnknownError
from insyz.gateway import Delivery, Receipt, Submission
from insyz.transport import BROKEN, Transport

MAX_ANSWER_BYTES = 1_000_000


class HttpGateway:
    """A Gateway over HTTP; an async context manager that owns its connections.

    `connect_secs` bounds making a connection, `request_secs` the whole exchange, from the first
    byte out to the last one in. `headers` is asked before each request for what else it carries.
    """

    def __init__(
        self,
        url: str,
        token: SecretStr,
        *,
        delivery: Delivery = Delivery.LOOKUP,
        settle_secs: float = 30.0,
        connect_secs: float = 10.0,
        request_secs: float = 30.0,
        headers: Callable[[], Mapping[str, str]] = dict,
        transport: Transport | None = None,
    ) -> None:
        self.delivery = delivery
        self.settle_secs = settle_secs
        self._token = token
        self._request_secs = request_secs
        self._headers = headers
        self._http = (transport or Transport()).client(
            base_url=url,
            timeout=httpx.Timeout(request_secs, connect=connect_secs, pool=connect_secs),
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        await self._http.__aexit__(*exc)

    async def submit(self, submission: Submission) -> Receipt:
        answer = await self._exchange(
            "POST",
            "/api/insyz/submit-report",
            # The draft on Idempotency-Key makes it a structured field: a quoted string.
            headers={"Idempotency-Key": f'"{submission.key}"'},
            json={"xml_data": submission.xml, "uzivatel": submission.uzivatel},
        )
        return submission_receipt(answer, submission.key)

    async def find(self, key: str) -> Receipt | None:
        return found_receipt(await self._ask(f"/api/insyz/submissions/{quote(key, safe='')}"), key)

    async def health(self) -> None:
        check_health(await self._ask("/api/insyz/health"))

    async def _ask(self, path: str) -> Answer:
        """A question changes nothing at INSYZ: one that got no answer may be asked again."""
        try:
            return await self._exchange("GET", path)
        except OutcomeUnknownError as unanswered:
            raise InsyzUnavailable(str(unanswered)) from unanswered

    async def _exchange(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, json: Any = None
    ) -> Answer:
        """Raises InsyzUnavailable when no byte was written, OutcomeUnknownError afterwards."""
        written = False

        async def watch(event: str, info: Mapping[str, Any]) -> None:
            nonlocal written
            # CONNECT is between us and a proxy: INSYZ sees nothing of it.
            written = written or (
                event.endswith("send_request_headers.started")
                and info["request"].method != b"CONNECT"
            )

        own = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._token.get_secret_value()}",
        }
        request = self._http.build_request(
            method,
            path,
            headers=dict(self._headers()) | own | (headers or {}),
            json=json,
            extensions={"trace": watch},
        )
        try:
            async with asyncio.timeout(self._request_secs):
                return await self._read(request)
        except TimeoutError:
            broken = f"no answer within {self._request_secs:g} s"
        except BROKEN as error:
            broken = self._without_secrets(f"{type(error).__name__} {error}".strip())
        if written:
            raise OutcomeUnknownError(f"{broken} after the request was sent")
        raise InsyzUnavailable(f"cannot reach INSYZ: {broken}")

    async def _read(self, request: httpx.Request) -> Answer:
        response = await self._http.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    break
            text = self._without_secrets(bytes(body[:MAX_ANSWER_BYTES]).decode(errors="replace"))
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, text.encode())
        finally:
            # Closing may fail on a connection that is broken anyway; the answer counts.
            with suppress(*BROKEN):
                await response.aclose()

    def _without_secrets(self, text: str) -> str:
        """INSYZ or a proxy may echo a request; its words end up in histories and logs."""
        secret = self._token.get_secret_value()
        return text.replace(secret, "***") if secret else text
