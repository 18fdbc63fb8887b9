"""Payloads encrypted with AES-256-GCM.

An encrypted payload holds a random nonce and the encrypted whole of the original, its metadata
included. Its own metadata tells the encoding and the id of the key, and both are authenticated.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from temporalio.api.common.v1 import Payload

from insyz.payload_keys import VARIABLE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ENCRYPTED = b"binary/encrypted"
KEY_ID = "encryption-key-id"
NONCE_BYTES = 12
"""As the cipher wants them; drawn anew for each payload, which is safe for 2**32 payloads a key."""


class UnreadablePayloadError(Exception):
    """A payload cannot be decrypted here: with the right key it could be."""


class Encryption:
    """Encrypts with the first of `keys` (bytes by id), decrypts with any; not without keys."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = _ciphers(keys) if keys else {}
        self._first = next(iter(keys), "")

    def encrypted(self, payload: Payload) -> Payload:
        key_id = self._first
        nonce = os.urandom(NONCE_BYTES)
        plain = payload.SerializeToString()
        return Payload(
            metadata={"encoding": ENCRYPTED, KEY_ID: key_id.encode()},
            data=nonce + self._ciphers[key_id].encrypt(nonce, plain, _authenticated(key_id)),
        )

    def decrypted(self, payload: Payload) -> Payload:
        """The original; itself where it is not encrypted. Raises UnreadablePayloadError."""
        if payload.metadata.get("encoding") != ENCRYPTED:
            return payload
        key_id = payload.metadata.get(KEY_ID, b"").decode(errors="replace")
        if key_id not in self._ciphers:
            there = ", ".join(self._ciphers) or "not set"
            raise UnreadablePayloadError(
                f"encrypted with the key {key_id!r}, which {VARIABLE} ({there}) does not hold"
            )
        return Payload.FromString(self._opened(key_id, payload.data))

    def _opened(self, key_id: str, data: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag

        nonce, sealed = data[:NONCE_BYTES], data[NONCE_BYTES:]
        try:
            return self._ciphers[key_id].decrypt(nonce, sealed, _authenticated(key_id))
        except (InvalidTag, ValueError):
            raise UnreadablePayloadError(
                f"the key {key_id!r} of {VARIABLE} does not fit: another key under the same id, "
                "or the payload was altered"
            ) from None


def _ciphers(keys: Mapping[str, bytes]) -> dict[str, "AESGCM"]:
    """Loaded only where there are keys: it takes 15 ms, for which a portal's user would wait."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return {key_id: AESGCM(key) for key_id, key in keys.items()}


def _authenticated(key_id: str) -> bytes:
    return ENCRYPTED + b" " + key_id.encode()
