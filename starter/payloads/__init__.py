"""How payloads look where Temporal keeps them: compressed, and encrypted where there are keys."""

from temporalio.converter import DataConverter

from starter.payloads.codec import PipelineCodec
from starter.payloads.converter import environments_converter
from starter.payloads.encryption import UnreadablePayloadError

__all__ = ["PipelineCodec", "UnreadablePayloadError", "encrypts", "environments_converter"]


def encrypts(converter: DataConverter) -> bool:
    """Whether Temporal gets to see nothing of what `converter` writes."""
    codec = converter.payload_codec
    return isinstance(codec, PipelineCodec) and codec.encrypts
