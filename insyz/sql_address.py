"""The address of a SQL Server: `mssql://user@host[:port]/database`."""

import ipaddress
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

SCHEME = "mssql"
DEFAULT_PORT = 1433
MAX_NAME_CHARS = 128
"""Of every name in SQL Server (sysname), and of every text in a login (MS-TDS, LOGIN7)."""


class AddressError(ValueError):
    """Not an address of a SQL Server; the text says what it lacks, and never what it holds."""


@dataclass(frozen=True, slots=True)
class SqlAddress:
    """Where the database is and who asks; the password is no part of an address."""

    host: str
    port: int
    user: str
    database: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises AddressError."""
        parts = urlsplit(url)
        _check_shape(parts)
        return cls(
            host=_name("host", parts.hostname, ascii_only=True),
            port=_port(parts),
            user=_name("user", parts.username),
            database=_name("database", parts.path.removeprefix("/")),
        )

    @property
    def is_loopback(self) -> bool:
        """Whether nothing leaves this machine, so that nobody can listen."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def _check_shape(parts: SplitResult) -> None:
    if parts.scheme != SCHEME:
        raise AddressError("must be mssql://user@host[:port]/database")
    if parts.password is not None:
        raise AddressError("must not hold a password: that is INSYZ_SQL_PASSWORD")
    if parts.query or parts.fragment:
        raise AddressError("must end with the name of the database")


def _name(what: str, given: str | None, *, ascii_only: bool = False) -> str:
    name = unquote(given or "")
    if not name:
        raise AddressError(f"names no {what}: mssql://user@host[:port]/database")
    if len(name) > MAX_NAME_CHARS:
        raise AddressError(f"the {what} has more than {MAX_NAME_CHARS} characters")
    if not name.isprintable() or (ascii_only and not (name.isascii() and "\\" not in name)):
        raise AddressError(f"the {what} holds characters that it cannot have")
    return name


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise AddressError("the port must be a number from 1 to 65535")
    return port or DEFAULT_PORT
