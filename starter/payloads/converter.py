"""The data converter that all of our clients and workers share."""

from dataclasses import replace

from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadConverter,
)

from insyz.payload_keys import payload_keys
from starter.payloads.codec import PipelineCodec
from starter.payloads.encryption import UnreadablePayloadError


class EncodedFailures(DefaultFailureConverterWithEncodedAttributes):
    """Messages and stack traces go through the codec like payloads."""

    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        super().to_failure(exception, payload_converter, failure)
        if isinstance(exception, UnreadablePayloadError):
            # Whoever has to find the key cannot be expected to have one.
            failure.message = str(exception)
            failure.ClearField("encoded_attributes")


def environments_converter() -> DataConverter:
    """With the keys of the environment, if it has any. Raises PayloadKeysError."""
    keys = payload_keys()
    converter = replace(pydantic_data_converter, payload_codec=PipelineCodec(keys))
    return replace(converter, failure_converter_class=EncodedFailures) if keys else converter
