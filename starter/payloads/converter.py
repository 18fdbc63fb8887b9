"""The data converter that all of our clients and workers share."""

from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter, DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from insyz.payload_keys import payload_keys
from starter.payloads.codec import PipelineCodec
from starter.payloads.encryption import UnreadablePayloadError

_SHARED = PydanticPayloadConverter()


class SharedPayloadConverter(PydanticPayloadConverter):
    """Pydantic's, with one cache of type adapters for the process.

    The SDK makes a new converter for each workflow and each of its activations, and each of them
    would build its adapters anew.
    """

    def __init__(self) -> None:
        self.converters = _SHARED.converters


class BriefFailures(DefaultFailureConverter):
    """A failure that is expected is told by its type, words and details alone.

    Its stack trace says nothing, and Temporal forgets the type and the details of the last failure
    of a try under way that is larger than 4 kB.
    """

    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        if _is_expected(exception):
            exception = exception.with_traceback(None)
            exception.__cause__ = exception.__context__ = None
        super().to_failure(exception, payload_converter, failure)


class EncodedFailures(BriefFailures):
    """Messages and stack traces go through the codec like payloads."""

    def __init__(self) -> None:
        super().__init__(encode_common_attributes=True)

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
    return DataConverter(
        payload_converter_class=SharedPayloadConverter,
        payload_codec=PipelineCodec(keys),
        failure_converter_class=EncodedFailures if keys else BriefFailures,
    )


def _is_expected(exception: BaseException) -> bool:
    benign = ApplicationErrorCategory.BENIGN
    return isinstance(exception, ApplicationError) and exception.category is benign
