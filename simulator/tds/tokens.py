"""What a SQL Server says, as bytes (MS-TDS 2.2.7)."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

CZECH_CI_AS = bytes.fromhex("0504d00000")
"""The collation: language 1029, code page 1250."""
TDS_7_4 = b"\x74\x00\x00\x04"
VERSION = b"\x10\x00\x10\x00"

DONE, DONE_IN_PROC, DONE_PROC = 0xFD, 0xFF, 0xFE
MORE, ERROR, COUNTED, ATTENTION = 0x01, 0x02, 0x10, 0x20
DATABASE, PACKET_SIZE, COLLATION = 1, 4, 7
BEGUN, COMMITTED, ROLLED_BACK = 8, 9, 10
_DAY_ONE = date(1, 1, 1)


class SqlError(Exception):
    """An error that a statement ends with; `text` in the language of the login.

    `followed_by`: the number of another one that comes of it; 0 for none.
    """

    def __init__(self, number: int, text: str, *, severity: int = 16, state: int = 1) -> None:
        super().__init__(text)
        self.number = number
        self.text = text
        self.severity = severity
        self.state = state
        self.followed_by = 0


@dataclass(frozen=True)
class Rows:
    """A result set; a column is of the Python type that `columns` gives its name."""

    columns: Mapping[str, type]
    rows: Sequence[Sequence[object]]


def error(what: SqlError, procedure: str = "ZP_Zapis_XML") -> bytes:
    return _message(0xAA, what.number, what.state, what.severity, what.text, procedure)


def info(text: str) -> bytes:
    """What PRINT makes."""
    return _message(0xAB, 0, 1, 0, text, "")


def done(kind: int = DONE, status: int = 0, rows: int = 0) -> bytes:
    return bytes([kind]) + struct.pack("<HHQ", status, 0, rows)


def changed(what: int, new: str | bytes, old: str | bytes = b"") -> bytes:
    """ENVCHANGE: the database, the transaction, …"""
    return _token(0xE3, bytes([what]) + _short(new) + _short(old))


def login_acknowledged() -> bytes:
    return _token(0xAD, b"\x01" + TDS_7_4 + _short("Microsoft SQL Server") + VERSION)


def result(found: Rows) -> bytes:
    """The columns and the rows; a DONE has to follow."""
    out = b"\x81" + struct.pack("<H", len(found.columns))
    for name, kind in found.columns.items():
        out += struct.pack("<IH", 0, 9) + _TYPES[kind] + _short(name)
    for row in found.rows:
        out += b"\xd1" + b"".join(map(_value, row, found.columns.values()))
    return out


def _message(token: int, number: int, state: int, severity: int, text: str, proc: str) -> bytes:
    head = struct.pack("<iBB", number, state, severity) + _long(text)
    return _token(token, head + _short("SIMULATOR") + _short(proc) + struct.pack("<i", 1))


def _token(token: int, body: bytes) -> bytes:
    return bytes([token]) + struct.pack("<H", len(body)) + body


def _short(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return bytes([len(text)]) + text
    return bytes([len(text)]) + text.encode("utf-16-le")


def _long(text: str) -> bytes:
    return struct.pack("<H", len(text)) + text.encode("utf-16-le")


_TYPES = {
    int: b"\x26\x04",
    str: b"\xe7" + struct.pack("<H", 8_000) + CZECH_CI_AS,
    datetime: b"\x2a\x03",  # datetime2(3)
}


def _value(value: object, kind: type) -> bytes:
    if value is None:
        return b"\xff\xff" if kind is str else b"\x00"
    if isinstance(value, int):
        return b"\x04" + struct.pack("<i", value)
    if isinstance(value, datetime):
        return _datetime2(value)
    text = str(value).encode("utf-16-le")
    return struct.pack("<H", len(text)) + text


def _datetime2(moment: datetime) -> bytes:
    midnight = datetime.combine(moment.date(), datetime.min.time())
    ticks = (moment - midnight) // timedelta(milliseconds=1)
    days = (moment.date() - _DAY_ONE).days
    return b"\x07" + struct.pack("<I", ticks) + struct.pack("<I", days)[:3]
