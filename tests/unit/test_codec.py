"""What the codec makes of payloads, and what it gives back."""

import base64
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import FailureError

from insyz.payload_keys import PayloadKeysError, payload_keys
from starter.payloads import PipelineCodec, UnreadablePayloadError, environments_converter
from starter.payloads.codec import READABLE_BYTES
from starter.payloads.compression import COMPRESSED, MAX_BYTES
from starter.payloads.encryption import ENCRYPTED, KEY_ID

OLD, NEW = b"o" * 32, b"n" * 32


def json_payload(text: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=text.encode())


def variable(keys: Mapping[str, bytes]) -> str:
    return ",".join(f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in keys.items())


async def encoded(payload: Payload, keys: Mapping[str, bytes]) -> Payload:
    (there,) = await PipelineCodec(keys).encode([payload])
    return there


async def decoded(payload: Payload, keys: Mapping[str, bytes]) -> Payload:
    (back,) = await PipelineCodec(keys).decode([payload])
    return back


def of_size(number: int) -> Payload:
    """Letters that compress badly."""
    return json_payload(base64.b64encode(Random(number).randbytes(number)).decode())


@pytest.mark.parametrize("size", [0, 1, 1_000, READABLE_BYTES, 1_400_000])
@pytest.mark.parametrize("keys", [{}, {"k1": NEW}], ids=["without-keys", "encrypted"])
async def test_what_was_encoded_decodes_to_the_same(size: int, keys: dict[str, bytes]) -> None:
    payload = of_size(size)
    assert await decoded(await encoded(payload, keys), keys) == payload


async def test_an_encrypted_payload_tells_nothing_but_its_key_and_its_size() -> None:
    payload = json_payload('"Jan Novák, 1A2 3456"')
    there = await encoded(payload, {"k1": NEW})
    assert dict(there.metadata) == {"encoding": ENCRYPTED, KEY_ID: b"k1"}
    assert not any(word in there.data for word in (b"Jan", b"3456", b"json/plain"))


async def test_the_same_payload_never_looks_the_same() -> None:
    payload = json_payload('"once"')
    there = [await encoded(payload, {"k1": NEW}) for _ in range(100)]
    assert len({one.data for one in there}) == 100


