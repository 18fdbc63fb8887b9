"""The connection to Temporal: the one place that makes a client."""

import asyncio
import logging
import re
from collections.abc import Awaitable
from datetime import timedelta
from functools import cache
from typing import TypeVar

from temporalio.client import Client
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import GrpcCompression, RPCError, RPCStatusCode

from starter.connection_settings import ConnectionSettingsError, connection_settings, stays_here
from starter.payloads import environments_converter
from starter.tracing import STARTER, tracing_interceptors

CONNECT_SECS = 5.0
RPC_SECS = 4.0
"""Together less than the 10 s within which a starter says that Temporal is unreachable."""

GONE = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED})

T = TypeVar("T")


class TemporalUnreachableError(Exception):
    """Temporal does not answer, or not to us; the text names the address and the reason."""


class NoAnswerError(TemporalUnreachableError):
    """A call took longer than it may."""


async def connect(
    *, address: str | None = None, runtime: Runtime | None = None, service: str = STARTER
) -> Client:
    """A connected client; `address` instead of the configured one. `service` names us in traces.

    Raises TemporalUnreachableError within CONNECT_SECS, ConnectionSettingsError,
    TracingUnavailableError or PayloadKeysError.
    """
    config = connection_settings(address)
    converter, interceptors = environments_converter(), tracing_interceptors(service)
    try:
        # From outside, because the SDK's own time-outs hold for one attempt, not for all.
        return await asyncio.wait_for(
            Client.connect(
                **config,
                data_converter=converter,
                runtime=runtime or quiet_runtime(),
                interceptors=interceptors,
                grpc_compression=_compression(config["target_host"]),
            ),
            CONNECT_SECS,
        )
    except TimeoutError:
        reason = f"no answer within {CONNECT_SECS:g} s"
    except (RuntimeError, RPCError) as error:
        reason = _in_plain_words(error)
    except ValueError as error:  # a certificate without its key
        raise ConnectionSettingsError(f"TEMPORAL_TLS…: {error}") from None
    raise TemporalUnreachableError(
        f"cannot reach Temporal at {config['target_host']}: {reason}"
    ) from None


async def bounded(call: Awaitable[T], *, seconds: float = RPC_SECS) -> T:
    """The answer of an RPC. Raises TemporalUnreachableError where it would take longer."""
    try:
        return await asyncio.wait_for(call, seconds)
    except TimeoutError:
        raise NoAnswerError(f"Temporal did not answer within {seconds:g} s") from None
    except RPCError as error:
        if error.status in GONE:
            raise TemporalUnreachableError(f"Temporal is not available: {error.message}") from None
        raise


def _compression(address: str) -> GrpcCompression:
    """On one machine there is no line to spare, only the processor of both sides."""
    return GrpcCompression.NONE if stays_here(address) else GrpcCompression.GZIP


def _in_plain_words(error: Exception) -> str:
    """What the core says at the bottom of its nested errors: `Connection refused`."""
    if untrusted := re.search(r"InvalidCertificate\((\w+)", str(error)):
        return f"its certificate is not to be trusted: {untrusted[1]}"
    words: list[str] = re.findall(r'(?:message|error): "([^"]+)"', str(error))
    return words[-1] if words else str(error)


@cache
def quiet_runtime() -> Runtime:
    """The runtime of a process that only calls Temporal."""
    return make_runtime()


def make_runtime(
    *, heartbeats: timedelta | None = None, metrics: PrometheusConfig | None = None
) -> Runtime:
    """A runtime whose core writes nothing to stdout, as it does by default.

    `heartbeats`: how often a worker of this process tells the server that it is there (None: it
    does not). Raises ValueError when the address of `metrics` is taken.
    """
    logging_config = LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core")),
    )
    return Runtime(
        telemetry=TelemetryConfig(logging=logging_config, metrics=metrics),
        worker_heartbeat_interval=heartbeats,
    )
