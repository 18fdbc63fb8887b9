"""Addresses in settings: what counts as one, and where plain http may go.

The functions raise ValueError with words that can follow a variable's name; never with the address
itself, which may hold a password.
"""

import re
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

MAX_ADDRESS_CHARS = 2_000
MAX_HOST_CHARS = 253
LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST = re.compile(rf"{LABEL}(\.{LABEL})*\.?")


def http_url(value: str) -> str:
    """`value` without the slashes at its end, if it is an address without credentials."""
    parts = _parts(value)
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold credentials")
    if "?" in value or "#" in value:
        raise ValueError("must not hold a query or a fragment")
    return value.rstrip("/")


def proxy_url(value: str) -> str:
    """`value`, if it is the address of a proxy, with credentials or without."""
    parts = _parts(value)
    if parts.path.strip("/") or "?" in value or "#" in value:
        raise ValueError("must be http://host:port or http://user:password@host:port")
    return value


def host_names(value: str) -> str:
    """`value`, if it is a list of host names with commas between them."""
    for host in value.split(","):
        if not is_host(host.strip()):
            raise ValueError("must be host names with commas between them: simulator,portal")
    return value


def is_host(name: str) -> bool:
    """Whether `name` is a host name in ASCII, or an IP address."""
    if len(name) <= MAX_HOST_CHARS and HOST.fullmatch(name):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def sends_in_clear(url: str, allowed: Collection[str]) -> bool:
    """Whether a request there could be read on the way: plain http, and not to this machine, nor
    to one of the hosts `allowed`."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "http" and host not in allowed and not is_this_machine(host)


def is_this_machine(host: str) -> bool:
    """Whether what is sent to `host` stays here: `localhost`, or a loopback address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parts(value: str) -> SplitResult:
    no_address = ValueError("must be an http:// or https:// address")
    if len(value) > MAX_ADDRESS_CHARS:
        raise ValueError(f"must not be longer than {MAX_ADDRESS_CHARS:,} characters")
    # urlsplit drops line ends and tabs without a word.
    if not value.isascii() or not value.isprintable() or " " in value:
        raise no_address
    try:
        parts = urlsplit(value)
        sound = parts.port != 0 and is_host(parts.hostname or "")
    except ValueError:  # a port that is no number, brackets that do not close
        raise no_address from None
    if parts.scheme not in {"http", "https"} or not sound:
        raise no_address
    return parts
