"""What may stand between us and a peer: TLS with certificates of our own making, and a proxy."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import trustme

CHUNK_BYTES = 65_536
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Authority:
    """A certificate authority of a site's own, and the files that a worker is given of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def server(self, name: str = "127.0.0.1", *, wants_clients: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1", "h2"])
        self._ca.issue_cert(name).configure_cert(context)
        if wants_clients:
            self._ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self, name: str = "client") -> tuple[Path, Path]:
        """The files of a client's certificate and of its key."""
        issued = self._ca.issue_cert(f"{name}@insyz.example")
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        return certificate, key


@asynccontextmanager
async def tls_before(port: int, context: ssl.SSLContext) -> AsyncIterator[str]:
    """The address of a server that takes the TLS off and hands all on to `port`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _relay(reader, writer, *await asyncio.open_connection("127.0.0.1", port))

    async with _serving(serve, context) as listening:
        yield f"https://127.0.0.1:{listening}"


@dataclass
class Proxy:
    """An HTTP proxy; `seen` are the heads of the requests it got.

    It connects, or answers `refusal`, the end of a status line such as `407 Who are you`.
    """

    refusal: str | None = None
    seen: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Proxy"]:
        async with _serving(self._serve, None) as self.port:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.seen.append(head)
        if self.refusal is not None:
            writer.write(f"HTTP/1.1 {self.refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()
            return
        host, _, port = head.split()[1].partition(":")
        there = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await _relay(reader, writer, *there)


@asynccontextmanager
async def _serving(serve: Serve, context: ssl.SSLContext | None) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _relay(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    to_reader: asyncio.StreamReader,
    to_writer: asyncio.StreamWriter,
) -> None:
    """Both ways, until either side has had enough."""
    ways = {
        asyncio.ensure_future(_pass_on(reader, to_writer)),
        asyncio.ensure_future(_pass_on(to_reader, writer)),
    }
    _, open_ways = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in open_ways:
        way.cancel()
    for end in (writer, to_writer):
        end.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
