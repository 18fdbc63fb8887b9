"""TDS packets on a connection, in clear or within TLS."""

import asyncio
import socket
import ssl
import struct
from enum import IntEnum

HEADER = struct.Struct(">BBHHBB")
LAST = 1
PACKET_BYTES = 4_096
SPID = 51
MAX_MESSAGE_BYTES = 16 * 2**20
_LINGER_ZERO = struct.pack("ii", 1, 0)


class Kind(IntEnum):
    """What a message is (MS-TDS 2.2.3.1.1)."""

    BATCH = 1
    RPC = 3
    REPLY = 4
    ATTENTION = 6
    TRANSACTION = 14
    LOGIN = 16
    PRELOGIN = 18


class GoneError(Exception):
    """The client has left, or a fault has hung up on it."""


class Channel:
    """A connection as messages; what it raises when the client is no longer there is GoneError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._tls: ssl.SSLObject | None = None
        self._arrived, self._departing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._clear = bytearray()

    async def read(self) -> tuple[int, bytes]:
        """One message, of however many packets."""
        body = bytearray()
        while True:
            kind, status, size, *_ = HEADER.unpack(await self._take(HEADER.size))
            body += await self._take(max(size - HEADER.size, 0))
            if status & LAST:
                return kind, bytes(body)
            if len(body) > MAX_MESSAGE_BYTES:
                raise GoneError

    async def write(
        self, payload: bytes, kind: Kind = Kind.REPLY, *, only: int | None = None
    ) -> None:
        """One message; of its bytes `only` so many, where a torn one is wanted."""
        await self._send(_packets(payload, kind)[:only])

    async def write_part(self, payload: bytes) -> None:
        """The next packet of a message that does not end here."""
        await self._send(_packet(payload, Kind.REPLY, number=1, last=False))

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """The handshake, in PRELOGIN packets; from then on all bytes are encrypted."""
        tls = context.wrap_bio(self._arrived, self._departing, server_side=True)
        while not _handshaken(tls):
            await self._flush_handshake()
            kind, body = await self.read()
            if kind != Kind.PRELOGIN:
                raise GoneError
            self._arrived.write(body)
        await self._flush_handshake()
        self._tls = tls

    def reset(self) -> None:
        """Drops the connection so that the client's kernel reports a reset."""
        connection: socket.socket = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()

    async def _flush_handshake(self) -> None:
        if self._departing.pending:
            await self.write(self._departing.read(), Kind.PRELOGIN)

    async def _take(self, size: int) -> bytes:
        while len(self._clear) < size:
            await self._more()
        taken = bytes(self._clear[:size])
        del self._clear[:size]
        return taken

    async def _more(self) -> None:
        try:
            data = await self._reader.read(65_536)
        except OSError as error:
            raise GoneError from error
        if not data:
            raise GoneError
        if self._tls is None:
            self._clear += data
            return
        self._arrived.write(data)
        try:
            while self._arrived.pending or self._tls.pending():
                self._clear += self._tls.read(65_536)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            raise GoneError from error

    async def _send(self, data: bytes) -> None:
        if self._tls is not None:
            self._tls.write(data)
            data = self._departing.read()
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise GoneError from error


def _handshaken(tls: ssl.SSLObject) -> bool:
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError as error:
        raise GoneError from error
    return True


def _packets(payload: bytes, kind: Kind) -> bytes:
    step = PACKET_BYTES - HEADER.size
    starts = range(0, max(len(payload), 1), step)
    return b"".join(
        _packet(payload[at : at + step], kind, number, last=at == starts[-1])
        for number, at in enumerate(starts, start=1)
    )


def _packet(part: bytes, kind: Kind, number: int, *, last: bool) -> bytes:
    size = len(part) + HEADER.size
    return HEADER.pack(kind, LAST if last else 0, size, SPID, number & 255, 0) + part