async def test_encryption_makes_a_payload_hardly_larger() -> None:
    """Temporal's limit of 2 MiB holds for what it gets."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=Random(1).randbytes(1_900_000))
    assert (await encoded(payload, {"k" * 64: NEW})).ByteSize() < payload.ByteSize() + 200


async def test_what_compresses_is_compressed_before_it_is_encrypted() -> None:
    payload = json_payload("a" * 100_000)
    assert (await encoded(payload, {"k1": NEW})).ByteSize() < 1_000


async def test_without_keys_small_payloads_stay_readable_and_large_ones_are_compressed() -> None:
    small, large = json_payload("a" * READABLE_BYTES), json_payload("a" * (READABLE_BYTES + 1))
    assert await encoded(small, {}) == small
    assert (await encoded(large, {})).metadata["encoding"] == COMPRESSED


async def test_plain_payloads_are_read_with_keys_too() -> None:
    payload = json_payload("{}")
    assert await decoded(payload, {"k1": NEW}) == payload


async def test_after_a_rotation_the_new_key_encrypts_and_both_are_read() -> None:
    payload = json_payload("{}")
    before = await encoded(payload, {"old": OLD})
    rotated = {"new": NEW, "old": OLD}
    after = await encoded(payload, rotated)
    assert after.metadata[KEY_ID] == b"new"
    assert [await decoded(one, rotated) for one in (before, after)] == [payload] * 2


@pytest.mark.parametrize("keys", [{}, {"other": OLD}], ids=["no-keys", "another-key"])
async def test_a_missing_key_is_named(keys: dict[str, bytes]) -> None:
    there = await encoded(json_payload("{}"), {"k1": NEW})
    with pytest.raises(UnreadablePayloadError, match="the key 'k1'") as raised:
        await decoded(there, keys)
    assert ("other" if keys else "not set") in str(raised.value)


async def test_another_key_under_the_same_id_is_no_malformed_payload() -> None:
    there = await encoded(json_payload("{}"), {"k1": NEW})
    with pytest.raises(UnreadablePayloadError, match=r"'k1' .* does not fit"):
        await decoded(there, {"k1": OLD})


async def test_whatever_is_altered_is_noticed() -> None:
    keys = {"k1": NEW, "k2": NEW}
    there = await encoded(json_payload('"as it was"'), keys)
    for position in range(len(there.data)):
        altered = bytearray(there.data)
        altered[position] ^= 1
        with pytest.raises(UnreadablePayloadError):
            await decoded(Payload(metadata=there.metadata, data=bytes(altered)), keys)
    renamed = Payload(metadata={"encoding": ENCRYPTED, KEY_ID: b"k2"}, data=there.data)
    with pytest.raises(UnreadablePayloadError):
        await decoded(renamed, keys)


@pytest.mark.parametrize("data", [b"", b"short", b"x" * 100])
async def test_garbage_that_says_it_is_encrypted_is_not_readable(data: bytes) -> None:
    for metadata in ({"encoding": ENCRYPTED}, {"encoding": ENCRYPTED, KEY_ID: b"k1"}):
        with pytest.raises(UnreadablePayloadError):
            await decoded(Payload(metadata=metadata, data=data), {"k1": NEW})


async def test_garbage_that_says_it_is_compressed_is_left_to_whoever_wanted_a_report() -> None:
    for data in (b"", b"garbage", zlib.compress(b"no payload")[:-3], zlib.compress(b"\xff" * 9)):
        garbage = Payload(metadata={"encoding": COMPRESSED}, data=data)
        assert await decoded(garbage, {}) == garbage


async def test_a_small_payload_that_would_become_a_huge_one_does_not() -> None:
    bomb = Payload(metadata={"encoding": COMPRESSED}, data=zlib.compress(bytes(4 * MAX_BYTES)))
    tracemalloc.start()
    try:
        assert await decoded(bomb, {}) == bomb
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_BYTES
    finally:
        tracemalloc.stop()


async def test_what_is_too_large_to_be_decompressed_is_not_compressed() -> None:
    payload = Payload(data=bytes(MAX_BYTES + 1))
    assert await encoded(payload, {}) == payload


def test_keys_come_in_their_order_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    keys = {"2026-b": NEW, "2026-a": OLD}
    file = tmp_path / "keys"
    file.write_text(variable(keys) + "\n", encoding="ascii")
    from_text = payload_keys({"INSYZ_PAYLOAD_KEYS": variable(keys).replace(",", " , ")})
    from_file = payload_keys({"INSYZ_PAYLOAD_KEYS_FILE": str(file)})
    assert [*from_text.items()] == [*from_file.items()] == [*keys.items()]
    assert payload_keys({}) == payload_keys({"INSYZ_PAYLOAD_KEYS": ""}) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("c2VjcmV0", "key 1 must begin with its id"),
        ("k1:c2VjcmV0", "key 'k1' must be 32 bytes in base64"),
        ("k1:not base64!", "key 'k1' must be 32 bytes in base64"),
        (variable({"k1": OLD}) + ",", "key 2 must begin with its id"),
        (variable({"k1": OLD}) + "," + variable({"k1": NEW}), "two keys have the id 'k1'"),
        (":" + base64.b64encode(OLD).decode(), "key 1 must begin with its id"),
    ],
)
def test_wrong_keys_are_refused_in_words_that_hold_no_key(text: str, says: str) -> None:
    with pytest.raises(PayloadKeysError) as raised:
        payload_keys({"INSYZ_PAYLOAD_KEYS": text})
    assert says in str(raised.value)
    assert not any(part in str(raised.value) for part in ("c2VjcmV0", variable({"k1": OLD})[3:]))


def test_a_file_that_is_not_there_is_named_by_its_variable() -> None:
    with pytest.raises(PayloadKeysError, match="INSYZ_PAYLOAD_KEYS_FILE"):
        payload_keys({"INSYZ_PAYLOAD_KEYS_FILE": "/no/such/file"})


def raised(error: Exception) -> Exception:
    """With a stack trace, and another error as its cause."""
    try:
        raise error from ValueError("Jan Novák")
    except type(error) as caught:
        return caught


async def test_words_causes_and_stack_traces_of_failures_are_encrypted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INSYZ_PAYLOAD_KEYS", variable({"k1": NEW}))
    failure = Failure()
    await environments_converter().encode_failure(raised(KeyError("Ústí")), failure)
    there = failure.SerializeToString()
    assert not any(word.encode() in there for word in ("Jan Novák", "Ústí", "test_codec.py"))
    back = await environments_converter().decode_failure(failure)
    assert "Ústí" in str(back)
    assert "Jan Novák" in str(back.__cause__)
    assert isinstance(back, FailureError)
    assert back.failure is not None
    assert "test_codec.py" in back.failure.stack_trace


async def test_that_a_key_is_missing_can_be_read_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INSYZ_PAYLOAD_KEYS", variable({"k1": NEW}))
    failure = Failure()
    error = UnreadablePayloadError("encrypted with the key 'k2'")
    await environments_converter().encode_failure(raised(RuntimeError("Jan Novák")), failure)
    assert failure.message == "Encoded failure"
    await environments_converter().encode_failure(error, failure)
    assert failure.message == "encrypted with the key 'k2'"
    assert "Jan Novák" not in str(failure)


def test_a_starter_without_keys_does_not_load_what_encrypts() -> None:
    program = (
        "import asyncio, sys\n"
        "from starter.payloads import environments_converter\n"
        "environments_converter()\n"
        "print('cryptography' in sys.modules)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "False"
