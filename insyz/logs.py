"""The log of our processes: one record a line on stderr, for people or as JSON.

What others wrote stands in it as escapes where it is not printable (insyz.legible), so that nobody
but us begins a record. In the log for people a traceback has lines of its own, each with a mark.

Records carry an `action` and what they are about (`id_zp`, `workflow_id`, `attempt`) as fields, so
that a log store can filter by them.
"""

import logging
import sys
from types import TracebackType
from typing import Any, Literal

from insyz.legible import legible, legible_json

FIELDS = (
    *("action", "operation", "id_zp", "key", "uzivatel", "outcome", "duration_ms"),
    *("document_bytes", "workflow_id", "run_id", "activity_type", "attempt"),
)
"""What a record may be about, in the order in which it is shown to people."""
MARK = "  | "
"""In front of each line of a traceback: no record begins like this."""

_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _TemporalFields(logging.Filter):
    """Lifts what Temporal's loggers know of their context to fields of the record."""

    def filter(self, record: logging.LogRecord) -> bool:
        for context in ("temporal_activity", "temporal_workflow"):
            known: dict[str, Any] = record.__dict__.pop(context, None) or {}
            for name in FIELDS:
                if name in known and name not in record.__dict__:
                    record.__dict__[name] = known[name]
        return True


class TextFormatter(logging.Formatter):
    """For people: the message, what the record is about, and the traceback if there is one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        about = [f"{name}={record.__dict__[name]}" for name in FIELDS if name in record.__dict__]
        return legible(" ".join([super().formatMessage(record).rstrip("\n"), *about]))

    def formatException(self, ei: _Raised) -> str:  # noqa: N802
        return _marked(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        return _marked(super().formatStack(stack_info))


def _marked(text: str) -> str:
    return "\n".join(f"{MARK}{legible(line)}" for line in text.split("\n"))


def _json_formatter() -> logging.Formatter:
    # Here, because the formatter for people serves starters too, which must not wait for this.
    from pythonjsonlogger.json import JsonFormatter

    class LegibleJsonFormatter(JsonFormatter):
        def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
            return legible_json(super().jsonify_log_record(log_data))

    return LegibleJsonFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s",
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        json_ensure_ascii=False,
    )


def set_up_logging(log_format: Literal["text", "json"], level: str) -> None:
    """Sends all records of the process to stderr: stdout is for answers."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_TemporalFields())
    if log_format == "json":
        handler.setFormatter(_json_formatter())
    else:
        handler.setFormatter(TextFormatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # What was asked of INSYZ is on record whatever else is not wanted.
    logging.getLogger("insyz.audit").setLevel(logging.INFO)
    # They log each request, and at DEBUG what a proxy echoes; the submission's record says more.
    for library in ("httpx", "httpcore"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # It warns of each login that fails, too.
    logging.getLogger("pytds").setLevel(logging.ERROR)
