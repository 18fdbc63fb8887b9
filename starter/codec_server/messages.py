"""The bodies of the protocol: JSON of `temporal.api.common.v1.Payloads`, both ways."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from temporalio.api.common.v1 import Payload, Payloads

Conversion: TypeAlias = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""Of payloads, before JSON. One event of a history has 4 MiB at most; compressed, a request of the
size that is allowed could become a thousand times as large."""


class NoPayloadsError(Exception):
    """The body is not what the protocol says."""


class AnswerTooLargeError(Exception):
    """The answer would be larger than anything in a history."""


async def converted(body: bytes, convert: Conversion) -> bytes:
    """The body with each payload converted.

    Raises NoPayloadsError, AnswerTooLargeError, and what `convert` raises.
    """
    answer, size = Payloads(), 0
    for payload in _payloads(body):
        answer.payloads.extend(await convert([payload]))
        size += answer.payloads[-1].ByteSize()
        if size > MAX_ANSWER_BYTES:
            raise AnswerTooLargeError(f"the answer would have more than {MAX_ANSWER_BYTES:,} bytes")
    return MessageToJson(answer, indent=None).encode()


def _payloads(body: bytes) -> Sequence[Payload]:
    try:
        return Parse(body, Payloads(), ignore_unknown_fields=True).payloads
    except (ParseError, UnicodeDecodeError, RecursionError):
        raise NoPayloadsError('expected {"payloads": […]}') from None
