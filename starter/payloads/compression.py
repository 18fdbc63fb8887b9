"""Payloads made smaller with zlib."""

import zlib

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload

COMPRESSED = b"binary/zlib"
MAX_BYTES = 16 * 1024 * 1024
"""Of what is compressed, and so of what it may become again: a small payload could hold gigabytes.
Temporal takes 2 MiB."""


def compressed(payload: Payload) -> Payload:
    """`payload` made smaller; itself where that fails."""
    plain = payload.SerializeToString()
    if len(plain) > MAX_BYTES:
        return payload
    smaller = Payload(metadata={"encoding": COMPRESSED}, data=zlib.compress(plain))
    return smaller if smaller.ByteSize() < len(plain) else payload


def decompressed(payload: Payload) -> Payload:
    """What `compressed` was given; anything else as it is: no converter takes it, so that a run
    that was started with it fails, where an error in here would be retried for ever."""
    if payload.metadata.get("encoding") != COMPRESSED:
        return payload
    inflating = zlib.decompressobj()
    try:
        plain = inflating.decompress(payload.data, MAX_BYTES)
        return Payload.FromString(plain) if inflating.eof else payload
    except (zlib.error, DecodeError):
        return payload
