"""Telling the portal by a signed POST, for installations whose database is out of reach.

The headers and the signature are those of the Standard Webhooks specification: `webhook-id` is the
same for every repetition, so that the receiver can deduplicate; `webhook-signature` is an
HMAC-SHA256 over id, time stamp and body.
"""

import asyncio
import base64
import hashlib
import hmac
from typing import Any, Self

import httpx
from pydantic import SecretStr

from insyz.transport import BROKEN, Transport

SECRET_PREFIX = "whsec_"  # noqa: S105 (the specification's prefix, no secret)


class WebhookError(Exception):
    """The receiver did not take the message; another try may."""


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """`webhook-signature` of a message; `timestamp` in seconds since the epoch."""
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class OutcomeWebhook:
    """The portal's receiver; an async context manager that owns its connections.

    `secret` is the key in base64 after `whsec_`; `request_secs` bounds the whole exchange.
    """

    def __init__(
        self,
        url: str,
        secret: SecretStr,
        *,
        request_secs: float,
        transport: Transport | None = None,
    ) -> None:
        self._url = url
        self._request_secs = request_secs
        self._key = base64.b64decode(secret.get_secret_value().removeprefix(SECRET_PREFIX))
        self._http = (transport or Transport()).client(timeout=httpx.Timeout(request_secs))

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        await self._http.__aexit__(*exc)

    async def post(self, message_id: str, body: bytes, *, timestamp: int) -> None:
        """Sends one message, a JSON text. Raises WebhookError unless the answer is a 2xx."""
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, message_id, timestamp, body),
        }
        try:
            async with asyncio.timeout(self._request_secs):
                status = await self._status_of(body, headers)
        except TimeoutError:
            raise WebhookError(
                f"the portal's webhook did not answer within {self._request_secs:g} s"
            ) from None
        except BROKEN as error:
            raise WebhookError(
                f"the portal's webhook cannot be reached: {type(error).__name__} {error}"
            ) from None
        if not httpx.codes.is_success(status):
            raise WebhookError(f"the portal's webhook answered HTTP {status}")

    async def _status_of(self, body: bytes, headers: dict[str, str]) -> int:
        """Of an answer whose body, however long, is not read."""
        async with self._http.stream("POST", self._url, content=body, headers=headers) as answer:
            return answer.status_code
