"""What stands in the payloads of a history; of something unexpected: nothing, never an error.

But for UnreadablePayloadError: without its key a whole history would be something unexpected.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from starter.payloads import UnreadablePayloadError
from workflows.activity_contract import Tried

T = TypeVar("T")


class Decoding:
    """By the data converter of `client`."""

    def __init__(self, client: Client) -> None:
        self._converter = client.data_converter

    async def first(self, payloads: Sequence[Payload], shape: type[T]) -> T | None:
        """The first of them; None when there is none, or it has another shape."""
        if not payloads:
            return None
        try:
            (value,) = await self._converter.decode(payloads[:1], [shape])
        except UnreadablePayloadError:
            raise
        except Exception:  # of whatever converter
            return None
        return value  # type: ignore[no-any-return]

    async def summary(self, payload: Payload) -> str:
        """The line that goes with a timer or an activity."""
        return str(await self.first([payload], object) or "") if payload.data else ""

    async def failure(self, failure: Failure) -> tuple[str, str, Any]:
        """Its type, its message, and the first of its details."""
        error = await self._converter.decode_failure(failure)
        if isinstance(error, ApplicationError):
            return error.type or "", error.message, error.details[0] if error.details else None
        return type(error).__name__, str(error), None

    async def tries(self, payloads: Sequence[Payload]) -> list[Tried]:
        """Those that a heartbeat tells of (activities/tries.py)."""
        return await self.first(payloads[-1:], list[Tried]) or []


def validated(shape: type[T], value: Any) -> T | None:
    try:
        return shape.model_validate(value)  # type: ignore[attr-defined, no-any-return]
    except ValidationError:
        return None
