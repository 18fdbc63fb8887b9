"""The keys that payloads are encrypted with: `id:base64` each, with commas between.

The first one encrypts, all of them decrypt, so that keys can change: a new one is put in front, and
the old one goes when nothing that it encrypted is kept any more.
"""

import base64
import binascii
import os
import re
from collections.abc import Mapping

from insyz.secret_files import SecretFileError, secret_of

VARIABLE = "INSYZ_PAYLOAD_KEYS"
KEY_BYTES = 32
KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class PayloadKeysError(Exception):
    """The keys cannot be had; the text names the variable, never a key."""


def payload_keys(environ: Mapping[str, str] = os.environ) -> dict[str, bytes]:
    """The keys of the environment by their ids, in order; none where none are set.

    Raises PayloadKeysError.
    """
    try:
        text = secret_of(VARIABLE, environ)
        return parse_keys(text) if text else {}
    except SecretFileError as error:
        raise PayloadKeysError(str(error)) from None
    except ValueError as error:
        raise PayloadKeysError(f"{VARIABLE}: {error}") from None


def parse_keys(text: str) -> dict[str, bytes]:
    """The keys in `text` by their ids, in order. Raises ValueError, which names no key."""
    keys: dict[str, bytes] = {}
    for number, one in enumerate(text.split(","), 1):
        key_id, colon, encoded = one.strip().partition(":")
        if not colon or not KEY_ID.fullmatch(key_id):
            raise ValueError(f"key {number} must begin with its id: k1:…")
        if key_id in keys:
            raise ValueError(f"two keys have the id {key_id!r}")
        keys[key_id] = _key(key_id, encoded)
    return keys


def _key(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"key {key_id!r} must be {KEY_BYTES} bytes in base64")
    return key
