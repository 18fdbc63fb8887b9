"""Spans as they leave the process: without the words of reports, of INSYZ or of people.

An exception's message may quote any of them, and the SDK writes it into a span's events and status.
"""

from collections.abc import Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

EXCEPTION_TYPE = "exception.type"


class BareSpanExporter(SpanExporter):
    """Exports by `exporter` what may leave: of an exception only its type."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_bare(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()


def _bare(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[_bare_event(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _bare_event(event: Event) -> Event:
    kept = {
        name: value for name, value in (event.attributes or {}).items() if name == EXCEPTION_TYPE
    }
    return Event(event.name, kept, event.timestamp)
