"""The codec server in the foreground."""

import asyncio
import os

from insyz.payload_keys import payload_keys
from insyz.secret_files import SecretFileError, secret_of
from starter.codec_server.access import Access
from starter.codec_server.http import HttpServer
from starter.codec_server.service import CodecService
from starter.output import tell
from starter.payloads import PipelineCodec
from starter.signals import leave_on_signals

TOKEN = "INSYZ_CODEC_TOKEN"  # noqa: S105 (the name of a variable)
MIN_TOKEN_CHARS = 16


class CodecServerError(Exception):
    """The codec server cannot run; the text says why."""


def bearer_token() -> str:
    """What callers have to show. Raises CodecServerError."""
    try:
        token = secret_of(TOKEN) or ""
    except SecretFileError as error:
        raise CodecServerError(str(error)) from None
    if not token:
        raise CodecServerError(f"{TOKEN}: not set; without it only --behind-proxy, see --help")
    if len(token) < MIN_TOKEN_CHARS or not token.isascii() or not token.isprintable():
        raise CodecServerError(f"{TOKEN}: must be {MIN_TOKEN_CHARS} printable characters or more")
    return token


async def serve(ip: str, port: int, access: Access, *, encode: bool) -> None:
    """Answers until SIGTERM or SIGINT. Raises CodecServerError or PayloadKeysError."""
    codec = PipelineCodec(payload_keys())
    conversions = {"/decode": codec.decode} | ({"/encode": codec.encode} if encode else {})
    leave = leave_on_signals()
    http = HttpServer(CodecService(conversions, access).answer)
    try:
        server = await asyncio.start_server(http.exchange, ip, port)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise CodecServerError(f"cannot listen on {ip}:{port}: {why}") from None
    async with server:
        port = server.sockets[0].getsockname()[1]
        tell(f"the codec server is ready at http://{ip}:{port}, for {access.origin}")
        await leave.wait()
