"""What a client says to a SQL Server, read from bytes (MS-TDS 2.2.6)."""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.tds.channel import GoneError, Kind

EXECUTE_SQL = 10
"""The id under which drivers call sp_executesql."""
ENCRYPTION = 1
END_OF_OPTIONS = 0xFF
NULL_LENGTH = 0xFFFF
NULL_PLP = 0xFFFFFFFFFFFFFFFF
_NAMED = re.compile(r"@(\w+)\s*=\s*@(\w+)")
_PLACED = re.compile(r"EXEC\s+[\w.]+\s+@(\w+)")
_INTEGERS = {0x38: "<i", 0x34: "<h", 0x30: "<B", 0x7F: "<q"}


@dataclass(frozen=True)
class Login:
    user: str
    password: str
    database: str


@dataclass(frozen=True)
class Statement:
    """T-SQL, and its parameters by name in lower case; those that it passes on, by theirs."""

    text: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    def given(self, name: str) -> object:
        """What the procedure that is called gets as @`name`; None when nothing."""
        passed = {to.lower(): source.lower() for to, source in _NAMED.findall(self.text)}
        return self.parameters.get(passed.get(name.lower(), name.lower()))

    @property
    def first(self) -> object:
        """The first parameter of a call that names none."""
        placed = _PLACED.search(self.text)
        return self.parameters.get(placed[1].lower()) if placed else None


def wanted_encryption(prelogin: bytes) -> int:
    """The ENCRYPTION option of a PRELOGIN."""
    at = 0
    while prelogin[at] != END_OF_OPTIONS:
        option: int
        offset: int
        option, offset, _size = struct.unpack_from(">BHH", prelogin, at)
        if option == ENCRYPTION:
            return prelogin[offset]
        at += 5
    raise GoneError


def read_login(body: bytes) -> Login:
    def text(at: int) -> bytes:
        offset, characters = struct.unpack_from("<HH", body, at)
        return body[offset : offset + 2 * characters]

    password = bytes(((byte ^ 0xA5) << 4 | (byte ^ 0xA5) >> 4) & 0xFF for byte in text(44))
    return Login(
        text(40).decode("utf-16-le"), password.decode("utf-16-le"), text(68).decode("utf-16-le")
    )


def read_statement(kind: int, body: bytes) -> Statement:
    """Raises ValueError for what this server does not know."""
    fields = _Fields(body)
    fields.at = fields.number("<I")  # all headers, their own length included
    if kind == Kind.BATCH:
        return Statement(fields.rest.decode("utf-16-le"))
    if kind != Kind.RPC:
        raise ValueError(f"messages of kind {kind} are not known here")
    return _read_call(fields)


def _read_call(fields: "_Fields") -> Statement:
    length = fields.number("<H")
    name = "" if length == NULL_LENGTH else fields.text(length)
    number = fields.number("<H") if length == NULL_LENGTH else 0
    fields.number("<H")  # flags
    parameters = []
    while fields.rest:
        parameters.append(fields.parameter())
    if number == EXECUTE_SQL or name == "sp_executesql":
        (_, text), _declaration, *parameters = parameters
        return Statement(str(text), dict(parameters))
    if number:
        raise ValueError(f"the procedure with id {number} is not known here")
    return Statement(f"EXEC {name}", dict(parameters))


class _Fields:
    """Little-endian fields, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def rest(self) -> bytes:
        return self._data[self.at :]

    def take(self, size: int) -> bytes:
        taken = self._data[self.at : self.at + size]
        if len(taken) < size:
            raise ValueError("the message is too short")
        self.at += size
        return taken

    def number(self, form: str) -> int:
        number: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return number

    def text(self, characters: int) -> str:
        return self.take(2 * characters).decode("utf-16-le")

    def parameter(self) -> tuple[str, object]:
        name = self.text(self.number("<B")).removeprefix("@").lower()
        self.number("<B")  # flags
        return name, self._value(self.number("<B"))

    def _value(self, kind: int) -> object:
        if kind == 0xE7:
            return self._nvarchar()
        if kind == 0x26:
            self.number("<B")  # the widest it could be
            return int.from_bytes(self.take(self.number("<B")), "little", signed=True)
        if kind in _INTEGERS:
            return self.number(_INTEGERS[kind])
        raise ValueError(f"parameters of type 0x{kind:02x} are not known here")

    def _nvarchar(self) -> str | None:
        unlimited = self.number("<H") == NULL_LENGTH
        self.take(5)  # collation
        if unlimited:
            return self._chunks()
        length = self.number("<H")
        return None if length == NULL_LENGTH else self.take(length).decode("utf-16-le")

    def _chunks(self) -> str | None:
        """A value of (max): its parts, each after its length, until one of none."""
        if self.number("<Q") == NULL_PLP:
            return None
        out = bytearray()
        while length := self.number("<I"):
            out += self.take(length)
        return out.decode("utf-16-le")
