"""What is asked of the codec server, and its answers."""

from collections.abc import Mapping
from http import HTTPStatus

from starter.codec_server.access import Access
from starter.codec_server.http import Request, Response, problem
from starter.codec_server.messages import (
    AnswerTooLargeError,
    Conversion,
    NoPayloadsError,
    converted,
)
from starter.payloads import UnreadablePayloadError


class CodecService:
    """`conversions` by path: `/decode`, and `/encode` where it is wanted."""

    def __init__(self, conversions: Mapping[str, Conversion], access: Access) -> None:
        self._conversions = conversions
        self._access = access

    async def answer(self, request: Request) -> Response:
        """Never more than the token, the page and the path allow; errors say why."""
        if not self._access.admits(request.headers):
            return problem(HTTPStatus.FORBIDDEN, "not for this page; see --origin")
        if request.method == "OPTIONS":
            return Response(HTTPStatus.OK, headers=self._access.preflight())
        answer = await self._answer(request)
        return Response(
            answer.status, answer.body, {**self._access.cross_origin(), **answer.headers}
        )

    async def _answer(self, request: Request) -> Response:
        if not self._access.knows(request.headers):
            words = "the bearer token of INSYZ_CODEC_TOKEN is needed"
            return problem(HTTPStatus.UNAUTHORIZED, words, **{"www-authenticate": "Bearer"})
        convert = self._conversions.get(request.path)
        if convert is None:
            return problem(HTTPStatus.NOT_FOUND, f"there is {', '.join(self._conversions)}")
        if request.method != "POST":
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, "POST it", allow="POST")
        # A page may send other types without asking first.
        if not request.headers.get("content-type", "").startswith("application/json"):
            return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected application/json")
        return await _converted(request.body, convert)


async def _converted(body: bytes, convert: Conversion) -> Response:
    try:
        return Response(HTTPStatus.OK, await converted(body, convert))
    except AnswerTooLargeError as error:
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
    except (NoPayloadsError, UnreadablePayloadError) as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
