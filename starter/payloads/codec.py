"""What happens to each payload on its way to Temporal and back."""

from collections.abc import Mapping, Sequence

from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from starter.payloads.compression import compressed, decompressed
from starter.payloads.encryption import Encryption

READABLE_BYTES = 32_768
"""Without encryption, what is not larger stays as it is, for the Web UI and the `temporal` CLI to
show. Most reports have a third of that."""


class PipelineCodec(PayloadCodec):
    """With `keys` (bytes by id, the first one encrypts) all is compressed, then encrypted; without,
    what is large is compressed.

    Reads all of these, and plain payloads, whoever wrote them. Decoding raises
    UnreadablePayloadError where the key is missing; that is the only error, and an encrypted
    payload is never taken for a malformed one, so a run waits for a worker that has the key.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._encryption = Encryption(keys)
        self.encrypts = bool(keys)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._encoded(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [decompressed(self._encryption.decrypted(payload)) for payload in payloads]

    def _encoded(self, payload: Payload) -> Payload:
        if self.encrypts:
            return self._encryption.encrypted(compressed(payload))
        return compressed(payload) if len(payload.data) > READABLE_BYTES else payload
