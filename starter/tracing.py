"""OpenTelemetry traces, where the standard OTEL_* variables ask for them.

A trace begins with the starter (or with its caller, whose TRACEPARENT it goes on from), passes
through Temporal in the headers of the run and of its activities, and ends with INSYZ's answer.
Without those variables nothing of OpenTelemetry is imported.
"""

import os
import threading
from functools import cache
from typing import TYPE_CHECKING

from starter.process import before_exit

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer
    from temporalio.contrib.opentelemetry import TracingInterceptor

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
STARTER, WORKER = "insyz-starter", "insyz-worker"
"""Who the spans say they are from, unless OTEL_SERVICE_NAME says something else."""
SPOKEN = "http/protobuf"
LAST_EXPORT_SECS = 0.75
"""A collector that does not answer holds up the end of a process for so long, not more. One that
refuses does not hold up a starter at all: the exporter would wait longer than that to try again."""


class TracingUnavailableError(Exception):
    """Traces are asked for and cannot be made; the text names the variable or the extra."""


def tracing_is_wanted() -> bool:
    """Raises TracingUnavailableError where what is wanted is not what we can do."""
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "")
    if exporter == "none" or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if not exporter:
        return any(os.environ.get(name) for name in ENDPOINTS)
    if exporter != "otlp":
        raise TracingUnavailableError(
            f"OTEL_TRACES_EXPORTER: {exporter!r} is neither otlp nor none"
        )
    return True


def tracing_interceptors(service: str) -> list["TracingInterceptor"]:
    """What takes the trace along through Temporal. Raises TracingUnavailableError."""
    if not tracing_is_wanted():
        return []
    for name in PROTOCOLS:
        if (protocol := os.environ.get(name) or SPOKEN) != SPOKEN:
            raise TracingUnavailableError(f"{name}: {protocol!r} is not spoken, only {SPOKEN}")
    try:
        from temporalio.contrib.opentelemetry import TracingInterceptor

        interceptor = TracingInterceptor(_tracer(service))
    except ImportError as error:
        raise TracingUnavailableError(
            f"traces are asked for (OTEL_…) but {error.name} is missing: "
            "pip install 'insyz-pipeline[tracing]'"
        ) from None
    return [interceptor]


@cache
def _tracer(service: str) -> "Tracer":
    """Of the process's own provider, where a backend that uses our API has one."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(_provider(service))
        if service == STARTER:
            _go_on_from_caller()
    return trace.get_tracer("insyz")


def _provider(service: str) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from starter.bare_spans import BareSpanExporter

    resource = Resource.create({SERVICE_NAME: service}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(timeout=LAST_EXPORT_SECS if service == STARTER else None)
    provider.add_span_processor(BatchSpanProcessor(BareSpanExporter(exporter)))
    before_exit(lambda: _within(LAST_EXPORT_SECS, provider))
    return provider


def _go_on_from_caller() -> None:
    from opentelemetry.context import attach
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    given = {name.lower(): os.environ.get(name, "") for name in ("TRACEPARENT", "TRACESTATE")}
    attach(TraceContextTextMapPropagator().extract(given))


def _within(seconds: float, provider: "TracerProvider") -> None:
    """Sends what is left. The SDK's own time-outs do not hold for a request under way."""
    last = threading.Thread(target=provider.shutdown, daemon=True)
    last.start()
    last.join(seconds)
