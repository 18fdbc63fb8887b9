"""The log of our processes: one record a line on stderr, for people or as JSON.

Records carry an `action` and what they are about (`id_zp`, `workflow_id`, `attempt`) as fields, so
that a log store can filter by them.
"""

import logging
import sys
from typing import Any, Literal

from pythonjsonlogger.json import JsonFormatter

FIELDS = (
    *("action", "operation", "id_zp", "key", "uzivatel", "outcome", "duration_ms"),
    *("document_bytes", "workflow_id", "run_id", "activity_type", "attempt"),
)
"""What a record may be about, in the order in which it is shown to people."""


class _TemporalFields(logging.Filter):
    """Lifts what Temporal's loggers know of their context to fields of the record."""

    def filter(self, record: logging.LogRecord) -> bool:
        for context in ("temporal_activity", "temporal_workflow"):
            known: dict[str, Any] = record.__dict__.pop(context, None) or {}
            for name in FIELDS:
                if name in known and name not in record.__dict__:
                    record.__dict__[name] = known[name]
        return True


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        about = [f"{name}={record.__dict__[name]}" for name in FIELDS if name in record.__dict__]
        return " ".join([super().format(record), *about])


def set_up_logging(log_format: Literal["text", "json"], level: str) -> None:
    """Sends all records of the process to stderr: stdout is for answers."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_TemporalFields())
    if log_format == "json":
        handler.setFormatter(
            JsonFormatter(
                "%(asctime)s %(levelname)s %(name)s %(message)s",
                rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
                json_ensure_ascii=False,
            )
        )
    else:
        handler.setFormatter(_TextFormatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # What was asked of INSYZ is on record whatever else is not wanted.
    logging.getLogger("insyz.audit").setLevel(logging.INFO)
    # They log each request, and at DEBUG what a proxy echoes; the submission's record says more.
    for library in ("httpx", "httpcore"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # It warns of each login that fails, too.
    logging.getLogger("pytds").setLevel(logging.ERROR)
