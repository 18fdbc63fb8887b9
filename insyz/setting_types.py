"""Kinds of settings; what is wrong with a value is said in words that can follow its name."""

import base64
import binascii
from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from insyz.addresses import host_names, http_url, proxy_url
from insyz.payload_keys import parse_keys

MIN_TOKEN_CHARS = 8
MIN_WEBHOOK_KEY_BYTES = 24


def _in_plain_words(rule: Callable[[str], str]) -> Callable[[str], str]:
    """`rule` of insyz.addresses: its ValueError is said as it is."""

    def check(value: str) -> str:
        try:
            return rule(value)
        except ValueError as error:
            raise PydanticCustomError("address", "{words}", {"words": str(error)}) from None

    return check


def _proxy(value: SecretStr) -> SecretStr:
    _in_plain_words(proxy_url)(value.get_secret_value())
    return value


def _payload_keys(value: SecretStr) -> SecretStr:
    try:
        parse_keys(value.get_secret_value())
    except ValueError as error:
        raise PydanticCustomError("keys", "{words}", {"words": str(error)}) from None
    return value


def _listen_address(value: str) -> str:
    parts = urlsplit(f"//{value}")
    try:
        ip_address(parts.hostname or "")
        listens = bool(parts.port) and parts.netloc == value
    except ValueError:
        listens = False
    if not listens:
        raise PydanticCustomError("address", "must be an IP address and a port: 127.0.0.1:9464")
    return value


def _header_value(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    # A short one would stand in ordinary words, from which it is blotted out.
    if len(text) < MIN_TOKEN_CHARS or not text.isascii() or not text.isprintable():
        raise PydanticCustomError("token", "must be printable ASCII text of 8 characters or more")
    return value


def _webhook_secret(value: SecretStr) -> SecretStr:
    try:
        key = base64.b64decode(value.get_secret_value().removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < MIN_WEBHOOK_KEY_BYTES:
        raise PydanticCustomError("secret", "must be whsec_ and at least 24 bytes in base64")
    return value


Seconds = Annotated[float, Field(gt=0, le=86_400)]
HttpUrl = Annotated[str, AfterValidator(_in_plain_words(http_url))]
HostNames = Annotated[str, AfterValidator(_in_plain_words(host_names))]
ProxyUrl = Annotated[SecretStr, AfterValidator(_proxy)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
HeaderSecret = Annotated[SecretStr, AfterValidator(_header_value)]
PayloadKeys = Annotated[SecretStr, AfterValidator(_payload_keys)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]
