"""Spans of the requests to INSYZ, and the header by which INSYZ can join the trace."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from insyz.gateway import Gateway
from insyz.watched import Exchange, WatchedGateway
from starter.tracing import tracing_is_wanted


def traced(gateway: Gateway) -> Gateway:
    """`gateway`, with a span for each of its requests, where traces are asked for."""
    return WatchedGateway(gateway, _span) if tracing_is_wanted() else gateway


def outgoing_headers() -> Mapping[str, str]:
    """`traceparent` of the current span. No baggage: INSYZ is not part of this system."""
    if not tracing_is_wanted():
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers)
    return headers


@contextmanager
def _span(exchange: Exchange) -> Iterator[None]:
    from opentelemetry.trace import SpanKind, StatusCode, get_tracer

    about = {"insyz.key": exchange.key} | (
        {} if exchange.id_zp is None else {"insyz.id_zp": exchange.id_zp}
    )
    with get_tracer("insyz").start_as_current_span(
        f"INSYZ {exchange.operation}",
        kind=SpanKind.CLIENT,
        attributes=about,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException:
            span.set_status(StatusCode.ERROR)
            raise
        finally:
            span.set_attribute("insyz.outcome", exchange.outcome)
